"""The published numbers that a study is compared with."""

from typing import Literal

from pydantic import Field

from tagline.strict import Strict


class PublishedNumber(Strict):
    """One number of a paper, and where it stands there."""

    system: str = Field(description="the paper's name of the tagger")
    metric: Literal["auc", "accuracy", "rejection_at_0.3", "rejection_at_0.5", "parameters"]
    value: float = Field(description="as printed")
    uncertainty: float | None = Field(None, description="as printed, if any")
    source: str = Field(description="the paper")
    location: str = Field(description="table or figure")


class Published(Strict):
    """The published numbers of one comparison, and the size it was trained with."""

    title: str = Field(description="name in figures and tables")
    source: str = Field(description="the paper")
    train_jets: int = Field(gt=0, description="jets of its training set")
    test_jets: int = Field(gt=0, description="jets of its test set")
    numbers: tuple[PublishedNumber, ...] = Field(description="what it printed")
