"""Multivectors: all that products make of the vectors of space-time.

The geometric algebra Cl(1,3) has 16 basis elements, the products of e_0 ... e_3 with e_0^2 = 1 and
e_k^2 = -1. The pseudoscalar I = e_0 e_1 e_2 e_3 is the same for all observers, so x and x I
transform alike: a multivector is two scalars (1, I), two vectors (e_m, e_m I), and a bivector in
two halves (e_0 e_k, e_0 e_k I), which proper Lorentz transformations mix as they do the parts of
complex numbers.

Brehmer et al., "Geometric Algebra Transformer", 2023, https://arxiv.org/abs/2305.18415.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tagline.networks.layers import in_compiled_loops
from tagline.networks.multivector_norms import LANES
from tagline.networks.multivector_products import Product


@dataclass(frozen=True)
class Multivectors:
    """C multivectors of each of T tokens, and scalars beside them.

    Of the 2C columns that are the multivectors', C are of 1, e_m or e_0 e_k, C of that times I.

    Args:
        scalars_TD: 2C columns, and those of the scalars beside.
        vectors_4TD: 2C columns.
        bivectors_3TD: 2C columns.
    """

    scalars_TD: Tensor
    vectors_4TD: Tensor
    bivectors_3TD: Tensor

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """All of it."""
        return self.scalars_TD, self.vectors_4TD, self.bivectors_3TD

    @property
    def channels(self) -> int:
        """C."""
        return self.vectors_4TD.shape[2] // 2

    @property
    def beside(self) -> Tensor:
        """The scalars that are not the multivectors'."""
        return self.scalars_TD[:, 2 * self.channels :]

    def __add__(self, other: "Multivectors") -> "Multivectors":
        """Return the sum."""
        return Multivectors(*(x + y for x, y in zip(self.parts, other.parts, strict=True)))

    def tokens(self, of_T: slice) -> "Multivectors":
        """Return some of the tokens."""
        return Multivectors(
            self.scalars_TD[of_T], self.vectors_4TD[:, of_T], self.bivectors_3TD[:, of_T]
        )


def has_kernels(x: Multivectors, channels: int) -> bool:
    """Return whether norms and products of it are compiled."""
    return all(map(in_compiled_loops, x.parts)) and 2 * channels % LANES == 0


def _product_of_blades(first: int, second: int) -> tuple[int, int]:
    """Return the product of two ordered products of e_m, the bits of a number, and its sign."""
    swaps = sum((first >> shift & second).bit_count() for shift in range(1, 4))
    negative_squares = (first & second & 0b1110).bit_count()
    return first ^ second, -1 if (swaps + negative_squares) % 2 else 1


def _basis() -> list[tuple[int, int]]:
    """Return 1, I, e_0, e_0 I, ..., e_0 e_3, e_0 e_3 I as ordered products with signs."""
    pseudoscalar = 0b1111
    without = [0, *(1 << m for m in range(4)), *(1 | 1 << k for k in range(1, 4))]
    return [
        each for blade in without for each in ((blade, 1), _product_of_blades(blade, pseudoscalar))
    ]


def _table() -> Tensor:
    """Return what the product of the basis elements i and j has of k: 1, -1 or 0."""
    basis = _basis()
    place = {blade: index for index, (blade, _) in enumerate(basis)}
    table_IJK = torch.zeros(16, 16, 16)
    for i, (x, sign_x) in enumerate(basis):
        for j, (y, sign_y) in enumerate(basis):
            blade, sign_xy = _product_of_blades(x, y)
            k = place[blade]
            table_IJK[i, j, k] = sign_x * sign_y * sign_xy * basis[k][1]
    return table_IJK


TABLE_IJK = _table()
SECOND_IK = TABLE_IJK.abs().argmax(1).numpy()  # the only j for i and k
SIGN_IK = TABLE_IJK.sum(1).numpy()


def product(factors: Multivectors) -> Multivectors:
    """Return the geometric product of the first half of the channels with the second."""
    channels = factors.channels // 2
    if has_kernels(factors, channels):
        parts = Product.apply(*factors.parts, SECOND_IK, SIGN_IK)  # type: ignore[no-untyped-call]
        return Multivectors(*parts)
    pairs_8TD = torch.cat([factors.scalars_TD[None], factors.vectors_4TD, factors.bivectors_3TD])
    x_16TC, y_16TC = (
        torch.unflatten(half, 2, (2, channels)).movedim(2, 1).flatten(0, 1)
        for half in pairs_8TD.chunk(2, dim=2)
    )
    every_pair = (x_16TC[:, None] * y_16TC).flatten(0, 1).flatten(1)
    table = TABLE_IJK.to(every_pair).flatten(0, 1)
    out_16TC = (table.T @ every_pair).view(x_16TC.shape)
    pairs_8TD = torch.unflatten(out_16TC, 0, (8, 2)).movedim(1, 2).flatten(2)
    return Multivectors(pairs_8TD[0], pairs_8TD[1:5], pairs_8TD[5:])
