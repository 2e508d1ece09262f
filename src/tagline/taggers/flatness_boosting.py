"""Trees boosted to classify, and to be uniform in the protected columns.

New approaches for boosting to uniformity, Rogozhnikov (2014), arXiv:1410.4140: uGB with the
flatness loss or, as `neighbours`, the kNN-Ada loss. A strength of zero is boosting as usual.
"""

from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.learning.fitted import Fitted
from tagline.learning.tree_growth import Grower, Limits
from tagline.learning.two_classes import TwoClasses, require_two_classes, two_classes
from tagline.learning.uniform_losses import FlatnessLoss, Loss, NeighboursLoss
from tagline.measures.uniformity import Groups
from tagline.networks.forests import Forest
from tagline.networks.layers import columns_of
from tagline.settings.strict import Strict


class Config(Strict):
    """How the trees grow; strength, power and sizes of neighbourhoods are the authors'."""

    observables: tuple[str, ...] = Field((), description="jet features that are used; () for all")
    uniform: Literal["background", "signal"] = Field(
        "background", description="class that is to be uniform in the protected columns"
    )
    loss: Literal["flatness", "neighbours"] = Field(
        "flatness", description="`neighbours` is kNN-Ada, which knows no strength"
    )
    strength: float = Field(3.0, ge=0, description="of flatness against classification")
    power: float = Field(1.3, gt=1, description="of differences between distributions")
    neighbours: int = Field(100, gt=0, description="jets in a neighbourhood; kNN-Ada's has 10")
    neighbourhoods: int = Field(5000, gt=0, description="at most so many have to be flat")
    trees: int = Field(150, gt=0, description="so many grow")
    leaves: int = Field(16, gt=1, description="at most so many in a tree")
    depth: int = Field(4, gt=0, description="at most so many cuts above a leaf")
    learning_rate: float = Field(0.1, gt=0, description="by which the leaves are multiplied")
    smallest_leaf: float = Field(1e-3, ge=0, lt=1, description="share of the jets in each leaf")


class Tagger(Fitted):
    """A sum z of trees. The least exponential loss is where 2 z is the log odds."""

    column_G: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        require_two_classes(inputs, tagger="flatness_boosting")
        self.config = config
        self.forest = Forest(config.trees, leaves=config.leaves, depth=config.depth)
        self.register_buffer("column_G", columns_of(config.observables, inputs))

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        value_BT = self.forest(batch.features_BG[:, self.column_G])
        return F.pad(2 * value_BT.sum(1, keepdim=True), (1, 0))

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Grow the trees; the seed picks neighbourhoods to be flat and the order within ties."""
        config = self.config
        loss = self._loss(two_classes(train, uniform=config.uniform), seed)
        limits = Limits(config.leaves, config.depth, config.smallest_leaf)
        grower = Grower(train.features_JG[:, self.column_G].numpy(), limits, seed=seed)
        score_J, trees = np.zeros(len(train)), []
        for _ in range(config.trees):
            tree = grower.grow(*loss.aim(score_J))
            step_L = loss.steps(score_J, tree.leaf_J, tree.mean_L)
            score_J += tree.give(config.learning_rate * step_L)
            trees.append(tree.nodes)
        self.forest.plant(trees)

    def _loss(self, jets: TwoClasses, seed: int) -> Loss:
        config = self.config
        groups = jets.neighbourhoods(jets.uniform_J, config.neighbours)
        if config.loss == "neighbours":
            return NeighboursLoss(jets, groups)
        generator = np.random.default_rng(seed)
        chosen = _some_of(groups, config.neighbourhoods, generator)
        return FlatnessLoss(jets, chosen, generator, strength=config.strength, power=config.power)


def _some_of(groups: Groups, at_most: int, generator: np.random.Generator) -> Groups:
    """Return groups drawn from those of equal size."""
    row_UN = groups.row_I.reshape(groups.group_I[-1] + 1, -1)
    row_UN = generator.permutation(row_UN)[:at_most]
    group_I = np.arange(len(row_UN)).repeat(row_UN.shape[1])
    return Groups(row_I=row_UN.ravel(), group_I=group_I)
