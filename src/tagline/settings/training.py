"""How a tagger is trained, and which weights it begins with, as the configuration has it."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from tagline.settings.strict import Name, Strict


class Training(Strict):
    """How a tagger is trained."""

    epochs: int = Field(gt=0, description="at most so many")
    batch_size: int = Field(gt=0, description="jets a step")
    learning_rate: float = Field(gt=0, description="at the start")
    head_learning_rate_factor: float = Field(
        1.0, gt=0, description="the last layers learn so many times faster"
    )
    optimiser: Literal["adam", "adamw", "ranger", "lion"] = Field(
        "adam", description="`ranger` is Lookahead around RAdam"
    )
    betas: tuple[float, float] = Field(
        (0.9, 0.999), description="how much of the moments a step of the optimiser keeps"
    )
    weight_decay: float = Field(0.0, ge=0, description="decoupled but with `adam`")
    schedule: Literal["constant", "step", "cosine", "flat_decay", "piecewise", "restarts"] = Field(
        "constant",
        description="course of the learning rate; `flat_decay` falls to 1 % in the last 30 %, "
        "`restarts` is a cosine of 4, 8, 16 ... epochs",
    )
    warmup_epochs: float = Field(
        0.0, ge=0, description="the learning rate rises from 0 before the schedule begins"
    )
    cooldown_epochs: int = Field(
        0, ge=0, description="`restarts`: last epochs, each at half the rate of the one before"
    )
    knots: tuple[tuple[float, float], ...] = Field(
        (), description="`piecewise`: epochs and factors, with straight lines between them"
    )
    step_epochs: int = Field(10, gt=0, description="`step`: epochs between two falls")
    step_factor: float = Field(
        0.5, gt=0, description="`step`: the learning rate is multiplied by this"
    )
    patience: int = Field(
        8, gt=0, description="stop after so many epochs without a better validation loss"
    )
    monitor: Literal["loss", "accuracy"] = Field(
        "loss", description="which validation quantity picks the best weights"
    )
    precision: Literal["32-true", "bf16-mixed"] = Field(
        "32-true", description="of the arithmetic, in the words of Lightning Fabric"
    )
    devices: int = Field(1, gt=0, description="GPUs of one training, where there are any")
    checkpoint_minutes: float = Field(
        10.0, ge=0, description="a checkpoint at least so often, besides each epoch's end"
    )

    @model_validator(mode="after")
    def _knots_belong_to_the_schedule(self) -> Self:
        if (self.schedule == "piecewise") != bool(self.knots):
            raise ValueError(
                f"`knots` go with the schedule `piecewise`, found {self.schedule!r} "
                f"with {len(self.knots)} knots"
            )
        epochs = [epoch for epoch, _ in self.knots]
        if epochs != sorted(set(epochs)):
            raise ValueError(f"the epochs of `knots` must rise, found {epochs}")
        return self


class StartFrom(Strict):
    """Weights of another training to begin with, from a file or of a tagger."""

    model: Path | None = Field(
        None,
        description="a `model.pt`, or a state dict from elsewhere with the architecture's names",
    )
    tagger: Name | None = Field(
        None, description="an entry of `taggers` of the same architecture, trained first if needed"
    )
    task: Name | None = Field(None, description="`tagger`: task of that training; none: this one")
    decorrelation: Name | None = Field(
        None, description="`tagger`: its decorrelation; none: the one that does nothing"
    )
    seed: int | None = Field(None, description="`tagger`: its seed; none: that of this training")
    new_head: bool = Field(
        True, description="begin with a random head, the last layers, for other classes"
    )
    freeze: tuple[str, ...] = Field(
        (),
        description="patterns of parameters that are not trained, such as `blocks.*`; `*` leaves "
        "only a new head",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.model is None) == (self.tagger is None):
            raise ValueError("`start_from` has either `model` or `tagger`")
        of_tagger = (self.task, self.decorrelation, self.seed)
        if self.model and of_tagger != (None, None, None):
            raise ValueError("`task`, `decorrelation` and `seed` go with `tagger`")
        return self
