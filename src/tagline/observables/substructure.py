"""The substructure of jets from two clustering histories each: kT and Cambridge/Aachen.

N-subjettiness on kT axes (1011.2268) and kT splitting scales; soft drop (Larkoski, Marzani, Soyez
and Thaler 2014, https://arxiv.org/abs/1402.2657), which with beta = 0 is the modified mass drop
tagger (1307.0007), and the primary Lund plane (Dreyer, Salam and Soyez 2018,
https://arxiv.org/abs/1807.04758) of Cambridge/Aachen; energy correlators (1305.0007, 1409.6298).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tagline.data.jets import Jets
from tagline.machine.compiled import compiled, inlined
from tagline.observables.correlators import correlate
from tagline.observables.frames import Array, Indices
from tagline.observables.history import CAMBRIDGE_AACHEN, KT, LEAF, Nodes, grow, momenta_of, room
from tagline.observables.subjets import BETAS, fill_taus

NUM_SCALES = 2


@dataclass(frozen=True)
class Grooming:
    """The condition z > z_cut (Delta / R0)^beta of soft drop (eq. 1.1)."""

    z_cut: float = 0.1
    beta: float = 0.0
    radius: float = 0.8


@dataclass(frozen=True)
class LundPlane:
    """Primary declusterings, each of the harder branch of the one before; S are those of all jets.

    Args:
        num_J: how many each jet has.
        delta_S: distance R of the branches.
        kt_S: pT of the softer branch times Delta [GeV].
        z_S: share of the softer branch in the scalar sum of their pT.
        psi_S: azimuth of the softer branch around the harder, atan2(d rapidity, d phi).
    """

    num_J: Indices
    delta_S: Array
    kt_S: Array
    z_S: Array
    psi_S: Array


@dataclass(frozen=True)
class Substructure:
    """Observables of jets; those that a jet has too few particles for are 0.

    Args:
        tau_JNA: N-subjettiness [GeV], not normalised, for N = 1, 2, ... and each beta of `BETAS`.
        scales_JN: sqrt d_12 and sqrt d_23 of kT, min(pT) R where 2 and 3 become 1 and 2 [GeV].
        softdrop_mass_J: mass of the groomed jet [GeV].
        z_g_J: share of the softer of the groomed jet's branches in their pT.
        r_g_J: distance R of its branches.
        e2_J: energy correlator of pairs of particles, at beta = 1.
        e3_J: likewise of triples.
        lund: primary Lund plane.
    """

    tau_JNA: Array
    scales_JN: Array
    softdrop_mass_J: Array
    z_g_J: Array
    r_g_J: Array
    e2_J: Array
    e3_J: Array
    lund: LundPlane


def substructure(
    jets: Jets, *, max_axes: int = 4, grooming: Grooming = Grooming()
) -> Substructure:
    """Return all observables of each jet."""
    num_J = jets.jets["num_constituents"].astype(np.int64)
    momenta_P4 = momenta_of(jets)
    found = _Found(
        tau_JNA=np.zeros((len(num_J), max_axes, len(BETAS))),
        scales_JN=np.zeros((len(num_J), NUM_SCALES)),
        groomed_J3=np.zeros((len(num_J), 3)),
        correlators_J2=np.zeros((len(num_J), 2)),
        num_lund_J=np.zeros(len(num_J), np.int64),
        lund_S4=np.empty((len(momenta_P4), 4)),
    )
    _fill(momenta_P4, num_J, grooming.z_cut, grooming.beta, grooming.radius, found)
    mass_J, z_g_J, r_g_J = found.groomed_J3.T
    e2_J, e3_J = found.correlators_J2.T
    delta_S, kt_S, z_S, psi_S = found.lund_S4[: found.num_lund_J.sum()].T
    return Substructure(
        tau_JNA=found.tau_JNA,
        scales_JN=found.scales_JN,
        softdrop_mass_J=mass_J,
        z_g_J=z_g_J,
        r_g_J=r_g_J,
        e2_J=e2_J,
        e3_J=e3_J,
        lund=LundPlane(found.num_lund_J, delta_S, kt_S, z_S, psi_S),
    )


class _Found(NamedTuple):
    """Room for the observables."""

    tau_JNA: Array
    scales_JN: Array
    groomed_J3: Array
    correlators_J2: Array
    num_lund_J: Indices
    lund_S4: Array


@compiled
def _fill(
    momenta_P4: Array, num_J: Indices, z_cut: float, beta: float, radius: float, found: _Found
) -> None:
    tree, left = room(num_J)
    distance_NN = np.empty((len(left.row_N), len(left.row_N)))
    begin, num_lund = 0, 0
    for jet in range(len(num_J)):
        num = num_J[jet]
        if num == 0:
            continue
        momenta_N4 = momenta_P4[begin : begin + num]
        grow(momenta_N4, KT, np.inf, tree, left)
        fill_taus(tree, num, found.tau_JNA[jet])
        _fill_scales(tree, num, found.scales_JN[jet])
        pt_N = np.sqrt(tree.pt2_T[:num])
        found.correlators_J2[jet] = correlate(
            pt_N / pt_N.sum(), tree.rapidity_T[:num], tree.phi_T[:num], distance_NN
        )
        grow(momenta_N4, CAMBRIDGE_AACHEN, np.inf, tree, left)
        found.groomed_J3[jet] = _groom(tree, num, z_cut, beta, radius)
        found.num_lund_J[jet] = _decluster(tree, num, found.lund_S4[num_lund:])
        begin, num_lund = begin + num, num_lund + found.num_lund_J[jet]


@compiled
def _fill_scales(tree: Nodes, num: int, scales_N: Array) -> None:
    for n in range(min(len(scales_N), num - 1)):
        node = 2 * num - 2 - n
        softer = tree.children_T2[node, 1]
        scales_N[n] = math.sqrt(tree.pt2_T[softer] * tree.distance2_T[node])


@compiled
def _groom(
    tree: Nodes, num: int, z_cut: float, beta: float, radius: float
) -> tuple[float, float, float]:
    """Follow the harder branch until z is large enough; return mass, z_g and r_g of what is left.

    A particle that is left alone has no branches, and 0 for both.
    """
    node, z, distance = 2 * num - 2, 0.0, 0.0
    while tree.children_T2[node, 0] != LEAF:
        z, distance = _softer_share(tree, node), math.sqrt(tree.distance2_T[node])
        if z > z_cut * (distance / radius) ** beta:
            break
        node, z, distance = tree.children_T2[node, 0], 0.0, 0.0
    pz, energy = tree.momenta_T4[node, 2], tree.momenta_T4[node, 3]
    mass2 = (energy + pz) * (energy - pz) - tree.pt2_T[node]
    return math.sqrt(max(0.0, mass2)), z, distance


@compiled
def _decluster(tree: Nodes, num: int, lund_S4: Array) -> int:
    """Write Delta, kT, z and psi of the primary declusterings, and return how many there are."""
    node, count = 2 * num - 2, 0
    while tree.children_T2[node, 0] != LEAF:
        harder, softer = tree.children_T2[node]
        distance = math.sqrt(tree.distance2_T[node])
        d_phi = tree.phi_T[softer] - tree.phi_T[harder]
        d_phi -= 2 * math.pi * round(d_phi / (2 * math.pi))
        lund_S4[count, 0] = distance
        lund_S4[count, 1] = math.sqrt(tree.pt2_T[softer]) * distance
        lund_S4[count, 2] = _softer_share(tree, node)
        lund_S4[count, 3] = math.atan2(tree.rapidity_T[softer] - tree.rapidity_T[harder], d_phi)
        node, count = harder, count + 1
    return count


@inlined
def _softer_share(tree: Nodes, node: int) -> float:
    """Return z, the share of the softer branch of a node in the scalar sum of their pT."""
    harder, softer = tree.children_T2[node]
    softer_pt = math.sqrt(tree.pt2_T[softer])
    return softer_pt / (softer_pt + math.sqrt(tree.pt2_T[harder]))
