"""N-subjettiness from one kT clustering history a jet.

Identifying Boosted Objects with N-subjettiness, Thaler and Van Tilburg 2011,
https://arxiv.org/abs/1011.2268. The axes are the exclusive kT subjets with E-scheme recombination,
as `KT_Axes` of fastjet-contrib.
"""

import math

import numpy as np

from tagline.compiled import compiled
from tagline.frames import Array, Indices
from tagline.jets import Jets

BETAS = (0.5, 1.0, 2.0)


def nsubjettiness(jets: Jets, max_axes: int) -> Array:
    """Return tau_N^beta = sum_i pT_i min_k R_ik^beta [GeV], not normalised: (J, N, 3).

    N runs from 1 to `max_axes`, beta over `BETAS`. A jet of up to N particles has tau_N = 0.
    """
    momenta_4P = np.stack(
        [jets.constituents[name].astype(np.float64) for name in ("px", "py", "pz", "energy")]
    )
    return _nsubjettiness(momenta_4P, jets.jets["num_constituents"].astype(np.int64), max_axes)


@compiled
def _nsubjettiness(momenta_4P: Array, num_J: Indices, max_axes: int) -> Array:
    tau_JNA = np.zeros((len(num_J), max_axes, 3))
    axes_N2N = np.empty((max_axes, 2, max_axes))
    begin = 0
    for jet in range(len(num_J)):
        end = begin + num_J[jet]
        _find_axes(momenta_4P[:, begin:end].copy(), axes_N2N)
        _fill_taus(momenta_4P[:, begin:end], axes_N2N, tau_JNA[jet])
        begin = end
    return tau_JNA


@compiled
def _direction(momenta_4P: Array, i: int) -> tuple[float, float, float]:
    """Return rapidity, with FastJet's guard against negative masses, phi and pT^2."""
    px, py, pz, energy = momenta_4P[0, i], momenta_4P[1, i], momenta_4P[2, i], momenta_4P[3, i]
    pt2 = px * px + py * py
    mass2 = max(0.0, (energy + pz) * (energy - pz) - pt2)
    size = 0.5 * math.log((pt2 + mass2) / (energy + abs(pz)) ** 2)
    return -size if pz > 0 else size, math.atan2(py, px), pt2


@compiled
def _distance2(rapidity_1: float, phi_1: float, rapidity_2: float, phi_2: float) -> float:
    """Return R^2 of two directions."""
    d_phi = abs(phi_1 - phi_2)
    d_phi = min(d_phi, 2 * math.pi - d_phi)
    return (rapidity_1 - rapidity_2) ** 2 + d_phi * d_phi


@compiled
def _find_axes(momenta_4P: Array, axes_N2N: Array) -> None:
    """Merge particles by kT; axes_N2N[N - 1, :, :N] are rapidity and phi when N are left.

    The pair of smallest min(pT^2) R^2 has one member whose nearest neighbour in R is the other
    (hep-ph/0512210), so that each pseudojet only remembers its nearest neighbour.
    """
    num = momenta_4P.shape[1]
    rapidity, phi, pt2 = np.empty(num), np.empty(num), np.empty(num)
    nearest, distance2, metric = np.empty(num, np.int64), np.empty(num), np.empty(num)
    for i in range(num):
        rapidity[i], phi[i], pt2[i] = _direction(momenta_4P, i)
    for i in range(num):
        nearest[i], distance2[i] = _nearest(rapidity, phi, i, num)
        metric[i] = distance2[i] * min(pt2[i], pt2[nearest[i]])
    for left in range(num - 1, -1, -1):
        if left < len(axes_N2N):
            for i in range(left + 1):
                axes_N2N[left, 0, i], axes_N2N[left, 1, i] = rapidity[i], phi[i]
        first = 0
        for i in range(left + 1):
            if metric[i] < metric[first]:
                first = i
        kept, gone = min(first, nearest[first]), max(first, nearest[first])
        for row in range(4):
            momenta_4P[row, kept] += momenta_4P[row, gone]
            momenta_4P[row, gone] = momenta_4P[row, left]
        rapidity[gone], phi[gone], pt2[gone] = rapidity[left], phi[left], pt2[left]
        nearest[gone], distance2[gone] = nearest[left], distance2[left]
        rapidity[kept], phi[kept], pt2[kept] = _direction(momenta_4P, kept)
        for i in range(left):
            to_kept2 = _distance2(rapidity[i], phi[i], rapidity[kept], phi[kept])
            if i == kept or nearest[i] == kept or nearest[i] == gone:
                nearest[i], distance2[i] = _nearest(rapidity, phi, i, left)
            elif to_kept2 < distance2[i]:
                nearest[i], distance2[i] = kept, to_kept2
            elif nearest[i] == left:
                nearest[i] = gone
            metric[i] = distance2[i] * min(pt2[i], pt2[nearest[i]])


@compiled
def _nearest(rapidity: Array, phi: Array, i: int, num: int) -> tuple[int, float]:
    """Return the nearest of the first so many pseudojets to one of them, and R^2 to it."""
    nearest, smallest = 0, np.inf
    rapidity_i, phi_i = rapidity[i], phi[i]
    rapidity[i] = np.inf  # nobody is its own neighbour; a comparison in the loop costs 40 % more
    for k in range(num):
        distance2 = _distance2(rapidity_i, phi_i, rapidity[k], phi[k])
        if distance2 < smallest:
            nearest, smallest = k, distance2
    rapidity[i] = rapidity_i
    return nearest, smallest


@compiled
def _fill_taus(momenta_4P: Array, axes_N2N: Array, tau_NA: Array) -> None:
    """Add up tau_N for each N and beta of `BETAS`, for less axes than particles."""
    num = momenta_4P.shape[1]
    for i in range(num):
        rapidity, phi, pt2 = _direction(momenta_4P, i)
        pt = math.sqrt(pt2)
        for n in range(min(len(axes_N2N), num - 1)):
            distance2 = np.inf
            for k in range(n + 1):
                to_axis2 = _distance2(rapidity, phi, axes_N2N[n, 0, k], axes_N2N[n, 1, k])
                distance2 = min(distance2, to_axis2)
            distance = math.sqrt(distance2)
            tau_NA[n, 0] += pt * math.sqrt(distance)
            tau_NA[n, 1] += pt * distance
            tau_NA[n, 2] += pt * distance2
