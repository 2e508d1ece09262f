"""PFN and EFN, against the formulas of 1810.05165 on jets that are padded with zeros."""

import numpy as np
import pytest
import torch

from tagline.data.inputs import Inputs
from tagline.networks.layers import padded
from tagline.taggers import efn, pfn
from tests.clouds import random_cloud, randomise

INPUTS = Inputs(("pt_fraction", "eta", "phi"), max_constituents=20)
COUNTS = [5, 0, 20, 1]


def after_layers(x, weights, part):
    """Return what is behind the dense layers of one part of a network, each with ReLU."""
    names = [name for name in weights if name.startswith(f"{part}.") and name.endswith("weight")]
    for name in names:
        x = np.maximum(x @ weights[name].T + weights[name.replace("weight", "bias")], 0)
    return x


def logits_of(latent_BD, weights):
    """Return F of the sums."""
    hidden_BD = after_layers(latent_BD, weights, "f")
    return hidden_BD @ weights["logits.weight"].T + weights["logits.bias"]


def pfn_of_padded(x_BNF, weights):
    """Return F(sum_i Phi(p_i)), where slots of zeros alone are no particles."""
    is_particle_BN1 = x_BNF.any(axis=2, keepdims=True)
    return logits_of((after_layers(x_BNF, weights, "phi") * is_particle_BN1).sum(1), weights)


def efn_of_padded(x_BNF, weights):
    """Return F(sum_i z_i Phi(p^_i)), to which slots without momentum add nothing."""
    phi_BND = after_layers(x_BNF[..., 1:], weights, "phi")
    return logits_of((x_BNF[..., :1] * phi_BND).sum(1), weights)


@pytest.mark.parametrize(
    ("plugin", "formula"), [(pfn, pfn_of_padded), (efn, efn_of_padded)], ids=["pfn", "efn"]
)
def test_equals_its_formula(plugin, formula):
    network = randomise(plugin.Tagger(plugin.Config(), INPUTS)).double().eval()
    batch = random_cloud(COUNTS, num_features=3)
    batch.constituents_PF = batch.constituents_PF.double()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    expected_BC = formula(padded(batch, 20).numpy(), weights)
    with torch.inference_mode():
        np.testing.assert_allclose(network(batch), expected_BC, rtol=1e-9)
