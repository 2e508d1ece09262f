"""Layers of multivectors that commute with proper Lorentz transformations.

A linear map is one matrix for scalars, one for each component of vectors, and one for each
component of bivectors that commutes with I.

Spinner et al., "Lorentz-Equivariant Geometric Algebra Transformers for High-Energy Physics", 2024,
https://arxiv.org/abs/2405.14806.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.networks.attention import Slots
from tagline.networks.geometric_algebra import Multivectors, has_kernels
from tagline.networks.multivector_norms import SMALLEST_NORM2, Normalised, as_it_came, by_heads

SIGNATURE = (1.0, -1.0, -1.0, -1.0)


@dataclass(frozen=True)
class Width:
    """So many groups of so many multivectors and scalars, the columns of a group together."""

    multivectors: int
    scalars: int
    groups: int = 1

    @property
    def of_scalars(self) -> int:
        """Columns of scalars, those of the multivectors among them."""
        return self.groups * (2 * self.multivectors + self.scalars)

    @property
    def of_vectors(self) -> int:
        """Columns of vectors, and of bivectors."""
        return 2 * self.groups * self.multivectors


class Linear(nn.Module):
    """All linear maps that commute with proper Lorentz transformations; scalars have a bias."""

    def __init__(
        self, num_in: Width, num_out: Width, *, gain: float = 1.0, scalar_gain: float = 1.0
    ) -> None:
        super().__init__()
        self.num_in, self.num_out = num_in, num_out
        self.scalars = nn.Linear(num_in.of_scalars, num_out.of_scalars)
        self.vectors_DD = nn.Parameter(torch.empty(num_out.of_vectors, num_in.of_vectors))
        half_in, half_out = num_in.of_vectors // 2, num_out.of_vectors // 2
        self.bivectors_2DD = nn.Parameter(torch.empty(2, half_out, half_in))
        self.initialise(slice(None), gain=gain, scalar_gain=scalar_gain)

    @torch.no_grad()
    def initialise(
        self, groups: slice, *, gain: float, scalar_gain: float = 1.0, bias: float = 0.0
    ) -> None:
        """Draw the weights of these groups uniformly, as the authors' code does.

        A multivector's scalar takes half of its variance from multivectors, half from scalars.
        """
        num_in, num_out = self.num_in, self.num_out
        channels = num_in.groups * num_in.multivectors
        beside = num_in.groups * num_in.scalars
        for parameter in (self.vectors_DD, self.bivectors_2DD):
            _uniform(
                torch.unflatten(parameter, -2, (num_out.groups, -1))[..., groups, :, :],
                gain / math.sqrt(channels),
            )
        half_in, half_out = num_in.multivectors, num_out.multivectors
        both_in, both_out = 2 * half_in, 2 * half_out
        weight = self.scalars.weight.view(
            num_out.groups, both_out + num_out.scalars, num_in.groups, both_in + num_in.scalars
        )
        biases = self.scalars.bias.view(num_out.groups, -1)
        _uniform(weight[groups, :both_out, :, :both_in], gain / math.sqrt(channels))
        _uniform(weight[groups, :half_out, :, :half_in], gain / math.sqrt(2 * channels))
        _uniform(weight[groups, :half_out, :, half_in:both_in], gain / math.sqrt(2 * channels))
        _uniform(weight[groups, :both_out, :, both_in:], gain / math.sqrt(2 * beside))
        _uniform(biases[groups, :both_out], 1 / math.sqrt(beside + channels), mean=bias)
        _uniform(weight[groups, both_out:, :, :both_in], scalar_gain / math.sqrt(4 * channels))
        _uniform(weight[groups, both_out:, :, both_in:], scalar_gain / math.sqrt(2 * beside))
        _uniform(biases[groups, both_out:], scalar_gain / math.sqrt(beside + 2 * channels))

    def forward(self, x: Multivectors) -> Multivectors:
        """Return as many tokens."""
        return Multivectors(
            self.scalars(x.scalars_TD),
            F.linear(x.vectors_4TD, self.vectors_DD),
            F.linear(x.bivectors_3TD, self._of_bivectors()),
        )

    def _of_bivectors(self) -> Tensor:
        """Return the matrix of a + b I: a from each half to itself, b to the other."""
        a_DD, b_DD = self.bivectors_2DD
        halves = torch.stack([a_DD, -b_DD, b_DD, a_DD]).view(
            2, 2, self.num_out.groups, -1, self.num_in.groups, self.num_in.multivectors
        )
        return halves.permute(2, 0, 3, 4, 1, 5).reshape(self.vectors_DD.shape)


def _uniform(tensor: Tensor, bound: float, *, mean: float = 0.0) -> None:
    tensor.copy_(torch.empty_like(tensor).uniform_(mean - bound, mean + bound))


def normalised(x: Multivectors) -> Multivectors:
    """Divide multivectors by the root of their mean norm, standardise the scalars beside them.

    The norm of a channel is the sum of the absolute squares of its scalar, pseudoscalar, vector,
    axial vector and bivector.
    """
    if not has_kernels(x, x.channels):
        return _normalised(x)
    num_tokens, both = len(x.scalars_TD), 2 * x.channels
    order = as_it_came(num_tokens, x.channels, x.beside.shape[1])
    numbers: Tensor = Normalised.apply(*x.parts, order)  # type: ignore[no-untyped-call]
    scalars, vectors, bivectors = torch.split(numbers, [part.numel() for part in x.parts])
    return Multivectors(
        scalars.view(num_tokens, -1),
        vectors.view(4, num_tokens, both),
        bivectors.view(3, num_tokens, both),
    )


def normalised_heads(x: Multivectors, width: Width, slots: Slots) -> Tensor:
    """Return all numbers of queries, keys and values of all heads, (3, B, N, H, D).

    Each is normalised by itself. Queries have the signs of the metric, so that their products with
    keys are the sums of all inner products.
    """
    channels, groups = width.multivectors, width.groups
    shape = (3, slots.num_jets, slots.longest, groups // 3, 16 * channels + width.scalars)
    if has_kernels(x, channels):
        order = by_heads(
            slots.slot_P.numpy(),
            num_slots=slots.num_jets * slots.longest,
            channels=channels,
            scalars=width.scalars,
            num_heads=groups // 3,
        )
        numbers: Tensor = Normalised.apply(*x.parts, order)  # type: ignore[no-untyped-call]
        return numbers.view(shape)
    num_tokens = len(x.scalars_TD)
    rows = _normalised(
        Multivectors(
            x.scalars_TD.reshape(num_tokens * groups, -1),
            x.vectors_4TD.reshape(4, num_tokens * groups, -1),
            x.bivectors_3TD.reshape(3, num_tokens * groups, -1),
        )
    )
    signs_GD = rows.scalars_TD.new_ones(groups, shape[-1])
    signs_GD[: groups // 3] = _metric(width, like=signs_GD)
    parts = (rows.scalars_TD, *rows.vectors_4TD, *rows.bivectors_3TD)
    numbers_TGD = torch.cat(parts, dim=1).view(num_tokens, groups, -1) * signs_GD
    return torch.stack([slots.pad(each) for each in numbers_TGD.chunk(3, dim=1)])


def from_heads(numbers_THD: Tensor, width: Width) -> Multivectors:
    """Return multivectors in as many groups as heads."""
    both = 2 * width.multivectors
    scalars_THD, vectors_THD, bivectors_THD = torch.split(
        numbers_THD, [both + width.scalars, 4 * both, 3 * both], dim=2
    )
    shape = *numbers_THD.shape[:2], -1, both
    return Multivectors(
        scalars_THD.flatten(1),
        vectors_THD.reshape(shape).movedim(2, 0).flatten(2),
        bivectors_THD.reshape(shape).movedim(2, 0).flatten(2),
    )


def _metric(width: Width, *, like: Tensor) -> Tensor:
    """Return the squares of all basis elements but for their order, and 1 for scalars beside."""
    signs = torch.tensor([1.0, *SIGNATURE, -1.0, -1.0, -1.0]).repeat_interleave(width.multivectors)
    signs_82C = torch.stack([signs, -signs]).view(2, 8, -1).movedim(0, 1).flatten(1)
    beside = torch.ones(width.scalars)
    return torch.cat([signs_82C[0], beside, signs_82C[1:].flatten()]).to(like)


def _normalised(x: Multivectors) -> Multivectors:
    both = 2 * x.channels
    signature_411 = x.vectors_4TD.new_tensor(SIGNATURE)[:, None, None]
    of_multivectors_TD = x.scalars_TD[:, :both]
    of_vectors_TD = (x.vectors_4TD.square() * signature_411).sum(0)
    halves_TC = x.bivectors_3TD.square().sum(0).chunk(2, dim=1)
    norms_TD = [
        of_multivectors_TD.square(),
        of_vectors_TD.abs(),
        (halves_TC[0] - halves_TC[1]).abs(),
    ]
    norm2_T1 = torch.cat(norms_TD, dim=1).sum(1, keepdim=True) / x.channels
    factor_T1 = norm2_T1.clamp(min=SMALLEST_NORM2).rsqrt()
    beside_TD = F.layer_norm(x.beside, x.beside.shape[1:])
    return Multivectors(
        torch.cat([of_multivectors_TD * factor_T1, beside_TD], dim=1),
        x.vectors_4TD * factor_T1,
        x.bivectors_3TD * factor_T1,
    )
