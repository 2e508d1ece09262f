"""L-GATr: a transformer of multivectors instead of numbers, equivariant at every layer.

Spinner et al., "Lorentz-Equivariant Geometric Algebra Transformers for High-Energy Physics", 2024,
https://arxiv.org/abs/2405.14806; Brehmer et al., "A Lorentz-Equivariant Transformer for All of the
LHC", 2024, https://arxiv.org/abs/2411.00446.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.attention import Slots, attend, slots_of
from tagline.networks.geometric_algebra import Multivectors, product
from tagline.networks.lorentz import FourVectors
from tagline.networks.multivector_layers import (
    Linear,
    Width,
    from_heads,
    normalised,
    normalised_heads,
)
from tagline.networks.pieces import by_pieces
from tagline.settings.strict import Strict

NUM_REFERENCES = 2
PLANE = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)  # e_1 e_2 in terms of e_0 e_k and e_0 e_k I
TIME = (1.0, 0.0, 0.0, 0.0)
SMALL = 0.1  # gain of the weights behind an attention
ALMOST_ONE = 0.5  # gain of the weights of the second factors, whose scalars begin around 1


class Config(Strict):
    """The network for top tagging of 2411.00446 and its code."""

    multivectors: int = Field(16, gt=0, description="of a particle")
    scalars: int = Field(32, gt=0, description="of a particle, beside the multivectors")
    heads: int = Field(8, gt=0, description="of each attention")
    blocks: int = Field(12, gt=0, description="of attention, products and dense layers")
    expansion: int = Field(2, gt=0, description="of what is inside a block")

    @model_validator(mode="after")
    def _heads_share_evenly(self) -> Self:
        for name in ("multivectors", "scalars"):
            inside = self.expansion * getattr(self, name)
            if inside % self.heads:
                raise ValueError(
                    f"`heads` must divide `expansion` times `{name}`, "
                    f"found {self.heads} and {inside}"
                )
        return self


@dataclass(frozen=True)
class Tokens:
    """Where the tokens of jets are: those of all particles, then one of each jet, then the others.

    Args:
        slots: of each jet, first its own token.
        bias_B11N: what keeps tokens from attending to empty slots.
        jets: the jets' own tokens.
    """

    slots: Slots
    bias_B11N: Tensor
    jets: slice


class Tagger(nn.Module):
    """Embedding, blocks, one linear layer of what the jet's own token knows: 1,075,618 parameters.

    Tokens are the particles, one that stands for the jet, and two references that break symmetry:
    the plane across the beam, a bivector, and the axis of time. The logits do not change when a
    proper Lorentz transformation changes momenta and references. References that stay where they
    are leave the rotations about the beam.

    The authors' code has 1,078,946 parameters: 3,393 of them meet zeros or make what is not read,
    and it has one logit for two classes.
    """

    plane_6: Tensor
    time_4: Tensor

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.vectors = FourVectors(inputs)
        if self.vectors.has_beams:
            raise ValueError("L-GATr has references of its own: `beams` must be false")
        for name, values in (("plane_6", PLANE), ("time_4", TIME)):
            self.register_buffer(name, torch.tensor(values), persistent=False)
        outside = Width(config.multivectors, config.scalars)
        self.embedding = Embedding(outside)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.blocks - 1))
        self.last_block = LastBlock(config)
        self.logits = nn.Linear(outside.of_scalars, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        return by_pieces(self._logits, batch)

    def _logits(self, batch: Batch) -> Tensor:
        tokens = tokens_of(batch)
        x = self._embedded(batch, tokens)
        for block in self.blocks:
            x = block(x, tokens)
        logits_BC: Tensor = self.logits(self.last_block(x, tokens))
        return logits_BC

    def _embedded(self, batch: Batch, tokens: Tokens) -> Multivectors:
        p_P4 = self.vectors.momenta(batch).to(self.time_4.dtype)
        num_P, num_T, jets = len(p_P4), len(tokens.slots.slot_P), tokens.jets
        is_jet_T, vector_4T, bivector_6T = (p_P4.new_zeros(n, num_T) for n in (1, 4, 6))
        is_jet_T[:, jets] = 1
        vector_4T[:, :num_P] = p_P4.T
        planes = slice(jets.stop, jets.stop + len(batch))
        bivector_6T[:, planes] = self.plane_6[:, None]
        vector_4T[:, planes.stop :] = self.time_4[:, None]
        embedded: Multivectors = self.embedding(is_jet_T.T, vector_4T, bivector_6T)
        return embedded


def tokens_of(batch: Batch) -> Tokens:
    """Return the tokens of a batch."""
    slots = slots_of(batch, front=1 + NUM_REFERENCES)
    first_B = slots.longest * torch.arange(len(batch), device=slots.slot_P.device)
    slot_T = torch.cat([slots.slot_P, *(first_B + place for place in range(1 + NUM_REFERENCES))])
    bias_B11N = slots.mask(batch.constituents_PF.new_zeros(len(batch), 1, 1, slots.longest))
    num_P = len(slots.slot_P)
    return Tokens(replace(slots, slot_P=slot_T), bias_B11N, slice(num_P, num_P + len(batch)))


class Embedding(nn.Module):
    """What a linear map makes of one vector, one bivector, and the mark of a jet's own token."""

    def __init__(self, outside: Width) -> None:
        super().__init__()
        self.scalars = nn.Linear(1, outside.of_scalars)
        self.vector_D = nn.Parameter(torch.empty(outside.of_vectors).uniform_(-1, 1))
        self.bivector_2C = nn.Parameter(torch.empty(2, outside.multivectors).uniform_(-1, 1))
        nn.init.uniform_(self.scalars.weight, -math.sqrt(0.5), math.sqrt(0.5))
        with torch.no_grad():
            self.scalars.bias[: outside.of_vectors].uniform_(-math.sqrt(1 / 2), math.sqrt(1 / 2))
            self.scalars.bias[outside.of_vectors :].uniform_(-math.sqrt(1 / 3), math.sqrt(1 / 3))

    def forward(self, is_jet_T1: Tensor, vector_4T: Tensor, bivector_6T: Tensor) -> Multivectors:
        """Return multivectors."""
        a_C, b_C = self.bivector_2C
        electric_3T1, magnetic_3T1 = bivector_6T[:3, :, None], bivector_6T[3:, :, None]
        halves = electric_3T1 * a_C - magnetic_3T1 * b_C, electric_3T1 * b_C + magnetic_3T1 * a_C
        return Multivectors(
            self.scalars(is_jet_T1),
            vector_4T[:, :, None] * self.vector_D,
            torch.cat(halves, dim=2),
        )


class Block(nn.Module):
    """Attention, then products and two dense layers, each behind a norm without parameters."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        outside = Width(config.multivectors, config.scalars)
        inside = Width(config.expansion * outside.multivectors, config.expansion * outside.scalars)
        shares = inside.multivectors // config.heads, inside.scalars // config.heads
        self.heads = Width(*shares, groups=config.heads)
        self.qkv = Width(*shares, groups=3 * config.heads)
        self.projection = Linear(outside, self.qkv)
        self.head_factor = nn.Parameter(torch.ones(config.heads))
        self.mixing = Linear(self.heads, outside, gain=SMALL, scalar_gain=SMALL)
        self.factors = Linear(outside, Width(inside.multivectors, scalars=0, groups=2))
        self.factors.initialise(slice(1, 2), gain=ALMOST_ONE, bias=1.0)
        self.first = Linear(Width(inside.multivectors, outside.scalars), inside)
        self.second = self._second(inside, outside)

    def _second(self, inside: Width, outside: Width) -> nn.Module:
        return Linear(inside, outside)

    def forward(self, x: Multivectors, tokens: Tokens) -> Multivectors:
        """Return the new tokens."""
        query, key, value = self._heads(x, tokens)
        x = x + self._mixed(tokens.slots.pack(self._attended(query, key, value, tokens)))
        new: Multivectors = x + self.second(self._hidden(x))
        return new

    def _heads(self, x: Multivectors, tokens: Tokens) -> tuple[Tensor, ...]:
        projected = self.projection(normalised(x))
        return normalised_heads(projected, self.qkv, tokens.slots).unbind()

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, tokens: Tokens) -> Tensor:
        query_BHND, key_BHND, value_BHND = (each.transpose(1, 2) for each in (query, key, value))
        attended = attend(query_BHND, key_BHND, value_BHND, tokens.bias_B11N, dropout=0.0)
        return attended.view(query.shape)

    def _mixed(self, attended_THD: Tensor) -> Multivectors:
        scaled_THD = attended_THD * self.head_factor[:, None]
        mixed: Multivectors = self.mixing(from_heads(scaled_THD, self.heads))
        return mixed

    def _hidden(self, x: Multivectors) -> Multivectors:
        """Return what products, a dense layer and gates make of the tokens."""
        x = normalised(x)
        multiplied = product(self.factors(x))
        scalars_TD = torch.cat([multiplied.scalars_TD, x.beside], dim=1)
        return gated(normalised(self.first(replace(multiplied, scalars_TD=scalars_TD))))


class LastBlock(Block):
    """The jets' own tokens attend to all, and of them nothing but the scalars is read."""

    def _second(self, inside: Width, outside: Width) -> nn.Module:
        return Linear(inside, outside).scalars

    def forward(self, x: Multivectors, tokens: Tokens) -> Tensor:  # type: ignore[override]
        """Return the scalars of each jet."""
        query, key, value = self._heads(x, tokens)
        attended_B1HD = self._attended(query[:, :1], key, value, tokens)
        x = x.tokens(tokens.jets) + self._mixed(attended_B1HD.squeeze(1))
        scalars_BD: Tensor = x.scalars_TD + self.second(self._hidden(x).scalars_TD)
        return scalars_BD


def gated(x: Multivectors) -> Multivectors:
    """Multiply multivectors by GELU of their scalar, which the authors approximate for gates."""
    scalars_TD, beside_TD = x.scalars_TD[:, : 2 * x.channels], x.beside
    gate_TD = F.gelu(scalars_TD[:, : x.channels], approximate="tanh").repeat(1, 2)
    return Multivectors(
        torch.cat([scalars_TD * gate_TD, F.gelu(beside_TD)], dim=1),
        x.vectors_4TD * gate_TD,
        x.bivectors_3TD * gate_TD,
    )
