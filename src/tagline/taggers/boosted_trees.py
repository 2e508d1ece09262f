"""Boosted decision trees on the observables of a jet, the classifier that physicists expect.

Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", 2001,
https://doi.org/10.1214/aos/1013203451. scikit-learn grows the trees, on histograms of the
observables as LightGBM does; they are then tensors, and PyTorch evaluates them.
"""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import torch
from pydantic import Field
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.learning.fitted import Fitted
from tagline.networks.forests import Forest, Nodes
from tagline.networks.layers import columns_of
from tagline.settings.strict import Strict


class Config(Strict):
    """How the trees grow, with trees and rate [chosen] for 20,000 to a million jets."""

    observables: tuple[str, ...] = Field((), description="jet features that are used; () for all")
    trees: int = Field(500, gt=0, description="at most so many; for each class if more than two")
    leaves: int = Field(31, gt=1, description="at most so many in a tree")
    depth: int = Field(6, gt=0, description="at most so many cuts above a leaf")
    learning_rate: float = Field(0.1, gt=0, description="by which the leaves are multiplied")
    smallest_leaf: float = Field(1e-3, ge=0, lt=1, description="share of the jets in each leaf")
    held_out: float = Field(0.1, gt=0, lt=1, description="share of the jets, tells when to stop")
    patience: int = Field(10, gt=0, description="stop after so many trees that do not help those")


class Tagger(Fitted):
    """A sum over trees: 30,501 numbers for two classes, a start and a cut or leaf's value each.

    The sum z is the log odds of two classes, of which the first has logit zero.
    """

    column_G: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.config = config
        self.num_classes = inputs.num_classes
        self.num_sums = 1 if inputs.num_classes == 2 else inputs.num_classes
        num_trees = self.num_sums * config.trees
        self.start_C = nn.Parameter(torch.zeros(self.num_sums))
        self.forest = Forest(num_trees, leaves=config.leaves, depth=config.depth)
        self.register_buffer("column_G", columns_of(config.observables, inputs))

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        value_BT = self.forest(batch.features_BG[:, self.column_G])
        logits_BC = value_BT.view(len(batch), -1, self.num_sums).sum(1) + self.start_C
        return F.pad(logits_BC, (1, 0)) if self.num_sums == 1 else logits_BC

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Grow the trees and copy them; the seed picks the jets that are held out."""
        if len(np.unique(train.label_J.numpy())) < self.num_classes:
            raise ValueError(f"boosted trees need jets of all {self.num_classes} classes")
        grown = self._grow(train, seed)
        self.start_C.copy_(torch.from_numpy(grown._baseline_prediction[0]))
        self.forest.plant(_trees(grown))

    def _grow(self, train: PackedJets, seed: int) -> HistGradientBoostingClassifier:
        config = self.config
        trees = HistGradientBoostingClassifier(
            max_iter=config.trees,
            max_leaf_nodes=config.leaves,
            max_depth=config.depth,
            learning_rate=config.learning_rate,
            min_samples_leaf=max(1, round(config.smallest_leaf * len(train))),
            early_stopping=True,
            validation_fraction=config.held_out,
            n_iter_no_change=config.patience,
            random_state=seed,
        )
        x_JG = train.features_JG[:, self.column_G].numpy()
        with threadpool_limits(torch.get_num_threads(), user_api="openmp"):
            return trees.fit(x_JG, train.label_J.numpy(), train.weight_J.double().numpy())


def _trees(grown: HistGradientBoostingClassifier) -> Iterator[Nodes]:
    """Yield the nodes of each tree, those of all classes before the next round."""
    for predictor in chain.from_iterable(grown._predictors):
        yield predictor.nodes
