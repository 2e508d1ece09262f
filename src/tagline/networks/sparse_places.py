"""Which places of images differ from the background behind a layer, and what reaches them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tagline.machine.compiled import compiled

Rows = npt.NDArray[np.int64]
Shape = tuple[int, int]  # numbers of rows and columns

NOWHERE = -1


def shape_of(image_KYX: Tensor) -> Shape:
    """Return the numbers of rows and columns."""
    return image_KYX.shape[1], image_KYX.shape[2]


@dataclass(frozen=True)
class Squares:
    """Squares of T pixels that a layer looks at, so many pixels apart, on a padded image."""

    size: int
    step: int
    padding: int

    def reached(self, place_P: Tensor, shape_YX: Shape, behind_YX: Shape) -> tuple[Tensor, Tensor]:
        """Return place_R, those that differ behind the layer, and the row_PT that pixels reach.

        A pixel is once at each of the T places in a square, line by line; its row is -1 if that
        square is beyond the border.
        """
        place_array = place_P.numpy()
        num_images = place_array.max(initial=0) // (shape_YX[0] * shape_YX[1]) + 1
        row_S = np.full(num_images * behind_YX[0] * behind_YX[1], NOWHERE)
        row_PT = np.empty((len(place_array), self.size**2), np.int64)
        geometry = self.size, self.step, self.padding
        num_rows = _reach(place_array, shape_YX, behind_YX, geometry, row_S, row_PT)
        place_R = np.empty(num_rows, np.int64)
        _number(row_S, place_R, row_PT)
        return torch.from_numpy(place_R), torch.from_numpy(row_PT)

    def sources(
        self, place_R: Tensor, row_PT: Tensor, shape_YX: Shape, behind_YX: Shape
    ) -> Tensor:
        """Return source_RT, the row of each pixel of a square; background is behind all pixels.

        The squares are beside each other.
        """
        source_RT = np.empty((len(place_R), self.size**2), np.int64)
        _sources(row_PT.numpy(), place_R.numpy(), shape_YX, behind_YX, self.size, source_RT)
        return torch.from_numpy(source_RT)


@compiled
def _reach(
    place_P: Rows,
    shape_YX: Shape,
    behind_YX: Shape,
    geometry: tuple[int, int, int],
    row_S: Rows,
    row_PT: Rows,
) -> int:
    """Write the places behind that each pixel reaches, mark them and count them."""
    (num_Y, num_X), (size, step, padding) = behind_YX, geometry
    found = 0
    for pixel in range(len(place_P)):
        image, place = divmod(place_P[pixel], shape_YX[0] * shape_YX[1])
        y, x = divmod(place, shape_YX[1])
        for part in range(size * size):
            row, row_rest = divmod(y + padding - part // size, step)
            column, column_rest = divmod(x + padding - part % size, step)
            is_inside = 0 <= row < num_Y and 0 <= column < num_X
            behind = NOWHERE
            if is_inside and row_rest == column_rest == 0:
                behind = (image * num_Y + row) * num_X + column
                found += row_S[behind] == NOWHERE
                row_S[behind] = 0
            row_PT[pixel, part] = behind
    return found


@compiled
def _number(row_S: Rows, place_R: Rows, row_PT: Rows) -> None:
    """Number the marked places in their order, and turn places into these numbers."""
    found = 0
    for place in range(len(row_S)):
        if row_S[place] != NOWHERE:
            row_S[place], place_R[found] = found, place
            found += 1
    for pixel in range(row_PT.shape[0]):
        for part in range(row_PT.shape[1]):
            if row_PT[pixel, part] != NOWHERE:
                row_PT[pixel, part] = row_S[row_PT[pixel, part]]


@compiled
def _sources(
    row_PT: Rows, place_R: Rows, shape_YX: Shape, behind_YX: Shape, size: int, source_RT: Rows
) -> None:
    num_P, num_T = row_PT.shape
    for row in range(len(place_R)):
        y, x = divmod(place_R[row] % (behind_YX[0] * behind_YX[1]), behind_YX[1])
        for part in range(num_T):
            line, column = y * size + part // size, x * size + part % size
            source_RT[row, part] = num_P + line * shape_YX[1] + column
    for pixel in range(num_P):
        for part in range(num_T):
            if row_PT[pixel, part] != NOWHERE:
                source_RT[row_PT[pixel, part], part] = pixel
