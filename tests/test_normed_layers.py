"""Layers with norms in pieces, against the same layers one after another."""

from copy import deepcopy
from itertools import pairwise

import pytest
import torch
from torch import nn

from tagline.networks import perceptrons
from tagline.networks.normed_layers import normed_layers
from tests.clouds import randomise

NUM_Q, WIDTHS = 70, (3, 8, 8, 2)


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise(WIDTHS))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in WIDTHS[1:])

    def forward(self, x_QF):
        return normed_layers(x_QF, linears=self.linears, norms=self.norms)


@pytest.fixture(params=[10, 200, 10_000], autouse=True)
def _pieces(request, monkeypatch):
    monkeypatch.setattr(perceptrons, "NUMBERS_OF_A_PIECE", request.param)


@pytest.fixture
def layers():
    return randomise(Layers())


def rows(dtype):
    generator = torch.Generator().manual_seed(1)
    return (torch.randn(NUM_Q, WIDTHS[0], generator=generator) + 2).to(dtype).requires_grad_()


def results(layers, dtype):
    """Return the rows, all gradients, and what the norms remember."""
    layers, x_QF = deepcopy(layers).to(dtype), rows(dtype)
    out_QD = layers(x_QF)
    (out_QD * torch.linspace(-1, 1, out_QD.numel()).view_as(out_QD)).sum().backward()
    gradients = [each.grad for each in (x_QF, *layers.parameters())]
    return [out_QD.detach(), *gradients, *layers.buffers()]


def test_training_in_pieces_gives_rows_gradients_and_moments_of_the_plain_layers(layers):
    """The plain layers are those of float64, which no piece is taken of."""
    for found, expected in zip(
        results(layers, torch.float32), results(layers, torch.float64), strict=True
    ):
        torch.testing.assert_close(found, expected.to(found.dtype), rtol=1e-4, atol=1e-5)


def test_fixed_norms_give_the_same_rows(layers):
    layers.eval()
    with torch.inference_mode():
        found_QD = layers(rows(torch.float32))
    torch.testing.assert_close(found_QD, layers(rows(torch.float32)), rtol=1e-5, atol=1e-5)
