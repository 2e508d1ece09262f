"""A jet as the four-momenta of its leading particles, without padding.

The inputs of LorentzNet (Gong et al. 2022, https://arxiv.org/abs/2201.08187), of PELICAN
(Bogatskiy et al. 2022, https://arxiv.org/abs/2211.00454), of LoLa (Butter et al. 2017,
https://arxiv.org/abs/1707.08966) and of LBN (Erdmann et al. 2018,
https://arxiv.org/abs/1812.09722).
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.inputs import Inputs, Statistics
from tagline.data.jets import Jets
from tagline.observables import frames
from tagline.observables.frames import Array, Particles
from tagline.observables.reclustering import by_subjets
from tagline.representations import BaseRepresentation
from tagline.settings.options import RepresentationOptions

MOMENTA = ("energy", "px", "py", "pz")
NUM_BEAMS = 2


class Config(RepresentationOptions):
    """Which particles, and one scale: any other standardisation breaks Lorentz covariance."""

    max_constituents: int = Field(200, gt=0, description="leading constituents in pT")
    order: Literal["pt", "subjets"] = Field(
        "pt", description="falling pT; or that of anti-kT subjets, and in each falling pT"
    )
    subjet_radius: float = Field(0.2, gt=0, description="of the subjets that give the order")
    scale: float = Field(1.0, gt=0, description="momenta are divided by this [GeV]")
    beams: bool = Field(
        False,
        description="add two particles along the beam, of unit momentum and mass, and the feature "
        "`is_beam`",
    )


class Representation(BaseRepresentation):
    """Energy, px, py, pz of the leading particles, behind those of the beams.

    The beams are not scaled, as in the code of 2201.08187 and 2211.00454.
    """

    def __init__(self, config: Config) -> None:
        self.config = config

    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return one row a particle."""
        del statistics
        particles = self._ordered(frames.leading(jets, self.config.max_constituents))
        columns_FP = np.stack(
            [jets.constituents[name][particles.row_P].astype(np.float64) for name in MOMENTA]
        )
        columns_FP /= self.config.scale
        num_J = particles.num_J
        if self.config.beams:
            columns_FP = _with_beams(columns_FP, particles)
            num_J = num_J + NUM_BEAMS
        return Jets(
            jets={"num_constituents": num_J.astype(np.int32)},
            constituents={
                name: column_P.astype(np.float32)
                for name, column_P in zip(self._features(), columns_FP, strict=True)
            },
        )

    def _ordered(self, particles: Particles) -> Particles:
        if self.config.order == "pt":
            return particles
        order_P = by_subjets(particles, radius=self.config.subjet_radius)
        return replace(particles, row_P=particles.row_P[order_P])

    def _features(self) -> tuple[str, ...]:
        return (*MOMENTA, "is_beam") if self.config.beams else MOMENTA

    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe the particles."""
        return Inputs(
            constituent_features=self._features(),
            max_constituents=self.config.max_constituents + NUM_BEAMS * self.config.beams,
            statistics=statistics,
        )


def _with_beams(momenta_4P: Array, particles: Particles) -> Array:
    """Return energy, px, py, pz and is_beam, each jet led by the beams (sqrt 2, 0, 0, +-1)."""
    num_particles, num_jets = len(particles.jet_P), len(particles.num_J)
    row_P = np.arange(num_particles) + NUM_BEAMS * (particles.jet_P + 1)
    columns_5P = np.zeros((5, num_particles + NUM_BEAMS * num_jets))
    columns_5P[0] = np.sqrt(2)
    columns_5P[4] = 1
    columns_5P[:4, row_P] = momenta_4P
    columns_5P[4, row_P] = 0
    first_J = np.cumsum(particles.num_J) - particles.num_J + NUM_BEAMS * np.arange(num_jets)
    columns_5P[3, first_J] = 1
    columns_5P[3, first_J + 1] = -1
    return columns_5P
