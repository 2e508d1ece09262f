"""A study: what a comparison selects from the catalogue, and what it ends in."""

from typing import Self

from pydantic import Field, model_validator

from tagline.settings import plugins
from tagline.settings.strict import Name, Strict


class Study(Strict):
    """A comparison to make: tasks x taggers x decorrelations that suit them x seeds."""

    name: Name = Field(description="folder of its tables and figures in `results/`")
    title: str = Field(description="heading of its report")
    tasks: tuple[Name, ...] = Field(min_length=1, description="entries of `tasks`")
    taggers: tuple[Name, ...] = Field(
        min_length=1, description="entries of `taggers`, `combinations` or `outside`"
    )
    decorrelations: tuple[Name, ...] = Field(
        min_length=1, description="entries of `decorrelations`"
    )
    seeds: tuple[int, ...] = Field(min_length=1, description="one training each")
    figures: tuple[Name, ...] = Field(description="plugins in `figures/`")
    published: tuple[Name, ...] = Field((), description="entries of `published`")
    images: tuple[Name, ...] = Field(
        (), description="representations of which mean images are drawn"
    )
    export: tuple[Name, ...] = Field(
        (), description="taggers of the study of which every model is written as ONNX, too"
    )
    interpret: tuple[Name, ...] = Field(
        (), description="taggers of the study whose gradients and features are looked into"
    )
    bootstrap_replicas: int = Field(
        200, gt=0, description="replicas behind each confidence interval"
    )

    @model_validator(mode="after")
    def _figures_exist(self) -> Self:
        for figure in self.figures:
            plugins.require("figures", figure)
            reads = plugins.constant_of("figures", figure, "READS")
            if reads == "attributions" and not self.interpret:
                raise ValueError(f"the figure {figure!r} needs taggers in `interpret`")
        return self
