"""The dense half of a block in pieces, against the plain layers in float64."""

import pytest
import torch

from tagline.networks import normformer
from tagline.networks.normformer import Weights, dense_half

NUM_P, WIDTH, WIDE = 11, 6, 20


@pytest.fixture(params=[1, 4, 100], autouse=True)
def _pieces(request, monkeypatch):
    monkeypatch.setattr(normformer, "ROWS_AT_ONCE", request.param)


def inputs(dtype):
    generator = torch.Generator().manual_seed(1)
    weights = (WIDTH, WIDTH), WIDTH, WIDTH, WIDTH, (WIDE, WIDTH), WIDE, (WIDTH, WIDE), WIDTH, WIDTH
    return [
        torch.randn(shape, generator=generator).to(dtype).requires_grad_()
        for shape in ((NUM_P, WIDTH), (NUM_P, WIDTH), *weights)
    ]


def results(dtype):
    """Return the new rows and all gradients."""
    attended_PD, x_PD, *weights = tensors = inputs(dtype)
    new_PD = dense_half(attended_PD, x_PD, Weights(*weights), dropout=0.0)
    (new_PD * torch.linspace(-1, 1, new_PD.numel()).view_as(new_PD)).sum().backward()
    return [new_PD.detach(), *(tensor.grad for tensor in tensors)]


def test_pieces_give_rows_and_gradients_of_the_plain_layers():
    for found, expected in zip(results(torch.float32), results(torch.float64), strict=True):
        torch.testing.assert_close(found, expected.float(), rtol=1e-4, atol=1e-5)


def dropped(*tensors):
    torch.manual_seed(1)
    attended_PD, x_PD, *weights = tensors
    return dense_half(attended_PD, x_PD, Weights(*weights), dropout=0.3)


def test_the_way_back_drops_what_was_dropped_on_the_way():
    """The gradient is the one of finite differences, with the same numbers dropped."""
    tensors = inputs(torch.float32)
    dropped(*tensors).square().sum().backward()
    step, found = 1e-3, torch.tensor(0.0)
    directions = [torch.randn_like(tensor) for tensor in tensors]
    with torch.no_grad():
        ahead, behind = (
            dropped(*(x + sign * step * way for x, way in zip(tensors, directions, strict=True)))
            for sign in (1, -1)
        )
        expected = (ahead.double().square().sum() - behind.double().square().sum()) / (2 * step)
        for tensor, direction in zip(tensors, directions, strict=True):
            found = found + (tensor.grad * direction).sum()
    torch.testing.assert_close(found.double(), expected, rtol=1e-2, atol=1e-2)


def test_nothing_is_kept_that_has_no_way_back():
    with torch.inference_mode():
        inferred_PD = dropped(*inputs(torch.float32))
    torch.testing.assert_close(inferred_PD, dropped(*inputs(torch.float32)), rtol=1e-5, atol=1e-5)
