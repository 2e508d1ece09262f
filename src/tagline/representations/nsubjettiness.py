"""A jet as a basis of M-body phase space: N-subjettiness, mass and pT.

How much information is in a jet?, Datta and Larkoski 2017, https://arxiv.org/abs/1704.08249. The
basis is tau_N^(0.5, 1, 2) for N = 1 .. M - 2 and tau_(M - 1)^(1, 2), each divided by the jet's pT.
"""

import numpy as np
from pydantic import Field

from tagline.data.jets import Jets
from tagline.observables.subjets import BETAS, nsubjettiness
from tagline.representations import Array, JetFeatures
from tagline.settings.options import RepresentationOptions


class Config(RepresentationOptions):
    """The number of bodies, and the scale of the features."""

    bodies: int = Field(6, ge=2, le=20, description="M: the basis spans M-body phase space")
    standardise: bool = Field(True, description="to mean 0 and deviation 1 of the training jets")


class Representation(JetFeatures):
    """3 M - 4 N-subjettinesses on exclusive kT axes, then the jet's mass and pT."""

    def __init__(self, config: Config) -> None:
        self.max_axes = config.bodies - 1
        self.standardise = config.standardise
        taus = [f"tau{n}_beta{beta:g}" for n in range(1, config.bodies) for beta in BETAS]
        kept = np.delete(np.arange(len(taus)), -len(BETAS))
        self.axes_G, self.beta_G = np.divmod(kept, len(BETAS))
        self.names = (*(taus[position].replace(".", "") for position in kept), "mass", "pt")

    def compute(self, jets: Jets) -> Array:
        """Return tau_N^beta / pT, mass and pT of each jet."""
        pt_J1 = jets.jets["pt"].astype(np.float64)[:, None]
        mass_J1 = jets.jets["mass"].astype(np.float64)[:, None]
        tau_JG = nsubjettiness(jets, self.max_axes)[:, self.axes_G, self.beta_G]
        return np.concatenate([tau_JG / pt_J1, mass_J1, pt_J1], axis=1)
