"""Particle Transformer: attention between particles, biased by the kinematics of each pair.

Qu, Li and Qian, "Particle Transformer for Jet Tagging", 2022, https://arxiv.org/abs/2202.03772.
"""

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.groups import sorted_by_length
from tagline.networks.jet_attention import JetAttention, attention_of
from tagline.networks.layers import in_compiled_loops
from tagline.networks.normed_layers import normed_layers
from tagline.networks.normformer import Weights, dense_half
from tagline.networks.pairs import half_of_pairs
from tagline.settings.strict import Strict

MOMENTUM = ("px", "py", "pz", "energy")
SMALLEST = 1e-8  # in front of logarithms, as in weaver-core
SMALLEST_LIGHT_CONE = 1e-20  # E - pz, likewise
TOKEN_SCALE = 0.02
NUM_PAIR_FEATURES = 4


class Config(Strict):
    """The published network. The class attention blocks have no dropout."""

    embedding: tuple[int, ...] = Field((128, 512, 128), description="widths for a particle")
    pair_embedding: tuple[int, ...] = Field((64, 64, 64), description="widths for a pair")
    heads: int = Field(8, gt=0, description="of each attention")
    blocks: int = Field(8, gt=0, description="particle attention blocks")
    class_blocks: int = Field(2, gt=0, description="class attention blocks")
    expansion: int = Field(4, gt=0, description="of the hidden layer of a block")
    dropout: float = Field(0.1, ge=0, lt=1, description="in the particle attention blocks")


class Block(nn.Module):
    """Attention, then two dense layers, with the norms and factors of NormFormer (2110.09456)."""

    def __init__(self, config: Config, dropout: float) -> None:
        super().__init__()
        width = config.embedding[-1]
        self.num_heads, self.dropout = config.heads, dropout
        self.before_attention = nn.LayerNorm(width)
        self.projection = nn.Linear(width, 3 * width)
        nn.init.xavier_uniform_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)
        self.mixing = nn.Linear(width, width)
        self.head_factor = nn.Parameter(torch.ones(config.heads))
        self.after_attention = nn.LayerNorm(width)
        self.before_dense = nn.LayerNorm(width)
        self.first = nn.Linear(width, config.expansion * width)
        self.inside_dense = nn.LayerNorm(config.expansion * width)
        self.second = nn.Linear(config.expansion * width, width)
        self.residual_factor = nn.Parameter(torch.ones(width))

    def _dense(self, x_PD: Tensor, attended_PD: Tensor) -> Tensor:
        dropout = self.dropout if self.training else 0.0
        return dense_half(attended_PD, x_PD, self._weights(), dropout=dropout)

    def _weights(self) -> Weights:
        """Return the weights of the dense half; linear layers contain what factors they can."""
        factor_D = self.head_factor.repeat_interleave(len(self.residual_factor) // self.num_heads)
        return Weights(
            mixing=factor_D[:, None] * self.mixing.weight,
            mixing_bias=factor_D * self.mixing.bias,
            norm=self.after_attention.weight,
            norm_bias=self.after_attention.bias,
            first=self.first.weight * self.before_dense.weight,
            first_bias=self.first.bias + self.first.weight @ self.before_dense.bias,
            second=self.second.weight * self.inside_dense.weight,
            second_bias=self.second.bias + self.second.weight @ self.inside_dense.bias,
            residual=self.residual_factor,
        )


class ParticleBlock(Block):
    """Particles attend to all particles of their jet."""

    def forward(self, x_PD: Tensor, attention: JetAttention, bias: Tensor) -> Tensor:
        """Return the new particles."""
        qkv_PD = self.projection(self.before_attention(x_PD))
        dropout = self.dropout if self.training else 0.0
        return self._dense(x_PD, attention.attend(qkv_PD, bias, dropout=dropout))


class ClassBlock(Block):
    """A token attends to itself, in front of the particles, and to all particles of its jet.

    The query is the token without its norm, as in the authors' code.
    """

    def forward(self, token_BD: Tensor, x_PD: Tensor, attention: JetAttention) -> Tensor:
        """Return the new tokens."""
        width = token_BD.shape[1]
        weight, bias = self.projection.weight, self.projection.bias
        query_BD = F.linear(token_BD, weight[:width], bias[:width])
        key_value_BD, key_value_PD = (
            F.linear(self.before_attention(rows), weight[width:], bias[width:])
            for rows in (token_BD, x_PD)
        )
        qkv_BD = torch.cat([query_BD, key_value_BD], dim=1)
        return self._dense(token_BD, attention.attend_from_tokens(qkv_BD, key_value_PD))


class PairBias(nn.Module):
    """What each pair of particles adds to the logits of the attention, one number a head."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = (NUM_PAIR_FEATURES, *config.pair_embedding, config.heads)
        layers: list[nn.Module] = [nn.BatchNorm1d(widths[0])]
        for num_in, num_out in pairwise(widths):
            layers += [nn.Linear(num_in, num_out), nn.BatchNorm1d(num_out), nn.GELU()]
        self.embedding = nn.Sequential(*layers)

    def forward(self, momentum_P4: Tensor, batch: Batch) -> Tensor:
        """Return one row for each of `half_of_pairs`: the features are symmetric."""
        features_Q4 = pair_features(momentum_P4, *half_of_pairs(batch))
        norm, *layers = self.embedding
        return normed_layers(norm(features_Q4), linears=layers[0::3], norms=layers[1::3])


class Tagger(nn.Module):
    """Embeddings, particle attention, class attention, one linear layer: 2,141,134 parameters."""

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        names = list(inputs.constituent_features)
        absent = [name for name in MOMENTUM if name not in names]
        if absent:
            raise ValueError(
                f"a particle transformer needs the features {', '.join(MOMENTUM)}; "
                f"{', '.join(absent)} not among {', '.join(names) or 'none'}"
            )
        self.num_heads = config.heads
        self.momentum = [names.index(name) for name in MOMENTUM]
        self.features = [names.index(name) for name in names if name not in MOMENTUM]
        width = config.embedding[-1]
        self.norm = nn.BatchNorm1d(len(self.features))
        layers: list[nn.Module] = []
        for num_in, num_out in pairwise((len(self.features), *config.embedding)):
            layers += [nn.LayerNorm(num_in), nn.Linear(num_in, num_out), nn.GELU()]
        self.embedding = nn.Sequential(*layers)
        self.pair_bias = PairBias(config)
        self.blocks = nn.ModuleList(
            ParticleBlock(config, config.dropout) for _ in range(config.blocks)
        )
        self.class_blocks = nn.ModuleList(
            ClassBlock(config, 0.0) for _ in range(config.class_blocks)
        )
        self.token_D = nn.Parameter(torch.empty(width))
        nn.init.trunc_normal_(self.token_D, std=TOKEN_SCALE)
        self.last_norm = nn.LayerNorm(width)
        self.logits = nn.Linear(width, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        if not in_compiled_loops(batch.constituents_PF):
            return self._logits(batch)
        ordered, order_B = sorted_by_length(batch)
        logits_BC = self._logits(ordered)
        return torch.empty_like(logits_BC).index_copy(0, order_B, logits_BC)

    def _logits(self, batch: Batch) -> Tensor:
        x_PD = self.embedding(self.norm(batch.constituents_PF[:, self.features]))
        attention = attention_of(batch, x_PD, num_heads=self.num_heads)
        momentum_P4 = batch.constituents_PF[:, self.momentum]
        bias = attention.bias(self.pair_bias(momentum_P4, batch))
        for block in self.blocks:
            x_PD = block(x_PD, attention, bias)
        token_BD = self.token_D.expand(len(batch), -1)
        for block in self.class_blocks:
            token_BD = block(token_BD, x_PD, attention)
        logits_BC: Tensor = self.logits(self.last_norm(token_BD))
        return logits_BC


def pair_features(momentum_P4: Tensor, first_Q: Tensor, second_Q: Tensor) -> Tensor:
    """Return the logarithms of kT, z, Delta and m^2 of each pair, equation 3."""
    px_P, py_P, pz_P, energy_P = momentum_P4.unbind(1)
    pt_P = torch.hypot(px_P, py_P)
    light_cone_P = (energy_P - pz_P).clamp(min=SMALLEST_LIGHT_CONE)
    rapidity_P, phi_P = torch.log1p(2 * pz_P / light_cone_P) / 2, torch.atan2(py_P, px_P)
    d_phi_Q = phi_P[first_Q] - phi_P[second_Q]
    d_phi_Q -= 2 * torch.pi * torch.floor((d_phi_Q + torch.pi) / (2 * torch.pi))
    delta_Q = _length(rapidity_P[first_Q] - rapidity_P[second_Q], d_phi_Q)
    first_pt_Q, second_pt_Q = pt_P[first_Q], pt_P[second_Q]
    smaller_pt_Q = torch.minimum(first_pt_Q, second_pt_Q)
    share_Q = smaller_pt_Q / (first_pt_Q + second_pt_Q).clamp(min=SMALLEST)
    sum_Q4 = momentum_P4[first_Q] + momentum_P4[second_Q]
    squared_mass_Q = sum_Q4[:, 3].square() - sum_Q4[:, :3].square().sum(1)
    features_Q4 = torch.stack([smaller_pt_Q * delta_Q, share_Q, delta_Q, squared_mass_Q], dim=1)
    return features_Q4.clamp(min=SMALLEST).log()


def _length(x_Q: Tensor, y_Q: Tensor) -> Tensor:
    """Return sqrt(x^2 + y^2), with a gradient also at zero, where particles meet themselves."""
    square_Q = x_Q.square() + y_Q.square()
    is_apart_Q = square_Q > 0
    return torch.where(is_apart_Q, square_Q, 1).sqrt() * is_apart_Q
