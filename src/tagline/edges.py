"""A perceptron with batch norms over the edges of a graph, averaged over each particle's edges.

On a CPU, edges are more than its caches hold, and memory is slow: each pass over them costs as
much as a matrix product. `mean_of_layers` therefore does all that it can to a piece of them before
it takes the next, and keeps of each layer nothing but what is in front of its norm.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from tagline.norms import Layer, Moments, OfInput, Reduction, normed, shaped

NUMBERS_OF_A_PIECE = 2**17


@dataclass(frozen=True)
class Edges:
    """The first layer's terms of each edge from i to j: own of i, others of j.

    Args:
        own_PD: one row for each particle i.
        others_PD: one row for each particle j and a last one for those that are missing.
        rows_PK: the row in `others_PD` of each neighbour.
    """

    own_PD: Tensor
    others_PD: Tensor
    rows_PK: Tensor

    def pieces(self, width: int) -> Iterator[tuple[slice, slice]]:
        """Yield which particles, and which of their edges, are done at once."""
        num_P, num_K = self.rows_PK.shape
        step = max(1, NUMBERS_OF_A_PIECE // (width * num_K))
        for start in range(0, num_P, step):
            end = min(start + step, num_P)
            yield slice(start, end), slice(start * num_K, end * num_K)

    def first_layer(self, of_P: slice, out: Tensor) -> Tensor:
        """Write the sums of own and others for the edges of some particles."""
        torch.index_select(self.others_PD, 0, self.rows_PK[of_P].flatten(), out=out)
        out.view(-1, self.rows_PK.shape[1], out.shape[1]).add_(self.own_PD[of_P, None])
        return out


def mean_of_layers(edges: Edges, linears: nn.ModuleList, norms: nn.ModuleList) -> Tensor:
    """Return the mean over each particle's edges of norms, ReLU and linear layers in turn."""
    if _in_pieces(edges):
        weights = [linear.weight for linear in linears]
        are_training = {norm.training for norm in norms}  # both, if some are frozen
        if are_training == {False} and not torch.is_grad_enabled():
            return _folded(edges, weights, norms)
        if are_training == {True} and all(type(norm) is nn.BatchNorm1d for norm in norms):
            factors = [norm.weight for norm in norms]
            offsets = [norm.bias for norm in norms]
            mean_PD: Tensor = _MeanOfLayers.apply(  # type: ignore[no-untyped-call]
                edges.own_PD, edges.others_PD, edges.rows_PK, norms, *weights, *factors, *offsets
            )
            return mean_PD
    x_PKD = edges.others_PD[edges.rows_PK] + edges.own_PD[:, None]
    x_ED = F.relu(norms[0](x_PKD.flatten(0, 1)), inplace=True)
    for linear, norm in zip(linears, norms[1:], strict=True):
        x_ED = F.relu(norm(linear(x_ED)), inplace=True)
    return x_ED.view(*edges.rows_PK.shape, x_ED.shape[1]).mean(1)


def _in_pieces(edges: Edges) -> bool:
    """Tell whether edges are done in pieces: on a CPU, but not where operations are recorded."""
    own_PD = edges.own_PD
    is_plain = own_PD.device.type == "cpu" and own_PD.dtype == torch.float32
    return is_plain and not torch.compiler.is_exporting()


def _folded(edges: Edges, weights: Sequence[Any], norms: Iterable[Any]) -> Tensor:
    """Do it with the norms, fixed ones, as parts of the linear layers in front of them."""
    norms = list(norms)
    factors = [norm.weight * (norm.running_var + norm.eps).rsqrt() for norm in norms]
    offsets = [
        norm.bias - norm.running_mean * factor for norm, factor in zip(norms, factors, strict=True)
    ]
    edges = Edges(
        edges.own_PD * factors[0] + offsets[0], edges.others_PD * factors[0], edges.rows_PK
    )
    layers = [
        ((factor[:, None] * weight).T.contiguous(), offset)
        for weight, factor, offset in zip(weights, factors[1:], offsets[1:], strict=True)
    ]
    widths = [len(factor) for factor in factors]
    num_P, num_K = edges.rows_PK.shape
    mean_PD = edges.own_PD.new_empty(num_P, widths[-1])
    space = [edges.own_PD.new_empty(NUMBERS_OF_A_PIECE + num_K * max(widths)) for _ in widths]
    for of_P, of_E in edges.pieces(max(widths)):
        num_E = of_E.stop - of_E.start
        x_ED = edges.first_layer(of_P, shaped(space[0], num_E, widths[0])).clamp_min_(0)
        for (weight, offset), buffer in zip(layers, space[1:], strict=True):
            out = shaped(buffer, num_E, len(offset))
            x_ED = torch.addmm(offset, x_ED, weight, out=out).clamp_min_(0)
        torch.mean(x_ED.view(-1, num_K, widths[-1]), 1, out=mean_PD[of_P])
    return mean_PD


class _MeanOfLayers(torch.autograd.Function):
    """The norms take their moments from the edges, as in training."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        own_PD: Tensor,
        others_PD: Tensor,
        rows_PK: Tensor,
        norms: Sequence[nn.BatchNorm1d],
        *parameters: Tensor,
    ) -> Tensor:
        edges, weights = Edges(own_PD, others_PD, rows_PK), parameters[: len(norms) - 1]
        num_P, num_K = rows_PK.shape
        widths = [len(norm.weight) for norm in norms]
        space = own_PD.new_empty(2, NUMBERS_OF_A_PIECE + num_K * max(widths))
        layers: list[Layer] = []
        for width, norm in zip(widths, norms, strict=True):
            moments, x_ED = Moments(width), own_PD.new_empty(num_P * num_K, width)
            for of_P, of_E in edges.pieces(max(widths)):
                if layers:
                    before_ED = layers[-1].activated(of_E, space[0])
                    torch.mm(before_ED, weights[len(layers) - 1].T, out=x_ED[of_E])
                else:
                    edges.first_layer(of_P, x_ED[of_E])
                moments.add(x_ED[of_E])
            layers.append(normed(x_ED, moments, norm))
        mean_PD = own_PD.new_empty(num_P, widths[-1])
        for of_P, of_E in edges.pieces(max(widths)):
            last_ED = layers[-1].activated(of_E, space[0])
            torch.mean(last_ED.view(-1, num_K, widths[-1]), 1, out=mean_PD[of_P])
        ctx.edges, ctx.layers, ctx.weights, ctx.space = edges, layers, weights, space
        return mean_PD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_PD: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        edges, layers, weights = ctx.edges, ctx.layers, ctx.weights
        num_K = edges.rows_PK.shape[1]
        space, width = ctx.space, max(len(layer.mean) for layer in layers)
        of_weights: list[Tensor] = []
        of_factors: list[Tensor] = []
        of_offsets: list[Tensor] = []
        gradient_ED = torch.empty_like(layers[-1].x_ED)
        reduction = Reduction(layers[-1])
        for of_P, of_E in edges.pieces(width):
            out = gradient_ED[of_E]
            share_PD = gradient_PD[of_P] / num_K
            out.view(-1, num_K, out.shape[1]).copy_(share_PD[:, None].expand(-1, num_K, -1))
            last_ED = layers[-1].activated(of_E, space[0])
            reduction.behind(out, last_ED, layers[-1].x_ED[of_E])
        for number in range(len(layers) - 1, 0, -1):
            layer, before = layers[number], layers[number - 1]
            of_factors.insert(0, reduction.product * layer.inverse_deviation)
            of_offsets.insert(0, reduction.plain)
            of_input = OfInput(layer, reduction)
            of_weight = torch.zeros_like(weights[number - 1])
            reduction = Reduction(before)
            before_gradient_ED = (
                gradient_ED
                if before.x_ED.shape == gradient_ED.shape
                else torch.empty_like(before.x_ED)
            )
            for _, of_E in edges.pieces(width):
                of_x_ED = of_input(gradient_ED[of_E], layer.x_ED[of_E], space[0])
                before_ED = before.activated(of_E, space[1])
                of_weight.addmm_(of_x_ED.T, before_ED)
                out = before_gradient_ED[of_E]
                torch.mm(of_x_ED, weights[number - 1], out=out)
                reduction.behind(out, before_ED, before.x_ED[of_E])
            gradient_ED = before_gradient_ED
            of_weights.insert(0, of_weight)
        of_factors.insert(0, reduction.product * layers[0].inverse_deviation)
        of_offsets.insert(0, reduction.plain)
        of_input = OfInput(layers[0], reduction)
        of_own_PD, of_others_PD = torch.empty_like(edges.own_PD), torch.zeros_like(edges.others_PD)
        for of_P, of_E in edges.pieces(width):
            of_x_ED = of_input(gradient_ED[of_E], layers[0].x_ED[of_E], space[0])
            torch.sum(of_x_ED.view(-1, num_K, of_x_ED.shape[1]), 1, out=of_own_PD[of_P])
            of_others_PD.index_add_(0, edges.rows_PK[of_P].flatten(), of_x_ED)
        return of_own_PD, of_others_PD, None, None, *of_weights, *of_factors, *of_offsets
