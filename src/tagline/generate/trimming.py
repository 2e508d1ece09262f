"""Trimming: a jet without the subjets that hold too little of its pT.

Jet Trimming, Krohn, Thaler and Wang (2010), arXiv:0912.1342. The constituents are clustered again
with kT of a small radius R_sub; subjets below f_cut times the pT of the jet are taken away.
"""

import awkward as ak
import fastjet
import numpy as np

from tagline.generate.particles import Booleans, Floats, Integers, Particles, by_group
from tagline.settings.recipes import Trim


def survivors(constituents: Particles, num_constituents: Integers, trim: Trim) -> Booleans:
    """Return which constituents (P,) are left, given those of all jets behind each other."""
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, trim.radius)
    cluster = fastjet.ClusterSequence(by_group(constituents, num_constituents), definition)
    subjets, members = cluster.inclusive_jets(), cluster.constituent_index()
    least = trim.fraction * _transverse(constituents, num_constituents)
    hard = np.hypot(subjets.px, subjets.py) >= least
    first = np.cumsum(num_constituents) - num_constituents
    rows = ak.to_numpy(ak.flatten(members[hard] + first, axis=None))
    left = np.zeros(len(constituents), np.bool_)
    left[rows] = True
    return left


def _transverse(constituents: Particles, num_constituents: Integers) -> Floats:
    """Return the pT (J,) of each jet, from all of its constituents."""
    jet = np.repeat(np.arange(len(num_constituents)), num_constituents)
    return np.hypot(
        *(
            np.bincount(jet, column, minlength=len(num_constituents))
            for column in (constituents.px, constituents.py)
        )
    )
