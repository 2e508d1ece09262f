"""N-subjettiness from one kT clustering history a jet.

Identifying Boosted Objects with N-subjettiness, Thaler and Van Tilburg 2011, https://arxiv.org/abs/1011.2268.
The axes are the exclusive kT subjets with E-scheme recombination, as `KT_Axes` of fastjet-contrib.
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
    return _all_taus(momenta_4P, jets.jets["num_constituents"].astype(np.int64), max_axes)


@compiled
def _all_taus(momenta_4P: Array, num_J: Indices, max_axes: int) -> Array:
    tau_JNA = np.zeros((len(num_J), max_axes, 3))
    longest = 0
    for num in num_J:
        longest = max(longest, num)
    work = np.empty((9, longest))
    nearest = np.zeros(longest, np.int64)
    axes_N2N = np.empty((max_axes, 2, max_axes))
    begin = 0
    for jet in range(len(num_J)):
        end = begin + num_J[jet]
        particles_4P = momenta_4P[:, begin:end]
        _cluster(particles_4P, work, nearest, axes_N2N)
        _taus(particles_4P, axes_N2N, tau_JNA[jet])
        begin = end
    return tau_JNA


@compiled
def _rapidity(px: float, py: float, pz: float, energy: float) -> float:
    """Return the rapidity, with FastJet's guard against negative masses."""
    pt2 = px * px + py * py
    mass2 = max(0.0, (energy + pz) * (energy - pz) - pt2)
    size = 0.5 * math.log((pt2 + mass2) / (energy + abs(pz)) ** 2)
    return -size if pz > 0 else size


@compiled
def _separation2(rapidity_1: float, phi_1: float, rapidity_2: float, phi_2: float) -> float:
    """Return R^2 of two directions."""
    d_phi = abs(phi_1 - phi_2)
    d_phi = min(d_phi, 2 * math.pi - d_phi)
    return (rapidity_1 - rapidity_2) ** 2 + d_phi * d_phi


@compiled
def _cluster(particles_4P: Array, work: Array, nearest: Indices, axes_N2N: Array) -> None:
    """Merge particles by kT; axes_N2N[N - 1, :, :N] are rapidity and phi when N are left.

    The pair of smallest min(pT^2) R^2 has one member whose nearest neighbour in R is the other
    (hep-ph/0512210), so that each particle only remembers its nearest neighbour.
    """
    px, py, pz, energy, rapidity, phi, pt2, distance2, metric = work
    num = particles_4P.shape[1]
    for i in range(num):
        px[i], py[i], pz[i], energy[i] = particles_4P[:, i]
        rapidity[i] = _rapidity(px[i], py[i], pz[i], energy[i])
        phi[i], pt2[i] = math.atan2(py[i], px[i]), px[i] ** 2 + py[i] ** 2
        distance2[i] = np.inf
        for j in range(i):
            d2 = _separation2(rapidity[i], phi[i], rapidity[j], phi[j])
            if d2 < distance2[i]:
                distance2[i], nearest[i] = d2, j
            if d2 < distance2[j]:
                distance2[j], nearest[j] = d2, i
    for i in range(num):
        metric[i] = distance2[i] * min(pt2[i], pt2[nearest[i]])
    while num > 0:
        if num <= len(axes_N2N):
            axes_N2N[num - 1, 0, :num] = rapidity[:num]
            axes_N2N[num - 1, 1, :num] = phi[:num]
        if num == 1:
            break
        i = int(np.argmin(metric[:num]))
        kept, gone = min(i, nearest[i]), max(i, nearest[i])
        px[kept] += px[gone]
        py[kept] += py[gone]
        pz[kept] += pz[gone]
        energy[kept] += energy[gone]
        rapidity[kept] = _rapidity(px[kept], py[kept], pz[kept], energy[kept])
        phi[kept], pt2[kept] = math.atan2(py[kept], px[kept]), px[kept] ** 2 + py[kept] ** 2
        num -= 1
        for row in work:
            row[gone] = row[num]
        nearest[gone] = nearest[num]
        distance2[kept] = np.inf
        for k in range(num):
            if k == kept:
                continue
            d2 = _separation2(rapidity[k], phi[k], rapidity[kept], phi[kept])
            if d2 < distance2[kept]:
                distance2[kept], nearest[kept] = d2, k
            if nearest[k] == kept or nearest[k] == gone:
                distance2[k] = np.inf
                for m in range(num):
                    if m != k:
                        d2_km = _separation2(rapidity[k], phi[k], rapidity[m], phi[m])
                        if d2_km < distance2[k]:
                            distance2[k], nearest[k] = d2_km, m
                metric[k] = distance2[k] * min(pt2[k], pt2[nearest[k]])
            elif d2 < distance2[k]:
                distance2[k], nearest[k] = d2, kept
                metric[k] = d2 * min(pt2[k], pt2[kept])
            elif nearest[k] == num:
                nearest[k] = gone
        metric[kept] = distance2[kept] * min(pt2[kept], pt2[nearest[kept]])


@compiled
def _taus(particles_4P: Array, axes_N2N: Array, tau_NA: Array) -> None:
    """Fill tau_N for each N and beta of `BETAS`, zero unless there are more than N particles."""
    num = particles_4P.shape[1]
    for i in range(num):
        px, py, pz, energy = particles_4P[:, i]
        rapidity, phi = _rapidity(px, py, pz, energy), math.atan2(py, px)
        pt = math.sqrt(px * px + py * py)
        for n in range(min(len(axes_N2N), num - 1)):
            d2 = np.inf
            for k in range(n + 1):
                d2 = min(d2, _separation2(rapidity, phi, axes_N2N[n, 0, k], axes_N2N[n, 1, k]))
            distance = math.sqrt(d2)
            tau_NA[n, 0] += pt * math.sqrt(distance)
            tau_NA[n, 1] += pt * distance
            tau_NA[n, 2] += pt * d2
