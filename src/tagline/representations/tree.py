"""A jet as the binary tree of its clustering history.

The inputs of recursive networks: QCD-Aware Recursive Neural Networks for Jet Physics, Louppe, Cho,
Becot and Cranmer 2017, https://arxiv.org/abs/1702.00748, and TreeNiN of 1902.09914. A
"constituent" is a node, a particle or a sum of particles.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.inputs import Inputs, Statistics
from tagline.data.jets import Jets
from tagline.data.stored_jets import InPieces
from tagline.machine.compiled import compiled
from tagline.observables import frames
from tagline.observables.frames import Array, Indices, Particles
from tagline.observables.history import ANTI_KT, CAMBRIDGE_AACHEN, KT, LEAF, cluster, momenta_of
from tagline.representations import BaseRepresentation
from tagline.settings.options import RepresentationOptions

POWERS = {"kt": KT, "cambridge_aachen": CAMBRIDGE_AACHEN, "anti_kt": ANTI_KT}
FEATURES = ("momentum", "eta", "phi", "energy", "energy_fraction", "pt", "theta")
STRUCTURE = ("left", "right", "depth")


class Config(RepresentationOptions):
    """The particles, and how they are clustered."""

    max_constituents: int = Field(200, gt=0, description="leading constituents in pT")
    algorithm: Literal["kt", "cambridge_aachen", "anti_kt"] = "kt"
    radius: float | None = Field(
        None, gt=0, description="of the clustering, the hardest tree is kept; none for one tree"
    )
    frame: Literal["detector", "jet"] = Field(
        "detector",
        description="`jet`: boosted along the beam and turned about it, to rapidity and azimuth 0 "
        "of the jet; from few training jets a network learns much more there",
    )


@dataclass(frozen=True)
class _Trees:
    """Nodes of all jets: momenta [GeV]; left, right and depth of each."""

    num_J: Indices
    momenta_T4: Array
    structure_T3: Indices


class Representation(BaseRepresentation):
    """The nodes of each jet, its root first, then level by level down to the particles.

    Seven features |p|, eta, phi, E, E / E of the root, pT and theta, less their median, over the
    distance of their quartiles in all nodes of the training jets; `left` and `right`, the places
    in the jet of the child with more pT and of the other, -1 for particles; `depth`, the number of
    steps from the root.
    """

    def __init__(self, config: Config) -> None:
        self.max_constituents = config.max_constituents
        self.power = POWERS[config.algorithm]
        self.radius = config.radius or math.inf
        self.frame = config.frame

    def fit(self, train: InPieces) -> Statistics:
        """Return `centre` and `scale` of each feature."""
        values_TF = np.concatenate(
            [_features(self._trees(piece)).astype(np.float32) for piece in train.pieces()]
        )
        quartiles_3F = np.percentile(values_TF, [25, 50, 75], axis=0)
        scale_F = quartiles_3F[2] - quartiles_3F[0]
        return {"centre": quartiles_3F[1], "scale": np.where(scale_F > 0, scale_F, 1)}

    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return one row a node."""
        trees = self._trees(jets)
        values_TF = (_features(trees) - statistics["centre"]) / statistics["scale"]
        columns_T = (*values_TF.T, *trees.structure_T3.T)
        return Jets(
            jets={"num_constituents": trees.num_J.astype(np.int32)},
            constituents={
                name: column_T.astype(np.float32)
                for name, column_T in zip(FEATURES + STRUCTURE, columns_T, strict=True)
            },
        )

    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe the nodes."""
        return Inputs(
            constituent_features=FEATURES + STRUCTURE,
            max_constituents=2 * self.max_constituents - 1,
            statistics=statistics,
        )

    def _trees(self, jets: Jets) -> _Trees:
        particles = frames.leading(jets, self.max_constituents)
        momenta_P4 = momenta_of(jets)[particles.row_P]
        if self.frame == "jet":
            momenta_P4 = _in_jet_frame(momenta_P4, particles)
        history = cluster(momenta_P4, particles.num_J, power=self.power, radius=self.radius)
        nodes = history.nodes
        num_J, row_T, structure_T3 = _downwards(history.num_J, nodes.children_T2, nodes.pt2_T)
        return _Trees(num_J, nodes.momenta_T4[row_T], structure_T3)


def _in_jet_frame(momenta_P4: Array, particles: Particles) -> Array:
    """Boost each jet along the beam and turn it about it, to rapidity and azimuth 0."""
    px_P, py_P, pz_P, energy_P = momenta_P4.T
    px_J, py_J, pz_J, energy_J = (particles.sum(column_P) for column_P in momenta_P4.T)
    rapidity_P = np.arctanh(_ratio(pz_J, energy_J))[particles.jet_P]
    phi_P = np.arctan2(py_J, px_J)[particles.jet_P]
    columns = (
        px_P * np.cos(phi_P) + py_P * np.sin(phi_P),
        py_P * np.cos(phi_P) - px_P * np.sin(phi_P),
        pz_P * np.cosh(rapidity_P) - energy_P * np.sinh(rapidity_P),
        energy_P * np.cosh(rapidity_P) - pz_P * np.sinh(rapidity_P),
    )
    return np.stack(columns, axis=1)


def _features(trees: _Trees) -> Array:
    """Return `FEATURES`, not scaled; a momentum along the beam has eta 0, as for the authors."""
    px, py, pz, energy = trees.momenta_T4.T
    pt2 = px**2 + py**2
    pt = np.sqrt(pt2)
    slope = _ratio(pz, pt)
    root_J = (np.cumsum(trees.num_J) - trees.num_J)[trees.num_J > 0]
    fraction = energy / np.repeat(energy[root_J], trees.num_J[trees.num_J > 0])
    columns = (
        np.sqrt(pt2 + pz**2),
        np.arcsinh(slope),
        np.arctan2(py, px),
        energy,
        fraction,
        pt,
        np.arctan2(pt, pz),
    )
    return np.stack(columns, axis=1)


def _ratio(upper: Array, lower: Array) -> Array:
    """Return the ratio, 0 where there is nothing."""
    return np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0)


@compiled
def _downwards(
    num_J: Indices, children_T2: Indices, pt2_T: Array
) -> tuple[Indices, Indices, Indices]:
    """Return the nodes of each jet's hardest tree: how many, their rows, and their structure."""
    kept_J = np.zeros_like(num_J)
    row_T = np.empty(len(pt2_T), np.int64)
    structure_T3 = np.full((len(pt2_T), 3), LEAF)
    begin, first = 0, 0
    for jet in range(len(num_J)):
        end = begin + num_J[jet]
        if num_J[jet] > 0:
            root = _hardest_root(children_T2[begin:end], pt2_T[begin:end])
            kept_J[jet] = _order(children_T2[begin:end], root, row_T[first:], structure_T3[first:])
            row_T[first : first + kept_J[jet]] += begin
        begin, first = end, first + kept_J[jet]
    return kept_J, row_T[:first], structure_T3[:first]


@compiled
def _hardest_root(children_T2: Indices, pt2_T: Array) -> int:
    is_child_T = np.zeros(len(pt2_T), np.bool_)
    for children in children_T2:
        if children[0] != LEAF:
            is_child_T[children] = True
    return int(np.where(is_child_T, -1.0, pt2_T).argmax())


@compiled
def _order(children_T2: Indices, root: int, row_T: Indices, structure_T3: Indices) -> int:
    """Write the nodes below a root level by level, and their structure; return their number."""
    row_T[0], structure_T3[0, 2] = root, 0
    num, place = 1, 0
    while place < num:
        children = children_T2[row_T[place]]
        if children[0] != LEAF:
            for side in range(2):
                row_T[num], structure_T3[place, side] = children[side], num
                structure_T3[num, 2] = structure_T3[place, 2] + 1
                num += 1
        place += 1
    return num
