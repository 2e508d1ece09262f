"""What ATLAS' formats share: units, flavours, and tracks without a mass."""

import numpy as np

from tagline.data.columns import TRUTH
from tagline.data.jets import Columns
from tagline.datasets import Array
from tagline.observables.momenta import cartesian

GEV_PER_MEV = np.float32(1e-3)
CM_PER_MM = np.float32(0.1)
PION_MASS = 0.13957039  # GeV, Workman (2022), https://pdg.lbl.gov
HADRON_LABELS = {0: "light_quark", 4: "charm", 5: "bottom", 15: "tau"}
"""What HadronConeExclTruthLabelID stands for; 0 is a light quark or a gluon."""


def truth_of(label: Array) -> Array:
    """Return codes of TRUTH (J,) by the hadrons in jets."""
    truth = np.zeros(len(label), np.int8)
    for value, name in HADRON_LABELS.items():
        truth[label == value] = TRUTH[name]
    return truth


def track_momenta(q_over_p: Array, *, eta: Array, phi: Array) -> Columns:
    """Return momenta [GeV] and charges of tracks with the mass of a pion.

    Args:
        q_over_p: charge over momentum in 1/MeV.
        eta: pseudorapidity.
        phi: azimuth.
    """
    momentum = GEV_PER_MEV / np.abs(q_over_p)
    given = {"pt": momentum / np.cosh(eta), "eta": eta, "phi": phi}
    momenta = cartesian(given | {"mass": np.full(len(eta), PION_MASS, np.float32)})
    return momenta | {"charge": np.sign(q_over_p).astype(np.int8)}
