"""The mean over edges in pieces, against the same layers one after another."""

from copy import deepcopy
from itertools import pairwise

import pytest
import torch
from torch import nn

from tagline.networks import perceptrons
from tagline.networks.edges import Edges, mean_of_layers
from tests.clouds import randomise

NUM_P, NUM_K = 50, 3


class Layers(nn.Module):
    def __init__(self, widths=(4, 6, 6)):
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in widths)
        self.linears = nn.ModuleList(nn.Linear(n, m, bias=False) for n, m in pairwise(widths))

    def forward(self, own_PD, others_PD, rows_PK):
        return mean_of_layers(Edges(own_PD, others_PD, rows_PK), self.linears, self.norms)


def terms(dtype):
    generator = torch.Generator().manual_seed(1)
    own_PD = torch.randn(NUM_P, 4, generator=generator) + 3
    others_PD = torch.randn(NUM_P + 1, 4, generator=generator)
    rows_PK = torch.randint(NUM_P + 1, (NUM_P, NUM_K), generator=generator)
    return own_PD.to(dtype).requires_grad_(), others_PD.to(dtype).requires_grad_(), rows_PK


@pytest.fixture(params=[10, 200, 10_000], autouse=True)
def _pieces(request, monkeypatch):
    monkeypatch.setattr(perceptrons, "NUMBERS_OF_A_PIECE", request.param)


@pytest.fixture
def layers():
    return randomise(Layers())


def results(layers, dtype):
    """Return the mean, all gradients, and what the norms remember."""
    layers, tensors = deepcopy(layers).to(dtype), terms(dtype)
    mean_PD = layers(*tensors)
    (mean_PD * torch.linspace(-1, 1, mean_PD.numel()).view_as(mean_PD)).sum().backward()
    gradients = [each.grad for each in (*tensors[:2], *layers.parameters())]
    return [mean_PD.detach(), *gradients, *layers.buffers()]


def test_training_in_pieces_gives_means_gradients_and_moments_of_the_plain_layers(layers):
    """The plain layers are those of float64, which no piece is taken of."""
    for found, expected in zip(
        results(layers, torch.float32), results(layers, torch.float64), strict=True
    ):
        torch.testing.assert_close(found, expected.to(found.dtype), rtol=1e-4, atol=1e-5)


def test_norms_that_are_part_of_the_linear_layers_give_the_same_mean(layers):
    layers.eval()
    tensors = terms(torch.float32)
    with torch.inference_mode():
        found_PD = layers(*tensors)
    torch.testing.assert_close(found_PD, layers(*tensors), rtol=1e-5, atol=1e-5)


def test_no_particles_have_no_mean(layers):
    own_PD, others_PD, rows_PK = terms(torch.float32)
    with torch.inference_mode():
        assert layers.eval()(own_PD[:0], others_PD[-1:], rows_PK[:0]).shape == (0, 6)
