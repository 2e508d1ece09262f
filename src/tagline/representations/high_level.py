"""A jet as a short list of classic observables, for a baseline that can be read.

Quark and gluon discriminants as in Gallicchio and Schwartz 2013, https://arxiv.org/abs/1211.7038;
N-subjettiness ratios of 1011.2268; C2 of 1305.0007 and D2 of 1409.6298, both at beta = 1.
"""

import numpy as np
from pydantic import Field

from tagline import frames
from tagline.correlators import correlators
from tagline.jets import Jets
from tagline.representations import Array, JetFeatures
from tagline.strict import Strict
from tagline.subjets import nsubjettiness


class Config(Strict):
    """The particles that count, and the scale of the features."""

    max_constituents: int = Field(200, gt=0, description="leading constituents in pT")
    standardise: bool = Field(True, description="to mean 0 and deviation 1 of the training jets")


class Representation(JetFeatures):
    """Ten observables; a ratio whose denominator vanishes is 0.

    `girth` is sum pT dR / sum pT, `pt_dispersion` is sqrt(sum pT^2) / sum pT; tau has beta = 1.
    """

    names = (
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
    )

    def __init__(self, config: Config) -> None:
        self.max_constituents = config.max_constituents
        self.standardise = config.standardise

    def compute(self, jets: Jets) -> Array:
        """Return the observables, not standardised: (J, G)."""
        particles = frames.around_jet_axis(frames.leading(jets, self.max_constituents), jets)
        total_J = particles.sum(particles.pt_P)
        tau_JN = nsubjettiness(jets, 3)[:, :, 1]
        e2_J, e3_J = correlators(particles)
        columns = (
            jets.jets["mass"],
            jets.jets["pt"],
            particles.num_J,
            particles.mean(np.hypot(particles.eta_P, particles.phi_P)),
            _ratio(np.sqrt(particles.sum(particles.pt_P**2)), total_J),
            _ratio(particles.nth(0)[0], total_J),
            _ratio(tau_JN[:, 1], tau_JN[:, 0]),
            _ratio(tau_JN[:, 2], tau_JN[:, 1]),
            _ratio(e3_J, e2_J**2),
            _ratio(e3_J, e2_J**3),
        )
        return np.stack(columns, axis=1, dtype=np.float64)


def _ratio(numerator_J: Array, denominator_J: Array) -> Array:
    return np.divide(
        numerator_J, denominator_J, out=np.zeros_like(numerator_J), where=denominator_J > 0
    )
