"""What taggers are made of: dense layers, sums over a jet's constituents, padding, images."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops.while_loop import while_loop
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.sparse_images import SparseImages


def dense(widths: Sequence[int], dropouts: Sequence[float] = ()) -> nn.Sequential:
    """Return linear layers between these widths, each followed by ReLU and, if given, dropout."""
    layers: list[nn.Module] = []
    for index, (num_in, num_out) in enumerate(pairwise(widths)):
        layers += [he_uniform(nn.Linear(num_in, num_out)), nn.ReLU(inplace=True)]
        if dropouts:
            layers.append(nn.Dropout(dropouts[index]))
    return nn.Sequential(*layers)


def he_uniform(linear: nn.Linear) -> nn.Linear:
    """Draw the weights uniformly within sqrt(6 / inputs), set the biases to zero (1502.01852)."""
    nn.init.kaiming_uniform_(linear.weight, nonlinearity="relu")
    nn.init.zeros_(linear.bias)
    return linear


def in_compiled_loops(x_PD: Tensor) -> bool:
    """Tell whether compiled loops can do it: on a CPU, but not where operations are recorded."""
    is_plain = x_PD.device.type == "cpu" and x_PD.dtype == torch.float32
    return is_plain and not torch.compiler.is_exporting()


def jet_sum(x_PD: Tensor, batch: Batch) -> Tensor:
    """Sum over the constituents of each jet, (P, D) to (B, D); an empty jet gives zero."""
    if torch.compiler.is_exporting():
        return added_up(x_PD, batch.jet_of_constituent_P, len(batch))
    summed_BD: Tensor = _JetSum.apply(  # type: ignore[no-untyped-call]
        x_PD, batch.jet_of_constituent_P, _first_constituents(batch)
    )
    return summed_BD


class _JetSum(torch.autograd.Function):
    """A sum of contiguous rows whose gradient is a gather, faster than `index_add` and its own."""

    @staticmethod
    def forward(x_PD: Tensor, jet_of_constituent_P: Tensor, first_B: Tensor) -> Tensor:
        del jet_of_constituent_P
        every_P = torch.arange(len(x_PD), device=x_PD.device)
        return F.embedding_bag(every_P, x_PD, first_B, mode="sum")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:  # noqa: ANN401
        del output
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        (jet_of_constituent_P,) = ctx.saved_tensors
        return gradients[0].index_select(0, jet_of_constituent_P), None, None


def added_up(x_QD: Tensor, row_Q: Tensor, num_rows: int) -> Tensor:
    """Add each row to another, for exports: ONNX has no embedding bag but as a loop over sums."""
    return x_QD.new_zeros(num_rows, x_QD.shape[1]).index_add(0, row_Q, x_QD)


def counted_down(step: Callable[[Tensor, Tensor], Tensor], first: Tensor, x_PD: Tensor) -> Tensor:
    """Apply step(number, x) with first, first - 1, ..., 0; in exports, a loop of the graph."""
    number = first
    if not torch.compiler.is_exporting():
        while number >= 0:
            x_PD, number = step(number, x_PD), number - 1
        return x_PD
    _, x_PD = while_loop(  # type: ignore[no-untyped-call]
        lambda number, _: number >= 0,
        lambda number, x_PD: (number - 1, step(number, x_PD)),
        (number, x_PD),
    )
    return x_PD


def padded(batch: Batch, num_constituents: int) -> Tensor:
    """Return the constituents as x_BNF, zero behind the last of each jet.

    No jet may have more than `num_constituents`, which `delivery.load` makes sure of.
    """
    return padded_rows(batch.constituents_PF, batch, num_constituents)


def padded_rows(x_PD: Tensor, batch: Batch, num_constituents: int) -> Tensor:
    """Return rows that belong to the constituents as x_BND, zero behind the last of each jet."""
    x_BND = x_PD.new_zeros(len(batch), num_constituents, x_PD.shape[1])
    x_BND[batch.jet_of_constituent_P, positions(batch)] = x_PD
    return x_BND


def positions(batch: Batch) -> Tensor:
    """Return position_P, the place of each constituent in its jet, counted from 0."""
    jet_P = batch.jet_of_constituent_P
    return torch.arange(len(jet_P), device=jet_P.device) - _first_constituents(batch)[jet_P]


def repeated(num_P: Tensor, most: int) -> Tensor:
    """Return each row so many times, none more than `most`, behind each other.

    ONNX has no `repeat_interleave` but as a matrix of all rows and all that is returned.
    """
    if not torch.compiler.is_exporting():
        return torch.repeat_interleave(num_P)
    row_Q, _ = filled(num_P, most)
    return row_Q


def filled(num_B: Tensor, num_slots: int) -> tuple[Tensor, Tensor]:
    """Return row and column of the first so many slots of each row, row by row, for exports."""
    is_filled_BN = torch.arange(num_slots, device=num_B.device) < num_B[:, None]
    row_P, column_P = is_filled_BN.nonzero().unbind(1)
    if torch.compiler.is_exporting():  # which else stops where batch norms ask
        torch._check(row_P.shape[0] > 0)  # type: ignore[no-untyped-call]
    return row_P, column_P


def _first_constituents(batch: Batch) -> Tensor:
    return batch.num_constituents_B.cumsum(0) - batch.num_constituents_B


def columns_of(names: Sequence[str], inputs: Inputs) -> Tensor:
    """Return column_G, where features of a jet are in features_BG; those of all if none is named.

    Raises:
        ValueError: the representation has no such feature, or none at all.
    """
    found = inputs.jet_features
    missing = [name for name in names if name not in found]
    if missing or not found:
        raise ValueError(
            f"the representation has no jet feature {', '.join(missing)}; "
            f"it has {', '.join(found) or 'none'}"
        )
    return torch.tensor([found.index(name) for name in names or found])


class Pixels(nn.Module):
    """Dense standardised images from the pixels that are not empty.

    A "constituent" is a pixel: its row, its column, then its value in each channel. The image is
    (x - mean) / scale with the `mean` and `scale` (K, Y, X) of the training set.
    """

    mean_YXK: Tensor
    scale_YXK: Tensor

    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        if inputs.image_shape is None or inputs.constituent_features[:2] != ("row", "column"):
            raise ValueError(
                f"an image tagger reads pixels with row, column, channels; "
                f"this representation has {', '.join(inputs.constituent_features) or 'none'}"
            )
        self.shape_KYX = inputs.image_shape
        for name in ("mean", "scale"):
            statistic_KYX = torch.as_tensor(inputs.statistics[name], dtype=torch.float32)
            self.register_buffer(f"{name}_YXK", statistic_KYX.permute(1, 2, 0).contiguous())

    def forward(self, batch: Batch) -> Tensor:
        """Return images_BKYX in the channels-last memory format."""
        num_rows, num_columns, num_channels = self.mean_YXK.shape
        pixel_P, values_PK = self._places(batch), batch.constituents_PF[:, 2:]
        images = values_PK.new_zeros(len(batch) * num_rows * num_columns, num_channels)
        images[pixel_P] = values_PK
        images_BYXK = images.view(len(batch), num_rows, num_columns, num_channels)
        return ((images_BYXK - self.mean_YXK) / self.scale_YXK).permute(0, 3, 1, 2)

    def sparse(self, batch: Batch) -> SparseImages:
        """Return the same images as a background, of empty pixels, and the others."""
        place_P = self._places(batch)
        mean_SK, scale_SK = self.mean_YXK.flatten(0, 1), self.scale_YXK.flatten(0, 1)
        pixel_P = place_P % len(mean_SK)
        return SparseImages(
            background_KYX=(-self.mean_YXK / self.scale_YXK).permute(2, 0, 1),
            values_PK=(batch.constituents_PF[:, 2:] - mean_SK[pixel_P]) / scale_SK[pixel_P],
            place_P=place_P,
            num_images=len(batch),
        )

    def _places(self, batch: Batch) -> Tensor:
        """Return where the pixels are, counted over images, rows and columns."""
        num_rows, num_columns, _ = self.mean_YXK.shape
        row_P, column_P = batch.constituents_PF[:, :2].long().unbind(1)
        return (batch.jet_of_constituent_P * num_rows + row_P) * num_columns + column_P
