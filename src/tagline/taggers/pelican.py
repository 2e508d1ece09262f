"""PELICAN: permutation-equivariant maps of the matrix of products of a jet's momenta.

Bogatskiy et al., "PELICAN: Permutation Equivariant and Lorentz Invariant or Covariant Aggregator
Network for Particle Physics", 2022, https://arxiv.org/abs/2211.00454; "Explainable Equivariant
Neural Networks for Particle Physics: PELICAN", 2023, https://arxiv.org/abs/2307.16506.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import jet_sum
from tagline.networks.lorentz import FourVectors, minkowski
from tagline.networks.pairs import Pairs, all_pairs
from tagline.networks.pieces import A_PIECE_OF_PAIRS, by_pieces, mixes_jets
from tagline.settings.strict import Strict

EXPONENTS = (0.05, 0.5)  # square roots of the first exponents of the encoding
SMALLEST_EXPONENT = 1e-6
SMALLEST_PRODUCT = 1e-6  # of 1 + p_i p_j [GeV^2]; its logarithm is taken
NUM_MAPS = 15  # linear maps of matrices to matrices that do not see the order (1812.09902)
NUM_MEANS = 10  # those of them that average


class Config(Strict):
    """The largest published network, "132/78"."""

    blocks: int = Field(5, gt=0, description="pairs of a dense layer and an equivariant one")
    wide: int = Field(132, gt=0, description="channels behind an equivariant layer")
    narrow: int = Field(78, gt=0, description="channels behind a dense layer")
    labels: int = Field(10, gt=0, description="first channels that know the beams from particles")
    dropout: float = Field(0.025, ge=0, lt=1, description="behind each dense layer")
    mean_constituents: float = Field(
        49.0, gt=0, description="averages are scaled with powers of N over this"
    )


class Tagger(nn.Module):
    """Products of momenta, blocks, averages, logits: 208,498 parameters with two beams.

    All of it is of pairs of a jet, packed: no padding, and nothing of one jet in another's score.
    The logits do not change when a Lorentz transformation changes all momenta, those of the beams
    included. Beams that stay where they are leave the rotations about the beam.

    The authors' code has a leaky ReLU behind the logits; here there is none.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.vectors = FourVectors(inputs)
        self.mean_constituents = config.mean_constituents
        num_encoded = config.wide
        if self.vectors.has_beams:
            num_encoded -= config.labels
            self.labels = Labels(config.labels)
        self.root_D = nn.Parameter(torch.linspace(*EXPONENTS, num_encoded))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks))
        self.dense = Dense(config)
        self.means = Means(config.narrow, config.wide)
        self.dropout = nn.Dropout(config.dropout)
        self.logits = nn.Linear(config.wide, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        if mixes_jets(self):
            return self._logits(batch)
        return by_pieces(self._logits, batch, constituents=A_PIECE_OF_PAIRS)

    def _logits(self, batch: Batch) -> Tensor:
        jets = Jets(batch, self.mean_constituents)
        x_QD = self._encoded(batch, jets.pairs)
        if self.vectors.has_beams:
            x_QD = torch.cat([x_QD, self.labels(self.vectors.is_beam(batch), jets)], dim=1)
        for block in self.blocks:
            x_QD = block(x_QD, jets)
        means_BD = self.means(self.dense(x_QD), jets)
        logits_BC: Tensor = self.logits(self.dropout(means_BD))
        return logits_BC

    def _encoded(self, batch: Batch, pairs: Pairs) -> Tensor:
        """Return (|1 + p_i p_j|^a - 1) / a for exponents a that are trained."""
        p_P4 = self.vectors.momenta(batch)
        products_Q = 1 + minkowski(pairs.first(p_P4), pairs.second(p_P4))
        log_Q = products_Q.abs().clamp(min=SMALLEST_PRODUCT).log().to(self.root_D.dtype)
        exponent_D = SMALLEST_EXPONENT + self.root_D.square()
        return torch.expm1(exponent_D * log_Q[:, None]) / exponent_D


class Jets:
    """The pairs of a batch, means over its jets, and the numbers of their constituents."""

    def __init__(self, batch: Batch, mean_constituents: float) -> None:
        self.batch = batch
        self.pairs = all_pairs(batch, with_itself=True)
        self.own_P = torch.where(self.pairs.first_Q == self.pairs.second_Q)[0]
        self.num_B = batch.num_constituents_B.clamp(min=1)
        share_B = self.num_B / mean_constituents
        self.log_share_B11 = share_B.log().to(batch.constituents_PF.dtype)[:, None, None]

    def mean(self, x_PD: Tensor) -> Tensor:
        """Return the mean over the particles of each jet."""
        return jet_sum(x_PD, self.batch) / self.num_B[:, None]

    def scales(self, power_OD: Tensor) -> Tensor:
        """Return (N / mean N)^power as scale_BOD."""
        return torch.exp(self.log_share_B11 * power_OD)

    def particles(self, x_B: Tensor) -> Tensor:
        """Return the row of each particle's jet."""
        return x_B.index_select(0, self.batch.jet_of_constituent_P)

    def spread(self, rows_PD: Tensor, columns_PD: Tensor, diagonal_PD: Tensor) -> Tensor:
        """Return the matrices rows_i + columns_j, with the diagonal added to their own."""
        x_QD = self.pairs.first(rows_PD) + self.pairs.second(columns_PD)
        return x_QD.index_add_(0, self.own_P, diagonal_PD)


class Dense(nn.Module):
    """A dense layer on each pair, with leaky ReLU, batch normalisation and dropout."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.linear = nn.Linear(config.wide, config.narrow)
        self.norm = nn.BatchNorm1d(config.narrow)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x_QD: Tensor) -> Tensor:
        """Return as many rows."""
        y_QD: Tensor = self.dropout(self.norm(F.leaky_relu(self.linear(x_QD), inplace=True)))
        return y_QD


class Mix(nn.Module):
    """Weights of all maps of all channels, from products of fewer numbers."""

    def __init__(self, num_in: int, num_out: int, num_maps: int) -> None:
        super().__init__()
        deviations = num_maps**-0.5, num_in**-0.5
        self.in_OD1 = nn.Parameter(deviations[0] * torch.randn(num_maps, num_in, 1))
        self.out_O1D = nn.Parameter(deviations[0] * torch.randn(num_maps, 1, num_out))
        self.of_in_DD = nn.Parameter(deviations[1] * torch.randn(num_in, num_out))
        self.of_out_DD = nn.Parameter(deviations[1] * torch.randn(num_in, num_out))

    def forward(self) -> Tensor:
        """Return weight_ODD: map, channel in, channel out."""
        return self.in_OD1 * self.of_in_DD + self.out_O1D * self.of_out_DD


class Labels(nn.Module):
    """Matrices of what is a beam: the five maps of a vector, mixed."""

    def __init__(self, num_out: int) -> None:
        super().__init__()
        self.mix = Mix(2, num_out, 5)
        self.power_OD = nn.Parameter(torch.zeros(5, 2))
        self.bias_D = nn.Parameter(torch.zeros(num_out))

    def forward(self, is_beam_P: Tensor, jets: Jets) -> Tensor:
        """Return x_QD."""
        label_PD = torch.stack([1 - is_beam_P, is_beam_P], dim=1)
        scale_BOD, weight = jets.scales(self.power_OD), self.mix()
        scaled_POD = label_PD[:, None] * jets.particles(scale_BOD[:, :3])
        mean_BOD = jets.mean(label_PD)[:, None] * scale_BOD[:, 3:]
        return jets.spread(
            scaled_POD[:, 2] @ weight[2]
            + jets.particles(mean_BOD[:, 1] @ weight[4] + self.bias_D),
            scaled_POD[:, 1] @ weight[1],
            scaled_POD[:, 0] @ weight[0] + jets.particles(mean_BOD[:, 0] @ weight[3]),
        )


class Block(nn.Module):
    """A dense layer, then the 15 equivariant maps of a matrix, mixed, and leaky ReLU.

    The maps: the matrix (0) and its transpose (1); its diagonal (2-4), the means of its columns
    (5-7) and of its rows (8-10), each onto the diagonal, over columns and over rows; the mean of
    the diagonal and of everything, each everywhere (11, 13) and onto the diagonal (12, 14). The
    means are scaled with powers of N over the mean N, and the powers are trained.

    To mix is linear, so all but two maps are mixed as what they are, numbers of particles or of
    jets, before they are spread over pairs.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Dense(config)
        self.mix = Mix(config.narrow, config.wide, NUM_MAPS)
        self.power_OD = nn.Parameter(torch.rand(NUM_MEANS, config.narrow))
        self.bias_D = nn.Parameter(torch.zeros(config.wide))
        self.diagonal_bias_D = nn.Parameter(torch.zeros(config.wide))

    def forward(self, x_QD: Tensor, jets: Jets) -> Tensor:
        """Return as many rows."""
        x_QD = self.dense(x_QD)
        transposed_QD = jets.pairs.swapped(x_QD)
        weight, scale_BOD = self.mix(), jets.scales(self.power_OD)
        scale_POD = jets.particles(scale_BOD[:, :6])
        own_PD = x_QD.index_select(0, jets.own_P)
        columns_PD = jets.pairs.mean_over_second(transposed_QD)
        rows_PD = jets.pairs.mean_over_second(x_QD)
        diagonal_PD, over_columns_PD, over_rows_PD = (
            own_PD @ weight[2 + place]
            + (columns_PD * scale_POD[:, place]) @ weight[5 + place]
            + (rows_PD * scale_POD[:, 3 + place]) @ weight[8 + place]
            for place in range(3)
        )
        own_BD, all_BD = jets.mean(own_PD), jets.mean(rows_PD)
        everywhere_BD, on_diagonal_BD = (
            (own_BD * scale_BOD[:, 6 + place]) @ weight[11 + place]
            + (all_BD * scale_BOD[:, 8 + place]) @ weight[13 + place]
            for place in range(2)
        )
        y_QD = jets.spread(
            over_rows_PD + jets.particles(everywhere_BD + self.bias_D),
            over_columns_PD,
            diagonal_PD + jets.particles(on_diagonal_BD + self.diagonal_bias_D),
        )
        y_QD = y_QD + x_QD @ weight[0] + transposed_QD @ weight[1]
        return F.leaky_relu(y_QD, inplace=True)


class Means(nn.Module):
    """The mean of everything and of the diagonal, scaled as in a block, leaky ReLU, mixed."""

    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        deviation = (2 / num_in) ** 0.5
        self.weight_ODD = nn.Parameter(deviation * torch.randn(2, num_in, num_out))
        self.power_OD = nn.Parameter(torch.rand(2, num_in))
        self.bias_D = nn.Parameter(torch.zeros(num_out))

    def forward(self, x_QD: Tensor, jets: Jets) -> Tensor:
        """Return one row a jet."""
        rows_PD = jets.pairs.mean_over_second(x_QD)
        own_PD = x_QD.index_select(0, jets.own_P)
        means_BOD = torch.stack([jets.mean(rows_PD), jets.mean(own_PD)], dim=1)
        means_BOD = F.leaky_relu(means_BOD * jets.scales(self.power_OD))
        return torch.einsum("bod,ode->be", means_BOD, self.weight_ODD) + self.bias_D
