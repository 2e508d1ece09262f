"""uBoost: trees that give jets more weight where too few or too many of them pass a cut.

uBoost: a boosting method for producing uniform selection efficiencies from multivariate
classifiers, Stevens (2013), arXiv:1305.7248. One classifier is boosted for each efficiency, at
which alone it is uniform; a jet's probability is the share of classifiers whose cut it passes.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_matrix
from scipy.special import expit
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.learning.fitted import Fitted
from tagline.learning.tree_growth import Grower, Limits
from tagline.learning.two_classes import TwoClasses, balanced, require_two_classes, two_classes
from tagline.measures.quantile_maps import quantiles
from tagline.measures.uniformity import Array, Rows
from tagline.networks.forests import Forest, Nodes
from tagline.networks.layers import columns_of
from tagline.settings.strict import Strict

LEAST_ERROR = 1e-6  # of a tree, so that none counts infinitely


class Config(Strict):
    """How the trees grow and what they are to be; sizes are [chosen], near those of hep_ml."""

    observables: tuple[str, ...] = Field((), description="jet features that are used; () for all")
    uniform: Literal["background", "signal"] = Field(
        "background", description="class that is to be uniform in the protected columns"
    )
    efficiencies: tuple[float, ...] = Field(
        (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01),
        min_length=1,
        description="shares of that class which pass the cuts, each with its own classifier",
    )
    uniforming_rate: float = Field(1.0, ge=0, description="0 is AdaBoost as usual")
    neighbours: int = Field(50, gt=0, description="jets that tell the efficiency at a place")
    smoothing: float = Field(
        0.5, gt=0, description="score within which a cut goes from fail to pass; near 0, a step"
    )
    trees: int = Field(100, gt=0, description="so many grow in each classifier")
    leaves: int = Field(16, gt=1, description="at most so many in a tree")
    depth: int = Field(4, gt=0, description="at most so many cuts above a leaf")
    learning_rate: float = Field(1.0, gt=0, description="by which the trees are multiplied")
    smallest_leaf: float = Field(1e-3, ge=0, lt=1, description="share of the jets in each leaf")


class Tagger(Fitted):
    """Sums over trees, and a cut on each.

    One more classifier is half passed by all jets, so that no probability is 0 or 1.
    """

    column_G: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        require_two_classes(inputs, tagger="uboost")
        self.config = config
        num_cuts = len(config.efficiencies)
        self.cut_E = nn.Parameter(torch.zeros(num_cuts))
        self.forest = Forest(num_cuts * config.trees, leaves=config.leaves, depth=config.depth)
        self.register_buffer("column_G", columns_of(config.observables, inputs))

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC, of which the softmax is the share of the classifiers."""
        value_BT = self.forest(batch.features_BG[:, self.column_G])
        score_BE = value_BT.view(len(batch), len(self.cut_E), -1).sum(2)
        margin_BE = (score_BE - self.cut_E) / self.config.smoothing
        num_BC = torch.stack([(-margin_BE).sigmoid().sum(1), margin_BE.sigmoid().sum(1)], dim=1)
        return (num_BC + 0.5).log()

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Boost a classifier for each efficiency."""
        config = self.config
        jets = two_classes(train, uniform=config.uniform)
        of_uniform_JJ = _mean_of_nearest(jets, jets.uniform_J, config.neighbours)
        of_others_JJ = _mean_of_nearest(jets, jets.other_J, config.neighbours)
        mean_JJ = of_uniform_JJ + of_others_JJ
        limits = Limits(config.leaves, config.depth, config.smallest_leaf)
        grower = Grower(train.features_JG[:, self.column_G].numpy(), limits, seed=seed)
        trees = []
        for place, efficiency in enumerate(config.efficiencies):
            for nodes, cut in self._boost(grower, jets, mean_JJ, efficiency):
                trees.append(nodes)
                self.cut_E[place] = cut
        self.forest.plant(trees)

    def _boost(
        self, grower: Grower, jets: TwoClasses, mean_JJ: csr_matrix, efficiency: float
    ) -> Iterator[tuple[Nodes, float]]:
        """Yield trees, each with the cut on the score up to it."""
        config = self.config
        weight_J, score_J = jets.weight_J, np.zeros_like(jets.sign_J)
        for _ in range(config.trees):
            tree = grower.grow(jets.sign_J, weight_J)
            vote_L = np.where(tree.mean_L > 0, 1.0, -1.0)
            vote_J = vote_L[tree.leaf_J]
            step_J = tree.give(
                config.learning_rate * _significance(vote_J, weight_J, jets) * vote_L
            )
            score_J += step_J
            weight_J = balanced(weight_J * np.exp(-jets.sign_J * step_J), jets.sign_J)
            cut = _cut(score_J, jets, efficiency)
            passed_J = expit((score_J - cut) / config.smoothing)
            lack_J = efficiency - mean_JJ @ passed_J
            growth = config.uniforming_rate * _haste(lack_J, weight_J) * jets.sign_J * lack_J
            weight_J[jets.uniform_J] *= np.exp(growth[jets.uniform_J])
            weight_J = balanced(weight_J, jets.sign_J)
            yield tree.nodes, cut


def _significance(vote_J: Array, weight_J: Array, jets: TwoClasses) -> float:
    """Return alpha = 1/2 ln((1 - e) / e), where e is the share of wrong votes (eq. 2)."""
    error = np.average(vote_J != jets.sign_J, weights=weight_J)
    error = np.clip(error, LEAST_ERROR, 1 - LEAST_ERROR)
    return float(0.5 * np.log((1 - error) / error))


def _haste(lack_J: Array, weight_J: Array) -> float:
    """Return beta = ln(1 / e'), where e' is the mean deviation of the efficiencies.

    The paper has ln((1 - e') / e'), which is negative for e' above a half. As in the authors' own
    remark in hep_ml, this is not; and the mean is over jets of both classes, likewise.
    """
    deviation = np.average(np.abs(lack_J), weights=weight_J)
    return float(-np.log(max(deviation, LEAST_ERROR)))


def _mean_of_nearest(jets: TwoClasses, rows_U: Rows, num_neighbours: int) -> csr_matrix:
    """Return what takes x_J to its mean near each of some of the jets, among each other."""
    groups = jets.neighbourhoods(rows_U, num_neighbours)
    weight_I = jets.weight_J[groups.row_I]
    part_I = weight_I / groups.sums(weight_I)[groups.group_I]
    shape = (len(jets.sign_J), len(jets.sign_J))
    return csr_matrix((part_I, (rows_U[groups.group_I], groups.row_I)), shape=shape)


def _cut(score_J: Array, jets: TwoClasses, efficiency: float) -> float:
    """Return the cut that this share of the weight passes of the jets that are to be uniform."""
    rows_U, level = jets.uniform_J, np.array([1 - efficiency])
    return float(quantiles(score_J[rows_U], level, jets.weight_J[rows_U])[0])
