"""Images that are one background but in a few places, taken through convolutions exactly.

An empty pixel of a jet image is the same in all images, and so is all that layers make of empty
pixels alone. So the background goes through the layers once, and of each image only the places
that a pixel reaches: of 40 x 40 places, a tenth after one convolution, a fifth after two.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from tagline.machine.compiled import vectorised
from tagline.networks.sparse_places import NOWHERE, Rows, Shape, Squares, shape_of

Array = npt.NDArray[np.float32]

NUMBERS_OF_A_PIECE = 2**17


@dataclass(frozen=True)
class SparseImages:
    """Images with the same background.

    Args:
        background_KYX: what they have where nothing differs.
        values_PK: what they have in other places.
        place_P: these places, counted over images, rows and columns, none of them twice.
        num_images: B.
    """

    background_KYX: Tensor
    values_PK: Tensor
    place_P: Tensor
    num_images: int

    @property
    def shape(self) -> Shape:
        """Numbers of rows and columns."""
        return shape_of(self.background_KYX)

    @property
    def by_place(self) -> Tensor:
        """The background, a row for each place."""
        return self.background_KYX.flatten(1).T

    def background_at(self, place_P: Tensor) -> Tensor:
        """Return what the background has in some places."""
        return self.by_place.index_select(0, place_P % self.background_KYX[0].numel())

    def dense(self) -> Tensor:
        """Return images_BKYX in the channels-last memory format."""
        num_K, num_Y, num_X = self.background_KYX.shape
        images_SK = self.by_place.repeat(self.num_images, 1)
        images_SK = images_SK.index_copy(0, self.place_P, self.values_PK)
        return images_SK.view(self.num_images, num_Y, num_X, num_K).permute(0, 3, 1, 2)


def activated(images: SparseImages) -> SparseImages:
    """Return ReLU of the images."""
    background_KYX, values_PK = F.relu(images.background_KYX), F.relu(images.values_PK)
    return replace(images, background_KYX=background_KYX, values_PK=values_PK)


def convolved(images: SparseImages, layer: nn.Conv2d) -> SparseImages:
    """Return the images behind a convolution with a square kernel and steps of one."""
    background_KYX = layer(images.background_KYX[None])[0]
    squares = Squares(int(layer.kernel_size[0]), step=1, padding=int(layer.padding[0]))
    place_R, row_PT = squares.reached(images.place_P, images.shape, shape_of(background_KYX))
    difference_PK = images.values_PK - images.background_at(images.place_P)
    weight_KTL = layer.weight.flatten(2).permute(1, 2, 0)  # L channels behind the layer
    spread_RL: Tensor = _Spread.apply(  # type: ignore[no-untyped-call]
        difference_PK, weight_KTL.flatten(1), row_PT, len(place_R)
    )
    behind = replace(images, background_KYX=background_KYX, place_P=place_R)
    return replace(behind, values_PK=behind.background_at(place_R) + spread_RL)


def pooled(images: SparseImages, layer: nn.MaxPool2d) -> SparseImages:
    """Return the images behind the maximum over squares beside each other."""
    background_KYX, size = layer(images.background_KYX[None])[0], layer.kernel_size
    assert isinstance(size, int)
    shape_YX, behind_YX = images.shape, shape_of(background_KYX)
    squares = Squares(size, step=size, padding=0)
    place_R, row_PT = squares.reached(images.place_P, shape_YX, behind_YX)
    source_RT = squares.sources(place_R, row_PT, shape_YX, behind_YX)
    everything_SK = torch.cat([images.values_PK, images.by_place])
    values_RTK = everything_SK[source_RT]
    return SparseImages(background_KYX, values_RTK.amax(1), place_R, images.num_images)


def through(images: SparseImages, layers: Iterable[nn.Module]) -> SparseImages:
    """Return the images behind convolutions, ReLU and maxima."""
    for layer in layers:
        match layer:
            case nn.Conv2d():
                images = convolved(images, layer)
            case nn.MaxPool2d():
                images = pooled(images, layer)
            case nn.ReLU():
                images = activated(images)
            case _:
                raise TypeError(f"sparse images do not go through {layer}")
    return images


class _Spread(torch.autograd.Function):
    """Each pixel times a weight for each row that it reaches, added up there."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x_PK: Tensor,
        weight_KD: Tensor,
        row_PT: Tensor,
        num_rows: int,
    ) -> Tensor:
        ctx.save_for_backward(x_PK, weight_KD, row_PT)
        spread_RL = x_PK.new_zeros(num_rows, weight_KD.shape[1] // row_PT.shape[1])
        for pixels in _pieces(len(x_PK), weight_KD.shape[1]):
            product_PD = x_PK[pixels] @ weight_KD
            _add(product_PD.numpy(), row_PT[pixels].numpy(), spread_RL.numpy())
        return spread_RL

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_RL: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x_PK, weight_KD, row_PT = ctx.saved_tensors
        of_x_PK, of_weight_KD = torch.empty_like(x_PK), torch.zeros_like(weight_KD)
        gradient_array = gradient_RL.contiguous().numpy()
        for pixels in _pieces(len(x_PK), weight_KD.shape[1]):
            of_product_PD = x_PK.new_empty(pixels.stop - pixels.start, weight_KD.shape[1])
            _take(gradient_array, row_PT[pixels].numpy(), of_product_PD.numpy())
            torch.mm(of_product_PD, weight_KD.T, out=of_x_PK[pixels])
            of_weight_KD.addmm_(x_PK[pixels].T, of_product_PD)
        return of_x_PK, of_weight_KD, None, None


def _pieces(num_rows: int, width: int) -> Iterator[slice]:
    step = max(1, NUMBERS_OF_A_PIECE // width)
    for start in range(0, num_rows, step):
        yield slice(start, min(start + step, num_rows))


@vectorised
def _add(product_PD: Array, row_PT: Rows, spread_RL: Array) -> None:
    width = spread_RL.shape[1]
    for pixel in range(row_PT.shape[0]):
        for part in range(row_PT.shape[1]):
            if row_PT[pixel, part] != NOWHERE:
                out_L = spread_RL[row_PT[pixel, part]]
                product_L = product_PD[pixel, part * width : (part + 1) * width]
                for channel in range(width):
                    out_L[channel] += product_L[channel]


@vectorised
def _take(gradient_RL: Array, row_PT: Rows, of_product_PD: Array) -> None:
    width = gradient_RL.shape[1]
    for pixel in range(row_PT.shape[0]):
        for part in range(row_PT.shape[1]):
            of_product_L = of_product_PD[pixel, part * width : (part + 1) * width]
            if row_PT[pixel, part] == NOWHERE:
                of_product_L[:] = np.float32(0)
            else:
                gradient_L = gradient_RL[row_PT[pixel, part]]
                for channel in range(width):
                    of_product_L[channel] = gradient_L[channel]
