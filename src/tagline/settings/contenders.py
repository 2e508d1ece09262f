"""What is compared with trained taggers: combinations of taggers, and taggers made elsewhere."""

from typing import Literal, Self

from pydantic import Field, model_validator

from tagline.settings import plugins
from tagline.settings.catalogue import Parameters
from tagline.settings.strict import Name, Strict

SPLITS = ("validation", "test")


class Combination(Strict):
    """Several trainings that give one score: a plugin, and whose scores it reads."""

    method: Name = Field(description="plugin in `combinations/`")
    members: tuple[Name, ...] = Field(
        min_length=1, description="entries of `taggers` or `outside`"
    )
    subset: int = Field(
        0,
        ge=0,
        description="trainings of each member, in every choice of so many of the study's seeds; "
        "0: one of each member, of the same seed",
    )
    max_subsets: int = Field(
        0, ge=0, description="at most so many choices, evenly spaced in their order; 0: all"
    )
    parameters: Parameters = Field(default_factory=dict, description="its own keys, see below")
    title: str = Field("", description="name in figures and tables")
    paper: str = Field("", description="system in the published numbers")

    @model_validator(mode="after")
    def _parameters_are_known(self) -> Self:
        plugins.config_of("combinations", self.method)(**self.parameters)
        if self.max_subsets and not self.subset:
            raise ValueError("`max_subsets` limits the choices of `subset`, which is not given")
        if len(set(self.members)) < len(self.members):
            raise ValueError(f"a member is named twice: {', '.join(self.members)}")
        return self


class ScoreFiles(Strict):
    """A table of scores for each split, as Parquet or CSV."""

    test: str = Field(description="must hold every test jet")
    validation: str = Field(
        "", description="every validation jet; what is fitted on scores needs it"
    )


class OnnxInput(Strict):
    """What one input of an ONNX network takes."""

    takes: Literal["constituents", "mask", "num_constituents", "jet_features", "image"] = Field(
        description="padded with zeros; the mask is 1 where a constituent is real"
    )
    columns: tuple[str, ...] = Field(
        (), description="features of constituents or jets, in this order; all if none are named"
    )
    layout: Literal["BNF", "BFN"] = Field(
        "BNF", description="whether constituents or their features come first"
    )


class Onnx(Strict):
    """A network as an ONNX file, and the numbers it reads."""

    file: str = Field(description="its path; `{seed}` and `{task}` stand for those of a job")
    representation: Name = Field(description="an entry of `representations`")
    inputs: dict[str, OnnxInput] = Field(
        default_factory=dict,
        description="by name in the file; `constituents`, `num_constituents`, `mask` and "
        "`features` take what they are called",
    )
    output: str = Field("", description="name of the output; the first if none is named")
    signal: int = Field(-1, description="which column of the output is the signal's")
    logits: bool = Field(
        False, description="a softmax, or a sigmoid of a single column, is to follow"
    )


class Outside(Strict):
    """A tagger made elsewhere: a table of its scores, or the network itself."""

    scores: ScoreFiles | str | None = Field(
        None,
        description="one Parquet or CSV file of scores or one a split, keyed by `event_id` and "
        "`jet_index`; `{seed}` and `{task}` in a path stand for those of a job",
    )
    column: str = Field("score", description="column of the scores, between 0 and 1")
    onnx: Onnx | None = Field(None, description="instead of scores")
    num_parameters: int = Field(ge=0, description="trained numbers; 0 for an observable")
    train_jets: int = Field(ge=0, description="jets that it was trained on; 0 if on none")
    title: str = Field("", description="name in figures and tables")
    paper: str = Field("", description="system in the published numbers")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.scores is None) == (self.onnx is None):
            raise ValueError("a tagger made elsewhere has either `scores` or `onnx`")
        try:
            self.files(task="task", seed=1)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"paths may have {{seed}} and {{task}}, found {error}") from None
        return self

    @property
    def has_seeds(self) -> bool:
        """Whether there are several trainings of it, one for each seed."""
        return self.files(task="", seed=1) != self.files(task="", seed=2)

    @property
    def has_validation(self) -> bool:
        """Whether it scores validation jets, as far as one can tell without reading."""
        return self.onnx is not None or "validation" in self.files(task="", seed=1)

    def files(self, *, task: str, seed: int) -> dict[str, str]:
        """Return the file behind the scores of each split."""
        match self.scores:
            case ScoreFiles():
                named = {split: getattr(self.scores, split) for split in SPLITS}
            case str():
                named = dict.fromkeys(SPLITS, self.scores)
            case None:
                assert self.onnx is not None
                named = dict.fromkeys(SPLITS, self.onnx.file)
        return {split: file.format(task=task, seed=seed) for split, file in named.items() if file}
