"""Recipes: how Pythia, a detector and FastJet make jets, and what published jets they are like."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from tagline.settings.strict import Name, Strict


class Trim(Strict):
    """Trimming: kT subjets of a jet that hold too little of its pT are taken away."""

    radius: float = Field(gt=0, description="kT radius R_sub of the subjets")
    fraction: float = Field(gt=0, lt=1, description="least share of the jet's pT, f_cut")


class JetSelection(Strict):
    """The jets of a recipe: anti-kT, and what is kept."""

    radius: float = Field(gt=0, description="anti-kT radius R")
    pt_min: float = Field(ge=0, description="lowest jet pT [GeV]")
    pt_max: float = Field(gt=0, description="highest jet pT [GeV]")
    abs_eta_max: float = Field(gt=0, description="largest |eta|, or |y| if `rapidity`")
    rapidity: bool = Field(False, description="cut on rapidity y instead of pseudorapidity eta")
    max_constituents: int = Field(
        200, gt=0, description="leading constituents in pT that are kept"
    )
    trim: Trim | None = Field(None, description="groom the jets before the cuts; none: do not")


class PileUp(Strict):
    """Collisions that are laid over each event; their number becomes the jet column `pile_up`."""

    pythia: Path = Field(
        Path("config/pythia/minimum_bias.cmnd"), description="Pythia command file"
    )
    mean: float = Field(ge=0, description="of the Poisson number of collisions an event gets")
    spread: float = Field(50.0, ge=0, description="standard deviation along the beam [mm]")
    pool: int = Field(2000, gt=0, description="collisions that are generated for a part")


class Quantiles(Strict):
    """The 5, 25, 50, 75 and 95 % quantiles of one quantity of a published sample."""

    mean: float = Field(description="mean of the published jets")
    quantiles: tuple[float, float, float, float, float] = Field(
        description="5, 25, 50, 75 and 95 % of the published jets"
    )


class Reference(Strict):
    """What the published jets look like, and where that was read."""

    source: str = Field(description="where the published jets were looked at")
    jets: int = Field(gt=0, description="number of published jets behind the quantiles")
    max_constituents: int = Field(
        description="leading constituents of the published jets looked at"
    )
    quantities: dict[str, Quantiles] = Field(description="by name of the quantity")


class Recipe(Strict):
    """How Pythia, a detector and FastJet make jets."""

    pythia: Path = Field(description="Pythia command file")
    in_turn: dict[str, tuple[float, ...]] = Field(
        default_factory=dict,
        description="settings of Pythia of which each part takes the next values, so that parts "
        "together cover what one setting cannot",
    )
    truth: Name = Field(description="what the jets are: a name of `columns.TRUTH`")
    match: Literal["none", "top", "w", "parton"] = Field(
        description="hadronic top or W with all its decay partons, or nearest hard parton"
    )
    pile_up: PileUp | None = Field(None, description="laid over the events; none: nothing is")
    detector: Literal["none", "atlas"] = Field(
        "none", description="fast detector between hadrons and jets"
    )
    jets: JetSelection = Field(description="which jets are kept")
    reference: Reference | None = Field(None, description="published sample to be compared with")

    @model_validator(mode="after")
    def _turns_are_equally_many(self) -> Self:
        numbers = {setting: len(values) for setting, values in self.in_turn.items()}
        if 0 in numbers.values() or len(set(numbers.values())) > 1:
            raise ValueError(f"`in_turn` needs equally many values of each setting, has {numbers}")
        return self

    @property
    def num_turns(self) -> int:
        """After so many parts the settings are the first ones again."""
        return max(map(len, self.in_turn.values()), default=1)

    def settings_of(self, part: int) -> dict[str, float]:
        """Return the settings of Pythia that are those of this part."""
        turn = part % self.num_turns
        return {setting: values[turn] for setting, values in self.in_turn.items()}


class Generate(Strict):
    """A generated dataset: how many parts of how many selected jets."""

    recipe: Name = Field(description="an entry of `recipes`")
    parts: int = Field(gt=0, description="ROOT files, each made by a job of its own")
    jets_per_part: int = Field(gt=0, description="selected jets in each")
