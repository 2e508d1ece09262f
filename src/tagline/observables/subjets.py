"""N-subjettiness from one kT clustering history a jet.

Identifying Boosted Objects with N-subjettiness, Thaler and Van Tilburg 2011,
https://arxiv.org/abs/1011.2268. The axes are the exclusive kT subjets with E-scheme recombination,
as `KT_Axes` of fastjet-contrib.
"""

import math

import numpy as np

from tagline.data.jets import Jets
from tagline.machine.compiled import compiled
from tagline.observables.directions import distances2
from tagline.observables.frames import Array, Indices
from tagline.observables.history import KT, Nodes, grow, momenta_of, room

BETAS = (0.5, 1.0, 2.0)


def nsubjettiness(jets: Jets, max_axes: int) -> Array:
    """Return tau_N^beta = sum_i pT_i min_k R_ik^beta [GeV], not normalised: (J, N, 3).

    N runs from 1 to `max_axes`, beta over `BETAS`. A jet of up to N particles has tau_N = 0.
    """
    num_J = jets.jets["num_constituents"].astype(np.int64)
    return _nsubjettiness(momenta_of(jets), num_J, max_axes)


@compiled
def _nsubjettiness(momenta_P4: Array, num_J: Indices, max_axes: int) -> Array:
    tau_JNA = np.zeros((len(num_J), max_axes, 3))
    tree, left = room(num_J)
    begin = 0
    for jet in range(len(num_J)):
        end = begin + num_J[jet]
        grow(momenta_P4[begin:end], KT, np.inf, tree, left)
        fill_taus(tree, num_J[jet], tau_JNA[jet])
        begin = end
    return tau_JNA


@compiled
def fill_taus(tree: Nodes, num: int, tau_NA: Array) -> None:
    """Add up tau_N for each N and beta of `BETAS`, for less axes than particles of a kT tree.

    One axis is the root; a further one comes from the two children of that which was merged last.
    """
    axes_N = np.full(len(tau_NA), 2 * num - 2)
    to_axis2_N, nearest2_N = np.empty(num), np.empty(num)
    for n in range(min(len(tau_NA), num - 1)):
        if n > 0:
            divided = axes_N[:n].argmax()
            axes_N[n], axes_N[divided] = tree.children_T2[axes_N[divided]]
        nearest2_N[:] = np.inf
        for axis in axes_N[: n + 1]:
            rapidity, phi = tree.rapidity_T[axis], tree.phi_T[axis]
            distances2(tree.rapidity_T, tree.phi_T, num, rapidity, phi, to_axis2_N)
            for i in range(num):
                nearest2_N[i] = min(nearest2_N[i], to_axis2_N[i])
        for i in range(num):
            pt, distance = math.sqrt(tree.pt2_T[i]), math.sqrt(nearest2_N[i])
            tau_NA[n, 0] += pt * math.sqrt(distance)
            tau_NA[n, 1] += pt * distance
            tau_NA[n, 2] += pt * nearest2_N[i]
