"""The published numbers that a study is compared with."""

from typing import Literal, Self

from pydantic import Field, model_validator

from tagline.settings.strict import Strict


class PublishedNumber(Strict):
    """One number of a paper, and where it stands there."""

    system: str = Field(description="the paper's name of the tagger")
    metric: Literal[
        "auc",
        "accuracy",
        "rejection_at_0.3",
        "rejection_at_0.5",
        "parameters",
        "disagreement",
        "correlation",
        "weighted_area",
    ]
    value: float = Field(description="as printed")
    uncertainty: float | None = Field(None, description="as printed, if any")
    source: str = Field(description="the paper")
    location: str = Field(description="table or figure")
    caveat: str = Field("", description="what to keep in mind, repeated in each verdict on it")


class OutputCorrelations(Strict):
    """How the scores of several taggers are correlated: what is below the diagonal of ones."""

    systems: tuple[str, ...] = Field(description="the paper's names, in the order of the rows")
    below: tuple[tuple[float, ...], ...] = Field(
        description="rows left of the diagonal, from the second system's on"
    )
    source: str = Field(description="the paper")
    location: str = Field(description="table or figure")

    @model_validator(mode="after")
    def _is_a_triangle(self) -> Self:
        lengths = [len(row) for row in self.below]
        if lengths != list(range(1, len(self.systems))):
            raise ValueError(
                f"{len(self.systems)} systems have rows of 1 to {len(self.systems) - 1} numbers "
                f"below the diagonal, found {lengths}"
            )
        return self

    def between(self, first: str, second: str) -> float | None:
        """Return the correlation of two different systems, none if it is not printed."""
        if first == second or not {first, second} <= set(self.systems):
            return None
        row, column = sorted(map(self.systems.index, (first, second)), reverse=True)
        return self.below[row - 1][column]


class Published(Strict):
    """The published numbers of one comparison, and the size it was trained with."""

    title: str = Field(description="name in figures and tables")
    source: str = Field(description="the paper")
    train_jets: int = Field(gt=0, description="jets of its training set")
    test_jets: int = Field(gt=0, description="jets of its test set")
    numbers: tuple[PublishedNumber, ...] = Field(description="what it printed")
    output_correlations: OutputCorrelations | None = Field(None, description="if it has them")
