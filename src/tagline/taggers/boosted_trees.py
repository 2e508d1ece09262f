"""Boosted decision trees on the observables of a jet, the classifier that physicists expect.

Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", 2001,
https://doi.org/10.1214/aos/1013203451. scikit-learn grows the trees, on histograms of the
observables as LightGBM does; they are then tensors, and PyTorch evaluates them.
"""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.batch import Batch
from tagline.delivery import PackedJets
from tagline.fitted import Fitted
from tagline.inputs import Inputs
from tagline.layers import columns_of
from tagline.strict import Strict


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

    Every tree has room for the most nodes. The children of a leaf are itself, so that all jets
    take as many steps in all trees; trees that were not grown are one leaf with the value zero.
    The sum z is the log odds of two classes, of which the first has logit zero.
    """

    column_G: Tensor
    root_T: Tensor
    feature_M: Tensor
    left_M: Tensor
    right_M: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.config = config
        self.num_classes = inputs.num_classes
        self.num_sums = 1 if inputs.num_classes == 2 else inputs.num_classes
        self.room = 2 * config.leaves - 1
        num_nodes = self.num_sums * config.trees * self.room
        itself_M = torch.arange(num_nodes, dtype=torch.int32)
        self.start_C = nn.Parameter(torch.zeros(self.num_sums))
        self.number_M = nn.Parameter(torch.zeros(num_nodes))
        self.register_buffer("column_G", columns_of(config.observables, inputs))
        self.register_buffer("root_T", itself_M[:: self.room].clone())
        self.register_buffer("feature_M", torch.zeros_like(itself_M))
        self.register_buffer("left_M", itself_M)
        self.register_buffer("right_M", itself_M.clone())

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        value_BT = self._values(batch.features_BG[:, self.column_G])
        logits_BC = value_BT.view(len(batch), -1, self.num_sums).sum(1) + self.start_C
        return F.pad(logits_BC, (1, 0)) if self.num_sums == 1 else logits_BC

    def _values(self, x_BG: Tensor) -> Tensor:
        """Return the leaf's value of each jet in each tree.

        Flat 32-bit indices are more than twice as fast on a CPU as `x_BG.gather`.
        """
        num_jets, num_features = x_BG.shape
        first_B1 = torch.arange(num_jets, dtype=torch.int32, device=x_BG.device)[:, None]
        first_W = (first_B1 * num_features).expand(-1, len(self.root_T)).flatten()
        node_W = self.root_T.repeat(num_jets)
        for _ in range(self.config.depth):
            x_W = x_BG.flatten().index_select(0, first_W + self.feature_M.index_select(0, node_W))
            node_W = torch.where(
                x_W > self.number_M.index_select(0, node_W),
                self.right_M.index_select(0, node_W),
                self.left_M.index_select(0, node_W),
            )
        return self.number_M.index_select(0, node_W).view(num_jets, -1)

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Grow the trees and copy them; the seed picks the jets that are held out."""
        if len(np.unique(train.label_J.numpy())) < self.num_classes:
            raise ValueError(f"boosted trees need jets of all {self.num_classes} classes")
        grown = self._grow(train, seed)
        self.start_C.copy_(torch.from_numpy(grown._baseline_prediction[0]))
        for root, nodes in zip(self.root_T.tolist(), _trees(grown), strict=False):
            rows = slice(root, root + len(nodes))
            is_leaf = nodes["is_leaf"].astype(bool)
            itself = np.arange(len(nodes))
            number = np.where(is_leaf, nodes["value"], _rounded_down(nodes["num_threshold"]))
            self.number_M[rows] = torch.from_numpy(number)
            self.feature_M[rows] = torch.from_numpy(nodes["feature_idx"])
            for side, children_M in (("left", self.left_M), ("right", self.right_M)):
                children = np.where(is_leaf, itself, nodes[side]) + root
                children_M[rows] = torch.from_numpy(children)

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


def _trees(grown: HistGradientBoostingClassifier) -> Iterator[npt.NDArray[np.void]]:
    """Yield the nodes of each tree, those of all classes before the next round."""
    for predictor in chain.from_iterable(grown._predictors):
        yield predictor.nodes


def _rounded_down(threshold: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the largest float32 that is not above, so that no float32 changes its side."""
    rounded = threshold.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded > threshold, below, rounded)
