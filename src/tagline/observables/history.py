"""Clustering histories: the binary trees in which a jet's particles are recombined.

The algorithms are those of generalised kT, with d_ij = min(pT_i^2p, pT_j^2p) R_ij^2 and sums of
four-momenta (E-scheme), as in FastJet, https://arxiv.org/abs/1111.6097: kT is p = 1, Cambridge/
Aachen p = 0, anti-kT p = -1. Without a radius a jet of n particles is one tree of 2 n - 1 nodes.
With a radius R, a pseudojet whose d_iB = pT_i^2p R^2 is the smallest is done, the root of a tree.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tagline.data.jets import Jets
from tagline.machine.compiled import compiled, inlined
from tagline.observables.directions import direction_of, distances2
from tagline.observables.frames import Array, Indices

KT, CAMBRIDGE_AACHEN, ANTI_KT = 1.0, 0.0, -1.0
MOMENTA = ("px", "py", "pz", "energy")
LEAF = -1


class Nodes(NamedTuple):
    """Nodes of trees: a jet's particles in their order, then what was merged, in its order.

    Args:
        momenta_T4: px, py, pz, E [GeV].
        pt2_T: square of the transverse momentum [GeV^2].
        rapidity_T: rapidity.
        phi_T: azimuth [rad].
        children_T2: places in the jet of the child with more pT and the other; of particles, -1.
        distance2_T: R^2 between the children; of particles, 0.
    """

    momenta_T4: Array
    pt2_T: Array
    rapidity_T: Array
    phi_T: Array
    children_T2: Indices
    distance2_T: Array


@dataclass(frozen=True)
class History:
    """The trees of jets behind each other; without a radius, a jet's last node is its root.

    Args:
        num_J: number of nodes of each jet.
        nodes: of all jets.
    """

    num_J: Indices
    nodes: Nodes


class Pseudojets(NamedTuple):
    """What is left of a jet while it is clustered.

    Args:
        node_N: place in the tree.
        rapidity_N: rapidity.
        phi_N: azimuth.
        weight_N: pT^2p.
        distance2_N: R^2 which that to the nearest neighbour is not below.
        metric_N: weight times distance2.
        row_N: R^2 of one of them to all.
    """

    node_N: Indices
    rapidity_N: Array
    phi_N: Array
    weight_N: Array
    distance2_N: Array
    metric_N: Array
    row_N: Array


def momenta_of(jets: Jets) -> Array:
    """Return px, py, pz, E of all constituents: (P, 4)."""
    momenta_P4 = np.empty((len(jets.constituents["px"]), 4))
    for column, name in enumerate(MOMENTA):
        momenta_P4[:, column] = jets.constituents[name]
    return momenta_P4


def cluster(
    momenta_P4: Array, num_J: Indices, *, power: float, radius: float = math.inf
) -> History:
    """Cluster the particles of each jet with the algorithm of this p."""
    nodes = _empty_nodes(2 * len(momenta_P4))
    num_nodes_J = _cluster(momenta_P4, num_J, power, radius**2, nodes)
    return History(num_nodes_J, _part(nodes, 0, int(num_nodes_J.sum())))


@compiled
def room(num_J: Indices) -> tuple[Nodes, Pseudojets]:
    """Return room for the tree of any of these jets, and for growing it."""
    largest = num_J.max() if len(num_J) else 0
    return _empty_nodes(2 * largest), _empty_pseudojets(largest)


@compiled
def _empty_nodes(num: int) -> Nodes:
    return Nodes(
        np.empty((num, 4)),
        np.empty(num),
        np.empty(num),
        np.empty(num),
        np.empty((num, 2), np.int64),
        np.empty(num),
    )


@compiled
def _empty_pseudojets(num: int) -> Pseudojets:
    return Pseudojets(
        np.empty(num, np.int64),
        np.empty(num),
        np.empty(num),
        np.empty(num),
        np.empty(num),
        np.empty(num),
        np.empty(num),
    )


@compiled
def _part(nodes: Nodes, begin: int, end: int) -> Nodes:
    return Nodes(
        nodes.momenta_T4[begin:end],
        nodes.pt2_T[begin:end],
        nodes.rapidity_T[begin:end],
        nodes.phi_T[begin:end],
        nodes.children_T2[begin:end],
        nodes.distance2_T[begin:end],
    )


@compiled
def _cluster(
    momenta_P4: Array, num_J: Indices, power: float, radius2: float, nodes: Nodes
) -> Indices:
    num_nodes_J = np.zeros(len(num_J), np.int64)
    _, left = room(num_J)
    begin, first = 0, 0
    for jet in range(len(num_J)):
        end = begin + num_J[jet]
        tree = _part(nodes, first, first + 2 * num_J[jet])
        num_nodes_J[jet] = grow(momenta_P4[begin:end], power, radius2, tree, left)
        begin, first = end, first + num_nodes_J[jet]
    return num_nodes_J


@compiled
def grow(momenta_N4: Array, power: float, radius2: float, tree: Nodes, left: Pseudojets) -> int:
    """Cluster the particles of one jet; return how many nodes its tree has.

    The pair of smallest d_ij has a member of smaller pT^2p whose nearest neighbour in R is the
    other (hep-ph/0512210), so that its pT^2p times the distance to its nearest neighbour is the
    smallest, too. A pseudojet may have lost the neighbour that its distance was to: then others
    are not nearer, and how far they are is looked at only when that distance would be the next.
    """
    _begin(momenta_N4, power, radius2, tree, left)
    momenta_T4, pt2_T, rapidity_T, phi_T, children_T2, distance2_T = tree
    node_N, rapidity_N, phi_N, weight_N, distance2_N, metric_N, row_N = left
    num_nodes = len(momenta_N4)
    for last in range(len(momenta_N4) - 1, 0, -1):
        first, second = _next(
            rapidity_N, phi_N, weight_N, distance2_N, metric_N, row_N, last + 1, radius2
        )
        kept, gone = min(first, second), max(first, second)
        merges = distance2_N[first] < radius2
        if not merges:
            gone = first
        else:
            _merge(momenta_T4, pt2_T, children_T2, num_nodes, node_N[kept], node_N[gone])
            pt2_T[num_nodes], rapidity, phi = direction_of(momenta_T4, num_nodes)
            rapidity_T[num_nodes], phi_T[num_nodes] = rapidity, phi
            distance2_T[num_nodes] = distance2_N[first]
            node_N[kept], rapidity_N[kept], phi_N[kept] = num_nodes, rapidity, phi
            weight_N[kept] = _weight(pt2_T[num_nodes], power)
            num_nodes += 1
        node_N[gone], rapidity_N[gone], phi_N[gone] = node_N[last], rapidity_N[last], phi_N[last]
        weight_N[gone], distance2_N[gone] = weight_N[last], distance2_N[last]
        metric_N[gone] = metric_N[last]
        if merges:
            _measure(rapidity_N, phi_N, kept, last, row_N)
            distance2_N[kept] = min(row_N[_argmin(row_N, last)], radius2)
            _approach(distance2_N, metric_N, weight_N, row_N, last)
    return num_nodes


@compiled
def _begin(momenta_N4: Array, power: float, radius2: float, tree: Nodes, left: Pseudojets) -> None:
    """Let all particles be nodes, and pseudojets at the distances to their nearest neighbours."""
    momenta_T4, pt2_T, rapidity_T, phi_T, children_T2, distance2_T = tree
    node_N, rapidity_N, phi_N, weight_N, distance2_N, metric_N, row_N = left
    num = len(momenta_N4)
    for i in range(num):
        for k in range(4):
            momenta_T4[i, k] = momenta_N4[i, k]
        children_T2[i, 0] = children_T2[i, 1] = LEAF
        distance2_T[i] = 0
        pt2_T[i], rapidity_T[i], phi_T[i] = direction_of(momenta_T4, i)
        node_N[i], rapidity_N[i], phi_N[i] = i, rapidity_T[i], phi_T[i]
        weight_N[i], distance2_N[i] = _weight(pt2_T[i], power), radius2
    for i in range(num):
        _measure(rapidity_N, phi_N, i, num, row_N)
        _approach(distance2_N, metric_N, weight_N, row_N, num)


@inlined
def _next(
    rapidity_N: Array,
    phi_N: Array,
    weight_N: Array,
    distance2_N: Array,
    metric_N: Array,
    row_N: Array,
    num: int,
    radius2: float,
) -> tuple[int, int]:
    """Return the pseudojet of smallest d, at the right distance, and its nearest neighbour."""
    first, measured = _argmin(metric_N, num), -1
    while first != measured:
        _measure(rapidity_N, phi_N, first, num, row_N)
        second, measured = _argmin(row_N, num), first
        nearest2 = min(row_N[second], radius2)
        if nearest2 > distance2_N[first]:
            distance2_N[first], metric_N[first] = nearest2, nearest2 * weight_N[first]
            first = _argmin(metric_N, num)
    return first, second


@inlined
def _weight(pt2: float, power: float) -> float:
    """Return pT^2p."""
    return 1.0 if power == 0 else pt2 if power == 1 else pt2**power


@inlined
def _merge(
    momenta_T4: Array, pt2_T: Array, children_T2: Indices, new: int, one: int, other: int
) -> None:
    harder, softer = (one, other) if pt2_T[one] >= pt2_T[other] else (other, one)
    children_T2[new, 0], children_T2[new, 1] = harder, softer
    for k in range(4):
        momenta_T4[new, k] = momenta_T4[one, k] + momenta_T4[other, k]


@inlined
def _measure(rapidity_N: Array, phi_N: Array, i: int, num: int, row_N: Array) -> None:
    """Write R^2 of a pseudojet to all; nobody is its own neighbour."""
    distances2(rapidity_N, phi_N, num, rapidity_N[i], phi_N[i], row_N)
    row_N[i] = np.inf


@inlined
def _approach(
    distance2_N: Array, metric_N: Array, weight_N: Array, row_N: Array, num: int
) -> None:
    """Let the pseudojet of this row be the neighbour of all that have none so near."""
    for k in range(num):
        distance2_N[k] = min(distance2_N[k], row_N[k])
        metric_N[k] = distance2_N[k] * weight_N[k]


@inlined
def _argmin(values_N: Array, num: int) -> int:
    """Return where the first so many numbers, none of them negative, are smallest.

    They sort as their bits do, and a smallest integer, unlike a smallest float, is vectorised.
    """
    bits_N = values_N.view(np.int64)
    smallest = bits_N[0]
    for k in range(1, num):
        smallest = min(smallest, bits_N[k])
    place = 0
    while bits_N[place] != smallest:
        place += 1
    return place
