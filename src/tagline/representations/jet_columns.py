"""A jet as columns that its file had already, such as the features that an experiment computed."""

import numpy as np
from pydantic import Field

from tagline.data.jets import Jets
from tagline.representations import Array, JetFeatures
from tagline.settings.options import RepresentationOptions
from tagline.settings.strict import did_you_mean


class Config(RepresentationOptions):
    """Which columns, and the scale of the features."""

    columns: tuple[str, ...] = Field(
        ("pt", "mass", "num_constituents"),
        min_length=1,
        description="of jets, common ones or further ones of the reader",
    )
    standardise: bool = Field(True, description="to mean 0 and deviation 1 of the training jets")

    @property
    def needs_constituents(self) -> bool:
        """No constituents are read."""
        return False

    @property
    def jet_columns(self) -> tuple[str, ...]:
        """The columns."""
        return self.columns


class Representation(JetFeatures):
    """Columns as they are in the skim."""

    def __init__(self, config: Config) -> None:
        self.names = config.columns
        self.standardise = config.standardise

    def reads(self) -> tuple[str, ...]:
        """No constituents are read."""
        return ()

    def compute(self, jets: Jets) -> Array:
        """Return the columns: (J, G).

        Raises:
            ValueError: the jets have no such column.
        """
        for name in self.names:
            if name not in jets.jets:
                nearest = did_you_mean(name, list(jets.jets))
                raise ValueError(f"columns: the jets have no column {name!r}; {nearest}")
        return np.stack([jets.jets[name].astype(np.float64) for name in self.names], axis=1)
