"""P-CNN, against its layers written out for one jet, and which particles its score depends on."""

import numpy as np
import torch

from tagline.data.inputs import Inputs
from tagline.networks.layers import padded
from tagline.taggers.pcnn import Config, Tagger
from tests.clouds import random_cloud, randomise

MAX_CONSTITUENTS = 20
NORM_EPSILON = 1e-5  # of PyTorch

# The six residual units of networks/example_PCNN.py of the particle transformer's authors: those
# that halve the length, and those whose input has other channels than their output.
HALVING = (2, 4)
ADAPTED = (0, 2, 4)


def convolution(x_NF, weight_DFK, *, stride=1):
    """Return the products with windows of particles, beyond the ends of which there are zeros."""
    half = weight_DFK.shape[2] // 2
    x_NF = np.pad(x_NF, ((half, half), (0, 0)))
    windows_NFK = np.lib.stride_tricks.sliding_window_view(x_NF, 2 * half + 1, axis=0)
    return np.einsum("nfk,dfk->nd", windows_NFK[::stride], weight_DFK)


def normed(x_ND, weights, name):
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    scaled_ND = (x_ND - mean) / np.sqrt(variance + NORM_EPSILON)
    return scaled_ND * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def relu(x):
    return np.maximum(x, 0)


def linear(x_D, weights, name):
    return weights[f"{name}.weight"] @ x_D + weights[f"{name}.bias"]


def unit(x_ND, weights, number):
    """Return the sum of what is behind two convolutions and of what is in front of them."""
    name, stride = f"units.{number}", 2 if number in HALVING else 1
    y_ND = convolution(x_ND, weights[f"{name}.first.weight"], stride=stride)
    y_ND = relu(normed(y_ND, weights, f"{name}.first_norm"))
    y_ND = convolution(y_ND, weights[f"{name}.second.weight"])
    y_ND = relu(normed(y_ND, weights, f"{name}.second_norm"))
    if number in ADAPTED:
        x_ND = convolution(x_ND, weights[f"{name}.shortcut.weight"], stride=stride)
    return x_ND + y_ND


def logits_of_one_jet(x_NF, weights):
    """Return logits_C of all slots of a jet; their mean counts the empty ones, too."""
    x_ND = convolution(normed(x_NF, weights, "norm"), weights["front.weight"])
    x_ND = relu(normed(x_ND, weights, "front_norm"))
    for number in range(6):
        x_ND = unit(x_ND, weights, number)
    return linear(relu(linear(x_ND.mean(axis=0), weights, "dense")), weights, "logits")


def test_equals_its_layers():
    inputs = Inputs(tuple("abcdefg"), max_constituents=100)
    network = randomise(Tagger(Config(), inputs)).double().eval()
    batch = random_cloud([40, 3, 0, 100, 1])
    batch.constituents_PF = batch.constituents_PF.double()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    expected_BC = [logits_of_one_jet(x_NF, weights) for x_NF in padded(batch, 100).numpy()]
    with torch.inference_mode():
        np.testing.assert_allclose(network(batch), expected_BC, rtol=1e-5, atol=1e-5)


def test_a_particle_of_zeros_behind_the_last_is_padding():
    inputs = Inputs(tuple("abcdefg"), max_constituents=MAX_CONSTITUENTS)
    network = randomise(Tagger(Config(), inputs)).eval()
    short, long = random_cloud([5, 9]), random_cloud([5, 9])
    long.num_constituents_B = torch.tensor([6, 9])
    long.jet_of_constituent_P = torch.repeat_interleave(long.num_constituents_B)
    x_PF = short.constituents_PF
    long.constituents_PF = torch.cat([x_PF[:5], torch.zeros(1, 7), x_PF[5:]])
    torch.testing.assert_close(network(long), network(short))


def test_the_length_is_halved_twice():
    network = Tagger(Config(), Inputs(tuple("abcdefg"), max_constituents=100)).eval()
    assert network.units(torch.zeros(2, 32, 100)).shape == (2, 128, 25)
