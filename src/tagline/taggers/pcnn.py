"""P-CNN: a residual network of one-dimensional convolutions along the particles in falling pT.

A simplified DeepAK8 of CMS, described in Qu and Gouskos, "ParticleNet: Jet Tagging via Particle
Clouds", 2019, https://arxiv.org/abs/1902.08570.
"""

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import padded
from tagline.settings.strict import Strict

KERNEL = 3


class Config(Strict):
    """The published network. The first unit of each stage but the first halves the length."""

    width: int = Field(32, gt=0, description="of the convolution in front")
    stages: tuple[tuple[int, ...], ...] = Field(
        ((64, 64), (64, 64), (128, 128)), description="widths of the units of each stage"
    )
    dense: int = Field(512, gt=0, description="units behind the average over the length")
    dropout: float = Field(0.5, ge=0, lt=1, description="of these units")


class Unit(nn.Module):
    """Two convolutions with norms and ReLU, added to their input, adapted where it differs."""

    def __init__(self, num_in: int, num_out: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(num_in, num_out, stride)
        self.first_norm = nn.BatchNorm1d(num_out)
        self.second = convolution(num_out, num_out, 1)
        self.second_norm = nn.BatchNorm1d(num_out)
        self.shortcut: nn.Module = nn.Identity()
        if num_in != num_out or stride != 1:
            self.shortcut = nn.Conv1d(num_in, num_out, 1, stride, bias=False)

    def forward(self, x_BDN: Tensor) -> Tensor:
        """Return the maps of the unit."""
        y_BDN = F.relu(self.first_norm(self.first(x_BDN)))
        y_BDN = F.relu(self.second_norm(self.second(y_BDN)))
        new_BDN: Tensor = self.shortcut(x_BDN) + y_BDN
        return new_BDN


class Tagger(nn.Module):
    """Residual convolutions, mean over the length, dense layer: 348,400 parameters.

    Jets are padded with zeros to the largest number allowed, as those of the authors: the
    convolutions and the mean see them.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        num_features = len(inputs.constituent_features)
        self.max_constituents = inputs.max_constituents
        self.norm = nn.BatchNorm1d(num_features)
        self.front = convolution(num_features, config.width, 1)
        self.front_norm = nn.BatchNorm1d(config.width)
        units: list[Unit] = []
        num_in = config.width
        for stage, widths in enumerate(config.stages):
            for index, width in enumerate(widths):
                units.append(Unit(num_in, width, stride=2 if stage and not index else 1))
                num_in = width
        self.units = nn.Sequential(*units)
        self.dense = nn.Linear(num_in, config.dense)
        self.dropout = nn.Dropout(config.dropout)
        self.logits = nn.Linear(config.dense, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        x_BFN = self.norm(padded(batch, self.max_constituents).transpose(1, 2))
        x_BDN = self.units(F.relu(self.front_norm(self.front(x_BFN))))
        logits_BC: Tensor = self.logits(self.dropout(F.relu(self.dense(x_BDN.mean(2)))))
        return logits_BC


def convolution(num_in: int, num_out: int, stride: int) -> nn.Conv1d:
    """Return a convolution that keeps the length but for its stride.

    The norm behind it makes a bias superfluous; without any, the parameters are as many as
    published.
    """
    return nn.Conv1d(num_in, num_out, KERNEL, stride, padding=KERNEL // 2, bias=False)
