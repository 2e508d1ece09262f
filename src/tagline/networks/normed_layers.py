"""Linear layers, each with a batch norm and GELU behind it, on rows of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from tagline.networks.norms import GELU
from tagline.networks.perceptrons import Perceptron, in_pieces

Modules = Sequence[Any]  # nn.Linear or nn.BatchNorm1d, which torch's containers do not tell


@dataclass(frozen=True)
class Products:
    """Rows of numbers times the weight of the first layer."""

    x_QF: Tensor
    weight_DF: Tensor
    rows_each: int = 1

    @property
    def num_items(self) -> int:
        """The number of rows."""
        return len(self.x_QF)

    def first_layer(self, items: slice, out: Tensor) -> Tensor:
        """Write the products of some rows."""
        return torch.mm(self.x_QF[items], self.weight_DF.T, out=out)


def normed_layers(x_QF: Tensor, *, linears: Modules, norms: Modules) -> Tensor:
    """Return GELU(norm(linear(x))) for all layers in turn; there are as many norms."""
    weights, biases = [each.weight for each in linears], [each.bias for each in linears]
    if in_pieces(x_QF, norms):
        if norms[0].training:
            factors, offsets = [norm.weight for norm in norms], [norm.bias for norm in norms]
            x_QD: Tensor = _NormedLayers.apply(  # type: ignore[no-untyped-call]
                x_QF, norms, *weights, *biases, *factors, *offsets
            )
            return x_QD
        return _inferred(x_QF, weights, biases, norms)
    for linear, norm in zip(linears, norms, strict=True):
        x_QF = F.gelu(norm(linear(x_QF)))
    return x_QF


def _perceptron(
    x_QF: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor], norms: Modules
) -> Perceptron:
    products = Products(x_QF, weights[0])
    return Perceptron(products, weights=weights[1:], biases=biases, norms=norms, activation=GELU)


def _inferred(
    x_QF: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor], norms: Modules
) -> Tensor:
    out_QD = x_QF.new_empty(len(x_QF), len(weights[-1]))
    for items, x_QD in _perceptron(x_QF, weights, biases, norms).inferred():
        out_QD[items] = x_QD
    return out_QD


class _NormedLayers(torch.autograd.Function):
    """The norms take their moments from the rows, as in training."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x_QF: Tensor,
        norms: Modules,
        *parameters: Tensor,
    ) -> Tensor:
        weights, biases = parameters[: len(norms)], parameters[len(norms) : 2 * len(norms)]
        ctx.x_QF, ctx.weight_DF, ctx.biases = x_QF, weights[0], biases
        ctx.perceptron = _perceptron(x_QF, weights, biases, norms)
        out_QD = x_QF.new_empty(len(x_QF), len(weights[-1]))
        for items, x_QD in ctx.perceptron.forward():
            out_QD[items] = x_QD
        return out_QD

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_QD: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        of_x_QF, of_weight_DF = torch.empty_like(ctx.x_QF), torch.zeros_like(ctx.weight_DF)

        def give(items: slice, out_QD: Tensor) -> None:
            out_QD.copy_(gradient_QD[items])

        def take(items: slice, of_product_QD: Tensor) -> None:
            of_weight_DF.addmm_(of_product_QD.T, ctx.x_QF[items])
            torch.mm(of_product_QD, ctx.weight_DF, out=of_x_QF[items])

        gradients = ctx.perceptron.backward(give, take)
        of_biases = [torch.zeros_like(bias) for bias in ctx.biases]
        return (
            of_x_QF,
            None,
            of_weight_DF,
            *gradients.weights,
            *of_biases,
            *gradients.factors,
            *gradients.offsets,
        )
