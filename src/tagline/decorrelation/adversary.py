"""Adversary: a second network guesses the protected columns from the score, and must not succeed.

Louppe, Kagan and Cranmer, "Learning to Pivot with Adversarial Networks", 2016,
https://arxiv.org/abs/1611.01046 (a mixture of normal distributions); Shimmin et al., "Decorrelated
Jet Substructure Tagging using Adversarial Neural Networks", 2017, https://arxiv.org/abs/1703.03507
(bins of mass); ATL-PHYS-PUB-2018-014 (a mixture of 20, gradient reversal, background alone, told
the logarithm of pT). Both networks are trained in the same steps: the gradient changes its sign
between them.
"""

from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from tagline.data.batch import Batch
from tagline.decorrelation import Array, BaseDecorrelation
from tagline.networks.posteriors import Binned, Mixture
from tagline.networks.reversal import reverse_gradient
from tagline.settings.strict import Strict


class Config(Strict):
    """The trade, and the network on the other side."""

    strength: float = Field(10.0, ge=0, description="lambda: weight of the adversary's loss")
    posterior: Literal["mixture", "bins"] = Field("mixture", description="what it guesses")
    components: int = Field(20, gt=0, description="normal distributions, or bins of a column")
    hidden: tuple[int, ...] = Field((64,), min_length=1, description="widths of its layers")
    told: tuple[str, ...] = Field(
        (), description="positive jet columns whose logarithms it reads beside the score: `pt`"
    )
    pretrain_epochs: float = Field(
        0.0, ge=0, description="at first, so long both learn and the tagger feels nothing of it"
    )
    learning_rate_factor: float = Field(
        1.0, gt=0, description="how many times faster it learns than the tagger does by itself"
    )
    tagger_rate_factor: float = Field(
        1.0, gt=0, description="how many times faster than that the tagger learns that feels it"
    )


class Decorrelation(BaseDecorrelation):
    """Adds -lambda L_adversary of background jets to the tagger's loss.

    The adversary follows the tagger, so losses of different epochs do not compare: the last
    weights are the result.
    """

    keeps_last = True

    def __init__(self, config: Config) -> None:
        self.config = config
        self.adversary_rate = config.learning_rate_factor
        self.told = config.told

    @property
    def tagger_rate(self) -> float:
        """The factor as soon as the tagger feels the adversary."""
        return self.config.tagger_rate_factor if self.is_felt else 1.0

    @property
    def is_felt(self) -> bool:
        """Whether both have learnt alone for long enough."""
        return self.epoch >= self.config.pretrain_epochs

    def begin(self, protected_JR: Array, label_J: Array) -> None:
        """Build the posterior for the background's columns."""
        config = self.config
        columns_JR = protected_JR[label_J == 0]
        num_protected = columns_JR.shape[1] - len(self.told)
        y_JR = torch.from_numpy(columns_JR[:, :num_protected]).float()
        told_JT = np.log(columns_JR[:, num_protected:])
        spread_T = np.std(told_JT, axis=0)
        self.centre_T = torch.from_numpy(np.mean(told_JT, axis=0)).float()
        self.spread_T = torch.from_numpy(np.where(spread_T > 0, spread_T, 1)).float()
        num_inputs = 1 + len(self.told)
        if config.posterior == "mixture":
            self.adversary = Mixture(
                num_inputs, config.hidden, components=config.components, y_JR=y_JR
            )
        else:
            self.adversary = Binned(num_inputs, config.hidden, bins=config.components, y_JR=y_JR)

    def penalty(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return -lambda L_adversary, whose gradient for the adversary is that of L_adversary."""
        background_B = batch.label_B == 0
        weight_B = batch.weight_B[background_B]
        if not weight_B.sum() > 0:
            return logits_BC.new_zeros(())
        assert isinstance(self.adversary, Mixture | Binned)
        strength = self.config.strength
        felt = strength if self.is_felt else 0.0
        score_B1 = logits_BC.float().softmax(dim=1)[background_B, -1:]
        reversed_B1 = reverse_gradient(score_B1, strength=felt)
        columns_BR = batch.protected_BR[background_B]
        num_protected = columns_BR.shape[1] - len(self.told)
        told_BT = columns_BR[:, num_protected:].log() - self.centre_T.to(columns_BR)
        x_BD = torch.cat([reversed_B1, told_BT / self.spread_T.to(columns_BR)], dim=1)
        nll_B = self.adversary.negative_log_likelihood(x_BD, columns_BR[:, :num_protected])
        loss = torch.dot(nll_B, weight_B) / weight_B.sum()
        return loss - (1 + strength) * loss.detach()
