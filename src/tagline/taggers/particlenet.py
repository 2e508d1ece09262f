"""ParticleNet: convolutions over each particle's nearest neighbours, found anew in each layer.

Qu and Gouskos, "ParticleNet: Jet Tagging via Particle Clouds", 2019, https://arxiv.org/abs/1902.08570.
"""

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.edges import Edges, mean_of_layers
from tagline.networks.layers import jet_sum
from tagline.networks.neighbours import nearest
from tagline.settings.strict import Strict

COORDINATES = ("d_eta", "d_phi")


class Config(Strict):
    """The published network; ParticleNet-Lite has 7 neighbours, two blocks and 128 units."""

    neighbours: int = Field(16, gt=0, description="the k of each particle's k nearest")
    blocks: tuple[tuple[int, ...], ...] = ((64, 64, 64), (128, 128, 128), (256, 256, 256))
    dense: int = Field(256, gt=0, description="units behind the average over the particles")
    dropout: float = Field(0.1, ge=0, lt=1, description="of these units")


class EdgeConvolution(nn.Module):
    """ReLU(shortcut(x_i) + mean over neighbours j of MLP(x_i, x_j - x_i)), equation 2.

    A missing neighbour has features zero, as the padding of the authors' code.
    """

    def __init__(self, num_inputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.first = nn.Linear(2 * num_inputs, widths[0], bias=False)
        self.linears = nn.ModuleList(nn.Linear(n, m, bias=False) for n, m in pairwise(widths))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths)
        self.shortcut = nn.Linear(num_inputs, widths[-1], bias=False)
        self.shortcut_norm = nn.BatchNorm1d(widths[-1])

    def forward(self, x_PD: Tensor, rows_PK: Tensor) -> Tensor:
        """Return the new features of each particle."""
        mean_PD = mean_of_layers(self._edges(x_PD, rows_PK), self.linears, self.norms)
        return F.relu(self.shortcut_norm(self.shortcut(x_PD)) + mean_PD)

    def _edges(self, x_PD: Tensor, rows_PK: Tensor) -> Edges:
        """Return U x_i + V (x_j - x_i) of all edges as (U - V) x_i + V x_j.

        Two products over the particles replace one over their edges.
        """
        u_DF, v_DF = self.first.weight.chunk(2, dim=1)
        own_PD = F.linear(x_PD, u_DF - v_DF)
        others_PD = torch.cat([F.linear(x_PD, v_DF), own_PD.new_zeros(1, own_PD.shape[1])])
        return Edges(own_PD, others_PD, rows_PK)


class Tagger(nn.Module):
    """Edge convolutions, mean over the particles, dense layer: 366,160 parameters."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        features = list(inputs.constituent_features)
        self.coordinates = [features.index(name) for name in COORDINATES]
        self.num_neighbours = config.neighbours
        self.norm = nn.BatchNorm1d(len(features))
        widths = [len(features), *(block[-1] for block in config.blocks)]
        self.convolutions = nn.ModuleList(
            EdgeConvolution(width, block)
            for width, block in zip(widths, config.blocks, strict=False)
        )
        self.dense = nn.Linear(widths[-1], config.dense)
        self.dropout = nn.Dropout(config.dropout)
        self.logits = nn.Linear(config.dense, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        x_PD = self.norm(batch.constituents_PF)
        points_PD = batch.constituents_PF[:, self.coordinates]
        for convolution in self.convolutions:
            x_PD = convolution(x_PD, nearest(points_PD, batch, self.num_neighbours))
            points_PD = x_PD
        mean_BD = jet_sum(x_PD, batch) / batch.num_constituents_B.clamp(min=1)[:, None]
        logits_BC: Tensor = self.logits(self.dropout(F.relu(self.dense(mean_BD))))
        return logits_BC
