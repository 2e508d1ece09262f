"""A task: which jets are which class, how they are split, and what the score must not sculpt."""

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from tagline.settings import selection
from tagline.settings.strict import Name, Strict, did_you_mean

TOP_WINDOW = (150.0, 200.0)  # GeV, where top quarks are
FLAT = "flat"


class JetClass(Strict):
    """One class of a task: which datasets, and which of their jets."""

    datasets: tuple[Name, ...] = Field(min_length=1, description="entries of `datasets`")
    select: str = Field("", description="expression over jet columns, such as `truth == t_bqq`")

    @model_validator(mode="after")
    def _selection_is_understood(self) -> Self:
        selection.parse(self.select)
        return self


class Fractions(Strict):
    """Shares of the events in each split."""

    train: float = Field(0.6, gt=0, lt=1, description="fits networks and statistics")
    validation: float = Field(
        0.15, gt=0, lt=1, description="stops trainings, fits post-hoc decorrelations"
    )
    test: float = Field(0.25, gt=0, lt=1, description="measures, and nothing else")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if abs(self.train + self.validation + self.test - 1) > 1e-9:
            raise ValueError("train + validation + test must be 1")
        return self


class Splits(Strict):
    """The author's own split: which datasets are in which, as they are."""

    train: tuple[Name, ...] = Field(min_length=1, description="datasets of the task")
    validation: tuple[Name, ...] = Field(min_length=1, description="likewise")
    test: tuple[Name, ...] = Field(min_length=1, description="likewise")


class MaxJets(Strict):
    """Upper limits on the jets of each class in each split; 0 is no limit."""

    train: int = Field(0, ge=0, description="first so many in the order of the split")
    validation: int = Field(0, ge=0, description="likewise")
    test: int = Field(0, ge=0, description="likewise")


class Sampling(Strict):
    """How training and validation jets of all classes get the same spectra."""

    method: Literal["weights", "downsample", "importance"] = Field(
        description="weigh jets; leave out those that are too many of their class; or draw "
        "training jets by their weight, some of them several times"
    )
    bins: dict[str, int | tuple[float, ...]] = Field(
        min_length=1,
        description="jet columns, equalised together: edges, beyond which jets are left out, or "
        "a number of bins of equally many jets",
    )
    like: str = Field(
        "",
        description="class whose spectrum all get, or `flat`; empty: the signal's. "
        "`downsample` gives the smallest of each bin",
    )

    @model_validator(mode="after")
    def _bins_are_bins(self) -> Self:
        for name, bins in self.bins.items():
            if isinstance(bins, int):
                if bins < 2:
                    raise ValueError(f"bins.{name}: {bins} is not a number of bins, 2 or more")
            elif len(bins) < 2 or any(low >= high for low, high in pairwise(bins)):
                raise ValueError(f"bins.{name}: edges must be two or more that rise")
        if self.like and self.method == "downsample":
            raise ValueError("`downsample` takes the smallest spectrum in each bin, not `like`")
        return self


class Noise(Strict):
    """Soft neutral particles around each jet's axis, as pile-up leaves them."""

    density: float = Field(
        gt=0, description="transverse momentum in a unit of area of eta and phi [GeV]"
    )
    mean_pt: float = Field(1.0, gt=0, description="mean pT of a particle, exponential [GeV]")
    radius: float = Field(0.8, gt=0, description="how far from the axis")
    seed: int = Field(1, ge=0, description="of the random numbers")


class Task(Strict):
    """A problem to solve; the first class is the background, the last is the signal.

    A variation of a task has other test jets, and the taggers that were trained for the task.
    """

    classes: dict[Name, JetClass] = Field(
        min_length=2, description="in the order of their labels 0, 1, ..."
    )
    protected: tuple[str, ...] = Field(
        ("mass",),
        min_length=1,
        description="jet columns the score must not sculpt; one called `mass` or `..._mass` is "
        "measured in bins of 5 from 50 to 300 GeV if at least half of the background is there, "
        "others in 24 bins of equally many background jets",
    )
    signal_window: tuple[float, float] = Field(
        TOP_WINDOW,
        description="of the first protected column [GeV], where the figure `bump_hunt` searches",
    )
    systematic_split: float | None = Field(
        None,
        description="of the first protected column, which parts two samples of background for "
        "the figure `significance`; none: the median",
    )
    fractions: Fractions = Field(Fractions(), description="shares of the splits")
    splits: Splits | None = Field(None, description="datasets of the splits instead of shares")
    refuse_twins: bool = Field(
        False,
        description="fail if jets of the same constituents, or columns if they have none, are in "
        "two splits",
    )
    refuse_shared_events: bool = Field(
        False,
        description="fail if jets of the same run, luminosity block and event are in two splits, "
        "as of datasets that overlap",
    )
    max_jets: MaxJets = Field(MaxJets(), description="upper limits; 0 is none")
    sampling: Sampling | None = Field(
        None, description="makes spectra of training jets equal; nothing if there is none"
    )
    balance: bool = Field(True, description="weight the classes to equal sums in training")
    variation_of: str = Field(
        "", description="the task whose taggers are tested here; what is not given is as there"
    )
    noise: Noise | None = Field(None, description="added to the test jets of a variation")
    title: str = Field("", description="name in figures; empty: the name of the entry")

    @model_validator(mode="after")
    def _noise_is_of_a_variation(self) -> Self:
        if self.noise and not self.variation_of:
            raise ValueError("`noise` is for a variation; say of which task in `variation_of`")
        return self

    @model_validator(mode="after")
    def _sampling_is_like_a_class(self) -> Self:
        known = [*self.classes, FLAT]
        if self.sampling and self.sampling.like and self.sampling.like not in known:
            name = self.sampling.like
            raise ValueError(f"sampling.like: no class {name!r}; {did_you_mean(name, known)}")
        return self

    @model_validator(mode="after")
    def _window_has_a_width(self) -> Self:
        low, high = self.signal_window
        if not low < high:
            raise ValueError(f"signal_window: {low:g} is not below {high:g}")
        return self

    @model_validator(mode="after")
    def _each_dataset_is_in_one_split(self) -> Self:
        if self.splits is None or self.variation_of:
            return self
        if self.fractions != Fractions():
            raise ValueError("a task has either `splits` or `fractions`")
        split_of: dict[str, str] = {}
        for split, names in self.splits:
            for name in names:
                if name not in self.datasets:
                    nearest = did_you_mean(name, list(self.datasets))
                    raise ValueError(f"splits.{split}: no class has {name!r}; {nearest}")
                if name in split_of:
                    raise ValueError(f"splits.{split}: {name!r} is in {split_of[name]!r} already")
                split_of[name] = split
        for name in self.datasets:
            if name not in split_of:
                raise ValueError(f"splits: {name!r} is in none of them")
        return self

    @property
    def datasets(self) -> tuple[str, ...]:
        """All datasets of the task, each once, in the order of its classes."""
        return tuple(
            dict.fromkeys(name for jets in self.classes.values() for name in jets.datasets)
        )
