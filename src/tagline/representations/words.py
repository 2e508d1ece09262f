"""A jet as a bag of words: what its Cambridge/Aachen declusterings look like, in bins.

The documents of Uncovering latent jet substructure, Dillon, Faroughy and Kamenik 2019,
https://arxiv.org/abs/1904.04200. A "constituent" is a word. Observables and bins are those of the
authors' code (bmdillon/lda-jet-substructure); there, N-subjettiness is part of a jet, but not of
its words: that each ratio is a word, and its bins, are our choice.
"""

from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from tagline.data.inputs import Inputs, Statistics
from tagline.data.jets import Jets
from tagline.data.stored_jets import InPieces
from tagline.observables import frames
from tagline.observables.frames import Array, Indices
from tagline.observables.history import CAMBRIDGE_AACHEN, LEAF, cluster, momenta_of
from tagline.observables.subjets import BETAS, nsubjettiness
from tagline.representations import BaseRepresentation
from tagline.settings.options import RepresentationOptions


class Config(RepresentationOptions):
    """Which particles count."""

    max_constituents: int = Field(200, gt=0, description="leading constituents in pT")


@dataclass(frozen=True)
class _Axis:
    """Bins of equal width; what lies outside is in the first or the last."""

    low: float
    width: float
    num: int

    def bins(self, values: Array) -> Indices:
        return np.clip(np.floor((values - self.low) / self.width), 0, self.num - 1).astype(int)


SMALLEST_MASS = 30.0  # [GeV]; lighter subjets are not declustered into words
AXES = {
    "mass": _Axis(low=SMALLEST_MASS, width=10.0, num=18),  # the last one is open, from 200 GeV
    "mass_drop": _Axis(low=0.0, width=0.05, num=20),
    "mass_ratio": _Axis(low=0.0, width=0.1, num=10),
    "kt_distance": _Axis(low=0.0, width=0.1, num=10),
    "helicity": _Axis(low=-1.0, width=0.1, num=20),
}
SHAPE = tuple(axis.num for axis in AXES.values())
RATIOS = ((2, 1), (3, 2), (3, 1))  # of tau_N, at beta = 1
RATIO_AXIS = _Axis(low=0.0, width=0.05, num=20)


class Representation(BaseRepresentation):
    """One word for each declustering of a subjet of at least 30 GeV, one for each ratio of tau_N.

    Words are numbered in the `vocabulary` of the training jets; those that are not in it are left
    out. `mass` [GeV] is the middle of the bin of the declustered subjet, 0 for ratios.
    """

    def __init__(self, config: Config) -> None:
        self.max_constituents = config.max_constituents

    def fit(self, train: InPieces) -> Statistics:
        """Return the `vocabulary`, as numbers of cells, and the `mass` of its words."""
        vocabulary_V = np.unique(np.concatenate([self._cells(jets)[1] for jets in train.pieces()]))
        is_declustering_V = vocabulary_V < np.prod(SHAPE)
        bin_V = vocabulary_V // np.prod(SHAPE[1:])
        mass_V = AXES["mass"].low + AXES["mass"].width * (bin_V + 0.5)
        return {
            "vocabulary": vocabulary_V.astype(np.float64),
            "mass": np.where(is_declustering_V, mass_V, 0.0),
        }

    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return one row a word."""
        jet_S, cell_S = self._cells(jets)
        vocabulary_V = statistics["vocabulary"]
        word_S = np.searchsorted(vocabulary_V, cell_S).clip(max=len(vocabulary_V) - 1)
        is_known_S = vocabulary_V[word_S] == cell_S
        num_J = np.bincount(jet_S[is_known_S], minlength=len(jets))
        return Jets(
            jets={"num_constituents": num_J.astype(np.int32)},
            constituents={"word": word_S[is_known_S].astype(np.float32)},
        )

    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe the words."""
        return Inputs(
            constituent_features=("word",),
            max_constituents=self.max_constituents - 1 + len(RATIOS),
            statistics=statistics,
        )

    def _cells(self, jets: Jets) -> tuple[Indices, Indices]:
        """Return the jet and the number of the cell of each word, jet by jet."""
        jets = _leading(jets, self.max_constituents)
        jet_S, observables_SF = declusterings(jets)
        bins = [axis.bins(x_S) for axis, x_S in zip(AXES.values(), observables_SF.T, strict=True)]
        cell_S = np.ravel_multi_index(bins, SHAPE)
        ratio_JF = RATIO_AXIS.bins(_ratios(jets))
        ratio_JF += np.prod(SHAPE) + RATIO_AXIS.num * np.arange(len(RATIOS))
        jet_W = np.concatenate([jet_S, np.repeat(np.arange(len(jets)), len(RATIOS))])
        order_W = np.argsort(jet_W, kind="stable")
        return jet_W[order_W], np.concatenate([cell_S, ratio_JF.ravel()])[order_W]


def _leading(jets: Jets, max_constituents: int) -> Jets:
    particles = frames.leading(jets, max_constituents)
    return replace(
        jets,
        jets={"num_constituents": particles.num_J},
        constituents={name: x[particles.row_P] for name, x in jets.constituents.items()},
    )


def _ratios(jets: Jets) -> Array:
    """Return the ratios of tau_N: (J, 3)."""
    tau_JN = nsubjettiness(jets, 3)[:, :, BETAS.index(1.0)]
    upper_JF, lower_JF = (tau_JN[:, [pair[side] - 1 for pair in RATIOS]] for side in (0, 1))
    return _ratio(upper_JF, lower_JF)


def declusterings(jets: Jets) -> tuple[Indices, Array]:
    """Return the jet and the observables `AXES` of each declustering of a heavy subjet: (S, 5).

    A subjet 0 falls into 1 and 2, of which 1 is heavier: m_0 [GeV], m_1 / m_0, m_2 / m_1,
    min(pT_1^2, pT_2^2) R_12^2 / m_0^2, and the cosine of the angle at which 1 leaves in the rest
    frame of 0, to the direction of 0.
    """
    num_J = jets.jets["num_constituents"].astype(np.int64)
    history = cluster(momenta_of(jets), num_J, power=CAMBRIDGE_AACHEN)
    nodes, jet_T = history.nodes, np.repeat(np.arange(len(num_J)), history.num_J)
    momenta_T4 = nodes.momenta_T4
    mass_T = np.sqrt(np.maximum(_product(momenta_T4, momenta_T4), 0))
    first_T = (np.cumsum(history.num_J) - history.num_J)[jet_T]
    subjet_S = np.flatnonzero((nodes.children_T2[:, 0] != LEAF) & (mass_T >= SMALLEST_MASS))
    children_S2 = nodes.children_T2[subjet_S] + first_T[subjet_S, None]
    lighter_first_S = mass_T[children_S2[:, 0]] < mass_T[children_S2[:, 1]]
    children_S2[lighter_first_S] = children_S2[lighter_first_S, ::-1]
    heavier_S, lighter_S = children_S2.T
    mass_S = mass_T[subjet_S]
    observables = (
        mass_S,
        mass_T[heavier_S] / mass_S,
        _ratio(mass_T[lighter_S], mass_T[heavier_S]),
        nodes.pt2_T[children_S2].min(axis=1) * nodes.distance2_T[subjet_S] / mass_S**2,
        _helicity(momenta_T4[subjet_S], momenta_T4[heavier_S]),
    )
    return jet_T[subjet_S], np.stack(observables, axis=1)


def _helicity(parent_S4: Array, child_S4: Array) -> Array:
    """Return the cosine of the angle between a child, in its parent's rest frame, and the parent.

    The parent's momentum P defines both: |p*| cos = (p . P E / |P| - e |P|) / m.
    """
    mass_S = np.sqrt(_product(parent_S4, parent_S4))
    momentum_S = np.linalg.norm(parent_S4[:, :3], axis=1)
    along_S = (parent_S4[:, :3] * child_S4[:, :3]).sum(axis=1) / momentum_S
    forward_S = (along_S * parent_S4[:, 3] - child_S4[:, 3] * momentum_S) / mass_S
    energy_S = _product(parent_S4, child_S4) / mass_S
    size2_S = energy_S**2 - np.maximum(_product(child_S4, child_S4), 0)
    size_S = np.sqrt(np.maximum(size2_S, forward_S**2))
    return _ratio(forward_S, size_S)


def _product(one_S4: Array, other_S4: Array) -> Array:
    """Return the Minkowski products of momenta."""
    products_S4 = one_S4 * other_S4
    product_S: Array = products_S4[:, 3] - products_S4[:, :3].sum(axis=1)
    return product_S


def _ratio(upper: Array, lower: Array) -> Array:
    """Return the ratio, 0 where the denominator vanishes."""
    return np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0)
