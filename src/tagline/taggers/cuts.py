"""A window of the jet mass and a cut on a ratio of N-subjettinesses: the simplest tagger.

As ATLAS tags W bosons: the smallest mass window that keeps 68 % of the signal, then a cut on the
substructure, https://arxiv.org/abs/1510.05821. tau32 for top quarks: Thaler and Van Tilburg,
"Maximizing Boosted Top Identification by Minimizing N-subjettiness", 2011,
https://arxiv.org/abs/1108.2701.
"""

import logging

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.learning.fitted import Fitted
from tagline.learning.two_classes import require_both
from tagline.networks.layers import columns_of
from tagline.settings.strict import Strict

FLATTEST = 1e-3  # a ratio that grows towards the signal stays a bad cut, and is not turned round

logger = logging.getLogger(__name__)


class Config(Strict):
    """What is cut on, and how much of the signal the window keeps."""

    mass: str = Field("mass", description="jet feature with a window")
    ratio: str = Field("tau32", description="jet feature in [0, 1] with an upper cut")
    signal_share: float = Field(0.68, gt=0, lt=1, description="of the signal, inside the window")


class Tagger(Fitted):
    """Jets in the window before those outside, either by falling ratio: four numbers.

    The logit of the signal is a straight line in s = [mass in the window] - ratio, so that the ROC
    curve is a scan of the cut on the ratio: first inside the window, at last outside.
    """

    column_2: Tensor
    mean_2: Tensor
    scale_2: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        if inputs.num_classes != 2:
            raise ValueError(f"cuts tell two classes apart, not {inputs.num_classes}")
        self.signal_share = config.signal_share
        self.window_2 = nn.Parameter(torch.zeros(2))
        self.slope = nn.Parameter(torch.ones(()))
        self.offset = nn.Parameter(torch.zeros(()))
        column_2 = columns_of((config.mass, config.ratio), inputs)
        self.register_buffer("column_2", column_2)
        for name in ("mean", "scale"):
            statistic_2 = torch.as_tensor(inputs.statistics[name])[column_2]
            self.register_buffer(f"{name}_2", statistic_2.float())

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        mass_B, ratio_B = self._observables(batch.features_BG)
        logit_B = self.offset + self.slope * self._ordered(mass_B, ratio_B)
        return torch.stack([torch.zeros_like(logit_B), logit_B], dim=1)

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Choose the window, and the line that turns the order into log odds."""
        del seed
        require_both(train, tagger="cuts")
        mass_J, ratio_J = self._observables(train.features_JG)
        is_signal_J = train.label_J == 1
        window = narrowest_window(
            mass_J[is_signal_J].double().numpy(),
            train.weight_J[is_signal_J].double().numpy(),
            self.signal_share,
        )
        self.window_2.copy_(torch.tensor(window))
        line = LogisticRegression().fit(
            self._ordered(mass_J, ratio_J)[:, None].numpy(),
            is_signal_J.numpy(),
            sample_weight=train.weight_J.numpy(),
        )
        self.slope.fill_(max(line.coef_[0, 0], FLATTEST))
        self.offset.fill_(line.intercept_[0])
        logger.info("the mass window is %.0f to %.0f GeV", *window)

    def _observables(self, features_BG: Tensor) -> tuple[Tensor, Tensor]:
        """Return mass and ratio as they were before they were standardised."""
        values_B2 = features_BG[:, self.column_2] * self.scale_2 + self.mean_2
        return values_B2[:, 0], values_B2[:, 1]

    def _ordered(self, mass_B: Tensor, ratio_B: Tensor) -> Tensor:
        """Return s, between 0 and 1 inside the window and -1 and 0 outside."""
        low, high = self.window_2
        is_inside_B = (mass_B >= low) & (mass_B <= high)
        ordered_B: Tensor = is_inside_B.float() - ratio_B.clamp(0, 1)
        return ordered_B


def narrowest_window(
    mass_J: npt.NDArray[np.float64], weight_J: npt.NDArray[np.float64], share: float
) -> tuple[float, float]:
    """Return the ends of the smallest interval that holds this share of the weight."""
    order_J = np.argsort(mass_J)
    mass_J = mass_J[order_J]
    up_to_J = np.cumsum(weight_J[order_J])
    below_J = np.concatenate([[0.0], up_to_J[:-1]])
    last_J = np.searchsorted(up_to_J, below_J + share * up_to_J[-1])
    first_J = np.flatnonzero(last_J < len(mass_J))
    best = first_J[np.argmin(mass_J[last_J[first_J]] - mass_J[first_J])]
    return float(mass_J[best]), float(mass_J[last_J[best]])
