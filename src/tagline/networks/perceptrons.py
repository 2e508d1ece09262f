"""Linear layers, batch norms and activations on more rows than the caches of a CPU hold.

Memory is slow: each pass over all rows costs as much as a matrix product. So all that can be done
to some rows is done before the next are taken, and kept of each layer is nothing but what stands
in front of its norm; not even that of the first layer, which is quickly made again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from tagline.networks.layers import in_compiled_loops
from tagline.networks.norms import (
    Activation,
    Layer,
    Moments,
    OfInput,
    Reduction,
    fixed,
    normed,
    shaped,
)

NUMBERS_OF_A_PIECE = 2**17

Take = Callable[[slice, Tensor], object]


class Rows(Protocol):
    """What comes into the first norm: as many rows for each item."""

    @property
    def num_items(self) -> int:
        """How many items there are."""
        ...

    @property
    def rows_each(self) -> int:
        """How many rows each of them has."""
        ...

    def first_layer(self, items: slice, out: Tensor) -> Tensor:
        """Write the rows of some items."""
        ...


class Gradients(NamedTuple):
    """Of the linear layers and of the norms."""

    weights: list[Tensor]
    factors: list[Tensor]
    offsets: list[Tensor]


def in_pieces(x_PD: Tensor, norms: Iterable[nn.Module]) -> bool:
    """Tell whether it can be done here: with all norms in training, or none and no way back.

    No rows have no moments; torch's norms pass over them.
    """
    if not len(x_PD) or not in_compiled_loops(x_PD):
        return False
    are_training = {norm.training for norm in norms}  # both, if some are frozen
    if are_training == {True}:
        return all(type(norm) is nn.BatchNorm1d for norm in norms)
    return are_training == {False} and not torch.is_grad_enabled()


class Perceptron:
    """Norms and activations, with linear layers between them.

    Args:
        rows: what comes into the first norm, without the bias.
        weights: of the linear layers behind the first norm.
        biases: of what is in front of each norm; norms in training take them away again.
        norms: one more than linear layers.
        activation: behind each norm.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor | None],
        norms: Sequence[nn.BatchNorm1d],
        activation: Activation,
    ) -> None:
        self.rows, self.weights, self.biases = rows, weights, biases
        self.norms, self.activation = norms, activation
        self.widths = [len(norm.weight) for norm in norms]
        self.width = max(self.widths)
        self.num_rows = rows.num_items * rows.rows_each
        self.layers: list[Layer] = []
        self.behind_linear: list[Tensor] = []  # in front of each norm but the first

    def pieces(self) -> Iterator[tuple[slice, slice]]:
        """Yield which items, and which of their rows, are done at once."""
        num_each = self.rows.rows_each
        step = max(1, NUMBERS_OF_A_PIECE // (self.width * num_each))
        for start in range(0, self.rows.num_items, step):
            end = min(start + step, self.rows.num_items)
            yield slice(start, end), slice(start * num_each, end * num_each)

    def spaces(self) -> Tensor:
        """Return three buffers for a piece."""
        return torch.empty(3, NUMBERS_OF_A_PIECE + self.rows.rows_each * self.width)

    def inferred(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield the results of some items after others; the norms are fixed."""
        layers = [
            fixed(norm, bias, self.activation)
            for norm, bias in zip(self.norms, self.biases, strict=True)
        ]
        space, other, _ = self.spaces()
        for items, of_E in self.pieces():
            x_ED = self._in_front_of(0, items, of_E, space)
            activated_ED = layers[0].activated(x_ED, other)
            for layer, weight in zip(layers[1:], self.weights, strict=True):
                x_ED = shaped(space, len(activated_ED), len(weight))
                torch.mm(activated_ED, weight.T, out=x_ED)
                activated_ED = layer.activated(x_ED, other)
            yield items, activated_ED

    def forward(self) -> Iterator[tuple[slice, Tensor]]:
        """Do all layers and yield the results of some items after others."""
        space, _, first = self.spaces()
        for number, width in enumerate(self.widths):
            moments = Moments(width)
            if number:
                self.behind_linear.append(torch.empty(self.num_rows, width))
            for items, of_E in self.pieces():
                x_ED = self._in_front_of(number, items, of_E, first)
                if number:
                    before_ED = self._in_front_of(number - 1, items, of_E, first)
                    activated_ED = self.layers[-1].activated(before_ED, space)
                    torch.mm(activated_ED, self.weights[number - 1].T, out=x_ED)
                moments.add(x_ED)
            norm, bias = self.norms[number], self.biases[number]
            self.layers.append(normed(moments, norm, bias, self.activation))
        for items, of_E in self.pieces():
            x_ED = self._in_front_of(len(self.weights), items, of_E, first)
            yield items, self.layers[-1].activated(x_ED, space)

    def backward(self, give: Take, take: Take) -> Gradients:
        """Return the gradients of all parameters.

        Args:
            give: writes the gradient of the results of some items.
            take: takes the gradient of what came into the first norm.
        """
        gradients = Gradients([], [], [])
        space, other, first = self.spaces()
        reduction = Reduction(self.layers[-1])
        gradient_ED = torch.empty(self.num_rows, self.widths[-1])
        for items, of_E in self.pieces():
            x_ED = self._in_front_of(len(self.weights), items, of_E, first)
            give(items, gradient_ED[of_E])
            reduction.behind(gradient_ED[of_E], x_ED, space)
        for number in range(len(self.weights), 0, -1):
            weight = self.weights[number - 1]
            of_input = self._finish(reduction, gradients)
            of_weight, reduction = torch.zeros_like(weight), Reduction(self.layers[number - 1])
            fits = self.widths[number - 1] == self.widths[number]
            before_gradient_ED = (
                gradient_ED if fits else torch.empty(self.num_rows, weight.shape[1])
            )
            for items, of_E in self.pieces():
                x_ED = self._in_front_of(number, items, of_E, first)
                of_x_ED = of_input(gradient_ED[of_E], x_ED, space)
                out = torch.mm(of_x_ED, weight, out=before_gradient_ED[of_E])
                before_ED = self._in_front_of(number - 1, items, of_E, first)
                of_weight.addmm_(of_x_ED.T, reduction.behind(out, before_ED, other))
            gradient_ED = before_gradient_ED
            gradients.weights.insert(0, of_weight)
        of_input = self._finish(reduction, gradients)
        for items, of_E in self.pieces():
            x_ED = self._in_front_of(0, items, of_E, first)
            take(items, of_input(gradient_ED[of_E], x_ED, space))
        return gradients

    def _in_front_of(self, number: int, items: slice, of_E: slice, space: Tensor) -> Tensor:
        """Return what comes into a norm for some rows; the first is made, in a buffer."""
        if number:
            return self.behind_linear[number - 1][of_E]
        return self.rows.first_layer(items, shaped(space, of_E.stop - of_E.start, self.widths[0]))

    @staticmethod
    def _finish(reduction: Reduction, gradients: Gradients) -> OfInput:
        """Note the gradients of a norm whose sums are complete."""
        gradients.factors.insert(0, reduction.product * reduction.layer.inverse_deviation)
        gradients.offsets.insert(0, reduction.plain)
        return OfInput(reduction)
