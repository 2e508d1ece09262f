"""A jet as energy flow polynomials, a linear basis of what is infrared and collinear safe.

Energy flow polynomials: A complete linear basis for jet substructure, Komiske, Metodiev and Thaler
2017, https://arxiv.org/abs/1712.07124.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.jets import Jets
from tagline.observables import frames
from tagline.observables.efp import energy_flow, polynomials
from tagline.observables.frames import Particles
from tagline.representations import Array, JetFeatures
from tagline.settings.options import RepresentationOptions


class Config(RepresentationOptions):
    """Which graphs, and the hadronic measure z_i = pT_i / sum pT, theta_ij = R_ij^beta."""

    max_degree: int = Field(7, ge=1, le=7, description="edges of a graph, so powers of theta")
    max_chi: Literal[2, 3] = Field(
        3, description="leaves out what costs more than M^chi steps for M particles"
    )
    beta: float = Field(0.5, gt=0, description="power of the angles R, in rapidity and azimuth")
    max_constituents: int = Field(200, gt=0, description="leading constituents in pT")
    precision: Literal["single", "double"] = Field(
        "double", description="of the arithmetic; `single` is exact to 1e-5 and 1.7 times faster"
    )
    standardise: bool = Field(True, description="to mean 0 and deviation 1 of the training jets")


class Representation(JetFeatures):
    """One column a graph but that without edges, whose polynomial is 1: 994 for degree 7.

    Together they span many magnitudes, but not in units of their deviation. Rounded to single
    precision these move by 1e-7, a thousandth of what a linear discriminant can tell apart.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.standardise = config.standardise
        self.polynomials = polynomials(config.max_degree, config.max_chi)
        self.names = self.polynomials.names

    def compute(self, jets: Jets) -> Array:
        """Return the polynomials, not standardised: (J, G)."""
        particles = _in_rapidity(frames.leading(jets, self.config.max_constituents), jets)
        return energy_flow(
            particles,
            self.polynomials,
            beta=self.config.beta,
            precision=np.float32 if self.config.precision == "single" else np.float64,
        )


def _in_rapidity(particles: Particles, jets: Jets) -> Particles:
    """Put rapidity in the place of pseudorapidity; a mass below zero, by rounding, is none."""
    energy_P, pz_P = (
        jets.constituents[name][particles.row_P].astype(np.float64) for name in ("energy", "pz")
    )
    mass2_P = np.maximum(energy_P**2 - pz_P**2 - particles.pt_P**2, 0)
    size_P = np.log((energy_P + np.abs(pz_P)) / np.sqrt(particles.pt_P**2 + mass2_P))
    return replace(particles, eta_P=np.copysign(size_P, pz_P))
