"""The last two kT subjets of a jet: how far they are apart, and how they share its momentum.

Longitudinally-invariant kT-clustering algorithms for hadron-hadron collisions, Catani et al.
(1993), https://doi.org/10.1016/0550-3213(93)90166-M; Strategies to identify boosted tops, Thaler
and Wang (2008), arXiv:0806.0023. The radius is that of ATLAS' code (JetSubStructureUtils), which
takes pseudorapidities for the distance.
"""

import math

import numpy as np

from tagline.data.jets import Jets
from tagline.machine.compiled import compiled
from tagline.observables.frames import Array, Indices
from tagline.observables.history import KT, LEAF, Nodes, cluster, momenta_of
from tagline.observables.ratios import ratio

RADIUS = 0.4


def last_two_distance(jets: Jets) -> Array:
    """Return R in rapidity and azimuth between the two exclusive kT jets of R = 0.4: (J,).

    It is 0 for less than two particles. With a radius, a subjet is done where it is too far from
    others, so that two hard ones stay apart, and what is soft and far does not count.
    """
    num_J = jets.jets["num_constituents"].astype(np.int64)
    history = cluster(momenta_of(jets), num_J, power=KT, radius=RADIUS)
    return _distances(history.nodes, history.num_J, num_J)


def splitting_share(splitting_J: Array, mass_J: Array) -> Array:
    """Return z_cut = d / (d + m^2) of the last splitting: 0806.0023, with d = (sqrt d_12)^2 (J,).

    It is small where the softer subjet is; 0 for a jet of one particle.
    """
    return ratio(splitting_J**2, splitting_J**2 + mass_J**2)


@compiled
def _distances(nodes: Nodes, num_nodes_J: Indices, num_J: Indices) -> Array:
    distance_J = np.zeros(len(num_J))
    begin = 0
    for jet in range(len(num_J)):
        end = begin + num_nodes_J[jet]
        if num_J[jet] > 1:
            one, other = _last_two(
                nodes.pt2_T[begin:end], nodes.children_T2[begin:end], nodes.distance2_T[begin:end]
            )
            distance_J[jet] = _distance(nodes, begin + one, begin + other)
        begin = end
    return distance_J


@compiled
def _last_two(pt2_T: Array, children_T2: Indices, distance2_T: Array) -> tuple[int, int]:
    """Return the nodes that are left before the last step but one.

    kT goes up in d: the hardest root is done last. Before that either it was merged, at
    d = min(pT^2) R_12^2 / R^2, or the second hardest root was done, at d = pT^2: what has the
    larger d came later.
    """
    is_root_T = np.ones(len(pt2_T), np.bool_)
    for node in range(len(pt2_T)):
        if children_T2[node, 0] != LEAF:
            is_root_T[children_T2[node, 0]] = is_root_T[children_T2[node, 1]] = False
    first, second = -1, -1
    for node in range(len(pt2_T)):
        if is_root_T[node]:
            if first < 0 or pt2_T[node] > pt2_T[first]:
                first, second = node, first
            elif second < 0 or pt2_T[node] > pt2_T[second]:
                second = node
    harder, softer = children_T2[first]
    if harder == LEAF:
        return first, second
    merged_at = pt2_T[softer] * distance2_T[first] / RADIUS**2
    if second < 0 or merged_at > pt2_T[second]:
        return harder, softer
    return first, second


@compiled
def _distance(nodes: Nodes, one: int, other: int) -> float:
    d_rapidity = nodes.rapidity_T[one] - nodes.rapidity_T[other]
    d_phi = abs(nodes.phi_T[one] - nodes.phi_T[other])
    return math.hypot(d_rapidity, min(d_phi, 2 * math.pi - d_phi))
