"""One observable of a jet, from which its log odds follow a straight line: a single cut.

As ATLAS decorrelates D2 and tau21, the strongest observables for W bosons, each by itself:
ATL-PHYS-PUB-2018-014. Methods on scores act on the logit, and so on the observable but for its
unit: DDT's line is that of the observable.
"""

import torch
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.learning.fitted import Fitted
from tagline.learning.two_classes import require_both, require_two_classes
from tagline.networks.layers import columns_of
from tagline.settings.strict import Strict


class Config(Strict):
    """What is cut on."""

    observable: str = Field("tau21", description="jet feature")


class Tagger(Fitted):
    """A slope and an offset: two numbers. Their signs say on which side signal is."""

    column_1: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        require_two_classes(inputs, tagger="single_observable")
        self.slope = nn.Parameter(torch.ones(()))
        self.offset = nn.Parameter(torch.zeros(()))
        self.register_buffer("column_1", columns_of((config.observable,), inputs))

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC, 0 for class 0."""
        logit_B = self.offset + self.slope * batch.features_BG[:, self.column_1].squeeze(1)
        return torch.stack([torch.zeros_like(logit_B), logit_B], dim=1)

    @torch.no_grad()
    def fit(self, train: PackedJets, *, seed: int) -> None:
        """Find the line by logistic regression; there is nothing random."""
        del seed
        require_both(train, tagger="single_observable")
        line = LogisticRegression().fit(
            train.features_JG[:, self.column_1].double().numpy(),
            train.label_J.numpy(),
            sample_weight=train.weight_J.double().numpy(),
        )
        self.slope.fill_(line.coef_[0, 0])
        self.offset.fill_(line.intercept_[0])
