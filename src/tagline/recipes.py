"""Recipes: how Pythia, a detector and FastJet make jets, and what published jets they are like."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from tagline.strict import Name, Strict


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
    truth: Name = Field(description="what the jets are: a name of `columns.TRUTH`")
    match: Literal["none", "top", "parton"] = Field(
        description="hadronic top with all its decay partons, or nearest hard parton"
    )
    detector: Literal["none", "atlas"] = Field(
        "none", description="fast detector between hadrons and jets"
    )
    jets: JetSelection = Field(description="which jets are kept")
    reference: Reference | None = Field(None, description="published sample to be compared with")


class Generate(Strict):
    """A generated dataset: how many parts of how many selected jets."""

    recipe: Name = Field(description="an entry of `recipes`")
    parts: int = Field(gt=0, description="ROOT files, each made by a job of its own")
    jets_per_part: int = Field(gt=0, description="selected jets in each")
