"""Sparse images through layers, against dense images through the same layers, in float64."""

import pytest
import torch
from torch import nn

from tagline.networks import sparse_images
from tagline.networks.sparse_images import SparseImages, through

NUM_IMAGES, NUM_K, NUM_Y, NUM_X = 5, 2, 9, 8
PLACES = NUM_Y * NUM_X
LAYERS = {
    "a convolution": lambda: [nn.Conv2d(NUM_K, 3, 4, padding=1)],
    "one without padding": lambda: [nn.Conv2d(NUM_K, 3, 3)],
    "a maximum": lambda: [nn.MaxPool2d(2)],
    "one over more": lambda: [nn.MaxPool2d(3)],
    "ReLU": lambda: [nn.ReLU()],
    "a block": lambda: [
        nn.Conv2d(NUM_K, 4, 4, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 3, 2, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 3, 3, padding=1),
    ],
}


@pytest.fixture(params=LAYERS)
def layers(request):
    torch.manual_seed(1)
    return nn.Sequential(*LAYERS[request.param]()).double()


@pytest.fixture(params=[1, 100, 10_000], autouse=True)
def _pieces(request, monkeypatch):
    monkeypatch.setattr(sparse_images, "NUMBERS_OF_A_PIECE", request.param)


def images(num_pixels):
    """Return images with so many pixels or fewer; the third is nothing but background."""
    generator = torch.Generator().manual_seed(1)
    place_P = torch.randperm(NUM_IMAGES * PLACES, generator=generator)[:num_pixels]
    place_P = place_P[place_P // PLACES != 2]
    return SparseImages(
        background_KYX=torch.randn(NUM_K, NUM_Y, NUM_X, generator=generator).double(),
        values_PK=torch.randn(len(place_P), NUM_K, generator=generator).double(),
        place_P=place_P,
        num_images=NUM_IMAGES,
    )


def results(maps_BKYX, *variables):
    """Return the maps, and the gradients of variables."""
    slope_BKYX = torch.linspace(-1, 1, maps_BKYX.numel(), dtype=maps_BKYX.dtype)
    loss = (maps_BKYX * slope_BKYX.view_as(maps_BKYX)).sum()
    return [maps_BKYX, *torch.autograd.grad(loss, variables)]


@pytest.mark.parametrize("num_pixels", [0, 1, 20, NUM_IMAGES * PLACES])
def test_layers_make_of_them_what_they_make_of_dense_images(layers, num_pixels):
    jets = images(num_pixels)
    variables = jets.values_PK.requires_grad_(), *layers.parameters()
    found = results(through(jets, layers).dense(), *variables)
    expected = results(layers(jets.dense()), *variables)
    torch.testing.assert_close(found, expected)


def test_few_places_differ_behind_a_convolution():
    torch.manual_seed(1)
    jets = images(1)
    (place,) = jets.place_P.tolist()
    behind = through(jets, [nn.Conv2d(NUM_K, 3, 3, padding=1).double()])
    row, column = divmod(place % PLACES, NUM_X)
    around = [
        place + step * NUM_X + other
        for step in (-1, 0, 1)
        for other in (-1, 0, 1)
        if 0 <= row + step < NUM_Y and 0 <= column + other < NUM_X
    ]
    assert behind.place_P.tolist() == around


def test_no_other_layers_are_known():
    with pytest.raises(TypeError, match="Sigmoid"):
        through(images(1), [nn.Sigmoid()])
