"""Growing one tree after the other, for boostings that choose themselves what each is to learn.

Trees grow on histograms of the observables, as in LightGBM, from the parts of which scikit-learn
makes its HistGradientBoostingClassifier.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper
from sklearn.ensemble._hist_gradient_boosting.grower import TreeGrower

from tagline.networks.forests import Nodes

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Limits:
    """How large a tree becomes.

    Args:
        leaves: at most so many.
        depth: at most so many cuts above a leaf.
        smallest_leaf: share of the jets in each leaf.
    """

    leaves: int
    depth: int
    smallest_leaf: float


class Grower:
    """Grows trees on the same jets, whose observables it keeps in up to 255 bins each."""

    def __init__(self, x_JG: npt.NDArray[np.float32], limits: Limits, *, seed: int) -> None:
        self.limits = limits
        self.bins = _BinMapper(random_state=seed, n_threads=torch.get_num_threads())
        self.bin_JG = self.bins.fit_transform(x_JG.astype(np.float64))

    def grow(self, target_J: Array, weight_J: Array) -> "Tree":
        """Return the tree whose leaves have the least weighted squared distances to a target."""
        grown = TreeGrower(
            X_binned=self.bin_JG,
            gradients=(-target_J * weight_J).astype(np.float32),
            hessians=weight_J.astype(np.float32),
            max_leaf_nodes=self.limits.leaves,
            max_depth=self.limits.depth,
            min_samples_leaf=max(1, round(self.limits.smallest_leaf * len(target_J))),
            n_bins_non_missing=self.bins.n_bins_non_missing_,
            n_threads=torch.get_num_threads(),
        )
        grown.grow()
        leaves = grown.finalized_leaves
        mean_L = np.array([leaf.value for leaf in leaves])
        leaf_J = np.empty(len(target_J), np.int64)
        for position, leaf in enumerate(leaves):
            leaf_J[leaf.sample_indices] = position
            leaf.value = position  # tells the leaf in the order of the nodes
        nodes = grown.make_predictor(self.bins.bin_thresholds_).nodes
        node_L = np.flatnonzero(nodes["is_leaf"])
        node_L = node_L[nodes["value"][node_L].argsort()]
        return Tree(nodes=nodes, node_L=node_L, leaf_J=leaf_J, mean_L=mean_L)


@dataclass(frozen=True)
class Tree:
    """A tree that has grown; its leaves have yet to be given values.

    Args:
        nodes: of scikit-learn.
        node_L: the node of each leaf.
        leaf_J: the leaf of each jet on which the tree grew.
        mean_L: of the target in each leaf.
    """

    nodes: Nodes
    node_L: Rows
    leaf_J: Rows
    mean_L: Array

    def give(self, value_L: Array) -> Array:
        """Give the leaves these values, and return that of each jet."""
        self.nodes["value"][self.node_L] = value_L
        return value_L[self.leaf_J]
