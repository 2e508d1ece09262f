"""A jet as a short list of classic observables, for a baseline that can be read.

Quark and gluon discriminants as in Gallicchio and Schwartz 2013, https://arxiv.org/abs/1211.7038;
N-subjettiness ratios of 1011.2268; C2 of 1305.0007 and D2 of 1409.6298, both at beta = 1; soft
drop of 1402.2657 with z_cut = 0.1 and beta = 0; kT splitting scales; shapes of jets across their
axis (0807.0234) and at rest (1112.2567), with which ATL-PHYS-PUB-2018-014 tells W bosons.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.jets import Jets
from tagline.observables import frames, plane_shapes, rest_shapes
from tagline.observables.correlators import correlators
from tagline.observables.frames import Array
from tagline.observables.jet_momenta import Momenta, momenta
from tagline.observables.kt_subjets import last_two_distance, splitting_share
from tagline.observables.ratios import ratio
from tagline.observables.subjets import nsubjettiness
from tagline.observables.substructure import Substructure, substructure
from tagline.representations import JetFeatures
from tagline.settings.options import RepresentationOptions


class Config(RepresentationOptions):
    """The observables, the particles that count, and the scale of the features."""

    observables: tuple[
        Literal[
            "mass",
            "pt",
            "multiplicity",
            "girth",
            "pt_dispersion",
            "leading_pt_fraction",
            "tau21",
            "tau32",
            "c2",
            "d2",
            "softdrop_mass",
            "z_g",
            "r_g",
            "sqrt_d12",
            "sqrt_d23",
            "z_cut_12",
            "kt_dr",
            "angularity",
            "planar_flow",
            "aplanarity",
            "fox_wolfram_20",
        ],
        ...,
    ] = Field(
        (
            "mass",
            "pt",
            "multiplicity",
            "girth",
            "pt_dispersion",
            "leading_pt_fraction",
            "tau21",
            "tau32",
            "c2",
            "d2",
        ),
        min_length=1,
    )
    max_constituents: int = Field(
        200,
        gt=0,
        description="leading constituents in pT; tau, soft drop, scales and shapes take all",
    )
    standardise: bool = Field(True, description="to mean 0 and deviation 1 of the training jets")


class _View:
    """What observables are made of."""

    def __init__(self, jets: Jets, max_constituents: int) -> None:
        self.jets = jets
        self.particles = frames.around_jet_axis(frames.leading(jets, max_constituents), jets)
        self.total_J = self.particles.sum(self.particles.pt_P)

    def jet(self, name: str) -> Array:
        return self.jets.jets[name].astype(np.float64)

    @cached_property
    def tau(self) -> Array:
        return nsubjettiness(self.jets, 3)[:, :, 1]

    @cached_property
    def correlators(self) -> tuple[Array, Array]:
        return correlators(self.particles)

    @cached_property
    def histories(self) -> Substructure:
        return substructure(self.jets)

    @cached_property
    def momenta(self) -> Momenta:
        return momenta(self.jets)

    def distances(self) -> Array:
        return np.hypot(self.particles.eta_P, self.particles.phi_P)

    def over_total(self, pt_J: Array) -> Array:
        return ratio(pt_J, self.total_J)

    def correlatorratio(self, power: int) -> Array:
        e2_J, e3_J = self.correlators
        return ratio(e3_J, e2_J**power)


OBSERVABLES: dict[str, Callable[[_View], Array]] = {
    "mass": lambda view: view.jet("mass"),
    "pt": lambda view: view.jet("pt"),
    "multiplicity": lambda view: view.particles.num_J.astype(np.float64),
    "girth": lambda view: view.particles.mean(view.distances()),
    "pt_dispersion": lambda view: view.over_total(
        np.sqrt(view.particles.sum(view.particles.pt_P**2))
    ),
    "leading_pt_fraction": lambda view: view.over_total(view.particles.nth(0)[0]),
    "tau21": lambda view: ratio(view.tau[:, 1], view.tau[:, 0]),
    "tau32": lambda view: ratio(view.tau[:, 2], view.tau[:, 1]),
    "c2": lambda view: view.correlatorratio(2),
    "d2": lambda view: view.correlatorratio(3),
    "softdrop_mass": lambda view: view.histories.softdrop_mass_J,
    "z_g": lambda view: view.histories.z_g_J,
    "r_g": lambda view: view.histories.r_g_J,
    "sqrt_d12": lambda view: view.histories.scales_JN[:, 0],
    "sqrt_d23": lambda view: view.histories.scales_JN[:, 1],
    "z_cut_12": lambda view: splitting_share(view.histories.scales_JN[:, 0], view.momenta.mass_J),
    "kt_dr": lambda view: last_two_distance(view.jets),
    "angularity": lambda view: plane_shapes.angularity(view.momenta),
    "planar_flow": lambda view: plane_shapes.planar_flow(view.momenta),
    "aplanarity": lambda view: rest_shapes.aplanarity(view.momenta),
    "fox_wolfram_20": lambda view: rest_shapes.fox_wolfram_20(view.momenta),
}


class Representation(JetFeatures):
    """Observables of jets; a ratio whose denominator vanishes is 0.

    `girth` is sum pT dR / sum pT, `pt_dispersion` is sqrt(sum pT^2) / sum pT; tau has beta = 1.
    """

    def __init__(self, config: Config) -> None:
        self.names = config.observables
        self.max_constituents = config.max_constituents
        self.standardise = config.standardise

    def compute(self, jets: Jets) -> Array:
        """Return the observables, not standardised: (J, G)."""
        view = _View(jets, self.max_constituents)
        return np.stack([OBSERVABLES[name](view) for name in self.names], axis=1)
