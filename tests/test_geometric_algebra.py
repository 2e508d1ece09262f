"""The algebra of space-time: its axioms, its symmetry, and its two ways of computing."""

from dataclasses import replace

import pytest
import torch

from tagline.networks import geometric_algebra, multivector_layers
from tagline.networks.attention import Slots
from tagline.networks.geometric_algebra import Multivectors, product
from tagline.networks.multivector_layers import (
    Linear,
    Width,
    from_heads,
    normalised,
    normalised_heads,
)
from tests.four_vectors import METRIC, lorentz_transformation

NUM_TOKENS = 11  # more than one panel of products, and not a whole number of them
LAMBDA_44 = lorentz_transformation(seed=4)


def random_multivectors(channels, *, beside=0, groups=1, dtype=torch.float64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    both = 2 * channels * groups
    shapes = (NUM_TOKENS, both + groups * beside), (4, NUM_TOKENS, both), (3, NUM_TOKENS, both)
    return Multivectors(
        *(
            torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)
            for shape in shapes
        )
    )


def side_by_side(x, y):
    return Multivectors(
        *(torch.cat(parts, dim=-1) for parts in zip(x.parts, y.parts, strict=True))
    )


def vector(p_4):
    """Return a vector as one multivector of one token."""
    vectors_41D = torch.stack([p_4, torch.zeros(4).double()], dim=1)[:, None]
    return Multivectors(torch.zeros(1, 2).double(), vectors_41D, torch.zeros(3, 1, 2).double())


def transformed(x, matrix_44):
    """Return the same multivectors for another observer."""
    matrix_44 = matrix_44.to(x.vectors_4TD)
    vectors_4TD = torch.einsum("mn,ntd->mtd", matrix_44, x.vectors_4TD)
    electric_3TC, magnetic_3TC = x.bivectors_3TD.chunk(2, dim=2)
    tensor_44TC = electric_3TC.new_zeros(4, 4, *electric_3TC.shape[1:])
    for k in range(3):
        tensor_44TC[0, k + 1], tensor_44TC[k + 1, 0] = electric_3TC[k], -electric_3TC[k]
        i, j = (k + 1) % 3 + 1, (k + 2) % 3 + 1
        tensor_44TC[i, j], tensor_44TC[j, i] = magnetic_3TC[k], -magnetic_3TC[k]
    tensor_44TC = torch.einsum("mi,nj,ijtc->mntc", matrix_44, matrix_44, tensor_44TC)
    magnetic = [tensor_44TC[(k + 1) % 3 + 1, (k + 2) % 3 + 1] for k in range(3)]
    bivectors_3TD = torch.cat([tensor_44TC[0, 1:], torch.stack(magnetic)], dim=2)
    return Multivectors(x.scalars_TD, vectors_4TD, bivectors_3TD)


def assert_same(x, y, **tolerances):
    for ours, expected in zip(x.parts, y.parts, strict=True):
        torch.testing.assert_close(ours, expected, **tolerances)


def test_basis_vectors_anticommute_and_square_to_the_metric():
    for m, e_m in enumerate(torch.eye(4).double()):
        for n, e_n in enumerate(torch.eye(4).double()):
            there = product(side_by_side(vector(e_m), vector(e_n)))
            back = product(side_by_side(vector(e_n), vector(e_m)))
            total = there + back
            assert total.scalars_TD.tolist() == [[2 * METRIC[m, n].item(), 0]]
            assert not total.bivectors_3TD.any()


def test_the_product_is_associative():
    x, y, z = (random_multivectors(3, seed=seed) for seed in (1, 2, 3))
    left = product(side_by_side(product(side_by_side(x, y)), z))
    assert_same(left, product(side_by_side(x, product(side_by_side(y, z)))))


def test_products_of_vectors_are_inner_products_and_planes():
    p_4, q_4 = torch.randn(2, 4, generator=torch.Generator().manual_seed(1)).double()
    both = product(side_by_side(vector(p_4), vector(q_4)))
    assert both.scalars_TD[0, 0].item() == pytest.approx((p_4 @ METRIC @ q_4).item())
    assert both.bivectors_3TD[:, 0, 0].tolist() == pytest.approx(
        (p_4[0] * q_4[1:] - p_4[1:] * q_4[0]).tolist()
    )
    assert both.bivectors_3TD[:, 0, 1].tolist() == pytest.approx(
        torch.linalg.cross(p_4[1:], q_4[1:]).tolist()
    )


def test_the_product_is_equivariant():
    x, y = random_multivectors(3), random_multivectors(3, seed=2)
    moved = side_by_side(transformed(x, LAMBDA_44), transformed(y, LAMBDA_44))
    assert_same(product(moved), transformed(product(side_by_side(x, y)), LAMBDA_44))


def test_linear_maps_are_equivariant():
    torch.manual_seed(1)
    linear = Linear(Width(4, 3, groups=2), Width(2, 5, groups=3)).double()
    x = random_multivectors(4, beside=3, groups=2)
    as_one_group = regrouped(transformed(ungrouped(x, 4, 2), LAMBDA_44), 4, 2, like=x)
    expected = regrouped(transformed(ungrouped(linear(x), 2, 3), LAMBDA_44), 2, 3, like=linear(x))
    assert_same(linear(as_one_group), expected)


def ungrouped(x, channels, groups):
    """Return multivectors of groups as those of one group, which `transformed` understands."""
    halves = [
        part.unflatten(2, (groups, 2, channels)).transpose(2, 3).flatten(2) for part in x.parts[1:]
    ]
    return Multivectors(x.scalars_TD, *halves)


def regrouped(x, channels, groups, *, like):
    halves = [
        part.unflatten(2, (2, groups, channels)).transpose(2, 3).flatten(2) for part in x.parts[1:]
    ]
    return Multivectors(like.scalars_TD, *halves)


def test_linear_maps_are_as_many_as_there_are():
    """Ten between two multivectors, of which two each lead to and from a scalar."""
    linear = Linear(Width(1, 1), Width(1, 1))
    matrices = linear.scalars.weight, linear.vectors_DD, linear.bivectors_2DD
    assert sum(matrix.numel() for matrix in matrices) == 10 + 2 + 2 + 1


def test_norms_are_invariant():
    x = random_multivectors(4, beside=3)
    moved = normalised(transformed(x, LAMBDA_44))
    assert_same(moved, transformed(normalised(x), LAMBDA_44))


def test_inner_products_of_heads_are_invariant():
    width, slots = Width(2, 3, groups=6), one_jet()
    x = random_multivectors(2, beside=3, groups=6)
    moved = regrouped(transformed(ungrouped(x, 2, 6), LAMBDA_44), 2, 6, like=x)
    expected, products = (inner_products(each, width, slots) for each in (x, moved))
    torch.testing.assert_close(products, expected)


def one_jet():
    return Slots(1, NUM_TOKENS, torch.arange(NUM_TOKENS), torch.zeros(1, NUM_TOKENS).bool())


def inner_products(x, width, slots):
    query, key, _ = normalised_heads(x, width, slots).unbind()
    return torch.einsum("bnhd,bmhd->bhnm", query, key)


def test_heads_come_back_as_they_were():
    width, slots = Width(4, 2, groups=6), one_jet()
    x = random_multivectors(4, beside=2, groups=6)
    _, _, values = normalised_heads(x, width, slots).unbind()
    rows = Multivectors(
        x.scalars_TD.unflatten(1, (6, -1))[:, 4:].flatten(0, 1),
        *(part.unflatten(2, (6, -1))[:, :, 4:].flatten(1, 2) for part in x.parts[1:]),
    )
    normalised_rows = normalised(rows)
    expected = Multivectors(
        normalised_rows.scalars_TD.unflatten(0, (-1, 2)).flatten(1),
        *(part.unflatten(1, (-1, 2)).flatten(2) for part in normalised_rows.parts[1:]),
    )
    assert_same(from_heads(slots.pack(values), replace(width, groups=2)), expected)


def norm_of(x):
    return normalised(x).parts


def norm_of_heads(x):
    slot_T = torch.arange(NUM_TOKENS) + 3 * (torch.arange(NUM_TOKENS) > 4)
    slots = Slots(2, 8, slot_T, torch.zeros(2, 8).bool())
    return (normalised_heads(x, Width(4, 5, groups=6), slots),)


def product_of(x):
    return product(x).parts


@pytest.mark.parametrize(
    ("function", "width"),
    [(norm_of, Width(4, 5)), (norm_of_heads, Width(4, 5, groups=6)), (product_of, Width(8, 0))],
)
def test_compiled_and_plain_give_the_same(monkeypatch, function, width):
    x = random_multivectors(
        width.multivectors, beside=width.scalars, groups=width.groups, dtype=torch.float32
    )
    x.vectors_4TD[:, 3], x.bivectors_3TD[:, 3], x.scalars_TD[3] = 1e-3, 1e-3, 1e-3
    compiled = with_gradients(function, x)
    for module in (geometric_algebra, multivector_layers):
        monkeypatch.setattr(module, "has_kernels", lambda *_: False)
    for ours, expected in zip(compiled, with_gradients(function, x), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def with_gradients(function, x):
    parts = [part.clone().requires_grad_() for part in x.parts]
    results = function(Multivectors(*parts))
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(result.shape, generator=generator) for result in results]
    sum(
        (result * weight).sum() for result, weight in zip(results, weights, strict=True)
    ).backward()
    return [*results, *(part.grad for part in parts)]
