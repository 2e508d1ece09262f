"""P-CNN: which particles its score depends on."""

import torch

from tagline.inputs import Inputs
from tagline.taggers.pcnn import Config, Tagger
from tests.clouds import random_cloud, randomise

MAX_CONSTITUENTS = 20


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
