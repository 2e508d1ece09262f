"""A perceptron with batch norms over the edges of a graph, averaged over each particle's edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from tagline.machine.compiled import vectorised
from tagline.networks.norms import RELU
from tagline.networks.perceptrons import Perceptron, in_pieces

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


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

    @property
    def num_items(self) -> int:
        """The number of particles."""
        return self.rows_PK.shape[0]

    @property
    def rows_each(self) -> int:
        """The number of neighbours."""
        return self.rows_PK.shape[1]

    def first_layer(self, items: slice, out: Tensor) -> Tensor:
        """Write the sums of own and others for the edges of some particles."""
        own_PD, rows_PK = self.own_PD[items].numpy(), self.rows_PK[items].numpy()
        _add_ends(own_PD, self.others_PD.detach().numpy(), rows_PK, out.numpy())
        return out


def mean_of_layers(edges: Edges, linears: nn.ModuleList, norms: nn.ModuleList) -> Tensor:
    """Return the mean over each particle's edges of norms, ReLU and linear layers in turn."""
    weights: list[Any] = [linear.weight for linear in linears]
    if in_pieces(edges.own_PD, norms):
        if not norms[0].training:
            return _inferred(edges, weights, norms)
        factors, offsets = [norm.weight for norm in norms], [norm.bias for norm in norms]
        mean_PD: Tensor = _MeanOfLayers.apply(  # type: ignore[no-untyped-call]
            edges.own_PD, edges.others_PD, edges.rows_PK, norms, *weights, *factors, *offsets
        )
        return mean_PD
    x_PKD = edges.others_PD[edges.rows_PK] + edges.own_PD[:, None]
    x_ED = F.relu(norms[0](x_PKD.flatten(0, 1)), inplace=True)
    for linear, norm in zip(linears, norms[1:], strict=True):
        x_ED = F.relu(norm(linear(x_ED)), inplace=True)
    return x_ED.view(*edges.rows_PK.shape, x_ED.shape[1]).mean(1)


def _inferred(edges: Edges, weights: Sequence[Tensor], norms: Any) -> Tensor:  # noqa: ANN401
    perceptron = _perceptron(edges, weights, norms)
    mean_PD = edges.own_PD.new_empty(edges.num_items, perceptron.widths[-1])
    for items, x_ED in perceptron.inferred():
        torch.mean(x_ED.view(-1, edges.rows_each, x_ED.shape[1]), 1, out=mean_PD[items])
    return mean_PD


def _perceptron(edges: Edges, weights: Sequence[Tensor], norms: Any) -> Perceptron:  # noqa: ANN401
    biases = [None] * len(norms)
    return Perceptron(edges, weights=weights, biases=biases, norms=norms, activation=RELU)


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
        perceptron = ctx.perceptron = _perceptron(edges, weights, norms)
        mean_PD = own_PD.new_empty(edges.num_items, perceptron.widths[-1])
        for items, x_ED in perceptron.forward():
            torch.mean(x_ED.view(-1, edges.rows_each, x_ED.shape[1]), 1, out=mean_PD[items])
        ctx.edges = edges
        return mean_PD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_PD: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        edges, num_K = ctx.edges, ctx.edges.rows_each
        of_own_PD, of_others_PD = torch.empty_like(edges.own_PD), torch.zeros_like(edges.others_PD)

        def share(items: slice, out_ED: Tensor) -> None:
            share_PD = gradient_PD[items] / num_K
            out_ED.view(-1, num_K, out_ED.shape[1]).copy_(share_PD[:, None])

        def collect(items: slice, of_x_ED: Tensor) -> None:
            torch.sum(of_x_ED.view(-1, num_K, of_x_ED.shape[1]), 1, out=of_own_PD[items])
            of_others_PD.index_add_(0, edges.rows_PK[items].flatten(), of_x_ED)

        gradients = ctx.perceptron.backward(share, collect)
        return (
            of_own_PD,
            of_others_PD,
            None,
            None,
            *gradients.weights,
            *gradients.factors,
            *gradients.offsets,
        )


@vectorised
def _add_ends(own_PD: Array, others_PD: Array, rows_PK: Rows, out_ED: Array) -> None:
    num_P, num_K = rows_PK.shape
    for p in range(num_P):
        own_D = own_PD[p]
        for k in range(num_K):
            other_D, out_D = others_PD[rows_PK[p, k]], out_ED[p * num_K + k]
            for d in range(len(own_D)):
                out_D[d] = own_D[d] + other_D[d]
