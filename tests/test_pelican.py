"""PELICAN, against its maps written out for the matrices of one jet."""

import pytest
import torch
from torch.nn import functional as F

from tagline.taggers.pelican import Config, Tagger
from tests.four_vectors import METRIC, inputs_of, jets_of

NUM = 5


def on_diagonal(x_N):
    return torch.diag(x_N)


def over_columns(x_N):
    """Return the matrix whose element ij is x_j."""
    return x_N[None, :].expand(len(x_N), -1)


def over_rows(x_N):
    """Return the matrix whose element ij is x_i."""
    return over_columns(x_N).T


SPREADS = (on_diagonal, over_columns, over_rows)


def maps_of_a_matrix(x_NN):
    """Return the 15 matrices that depend linearly on one, whatever the order of the particles."""
    diagonal_mean_N, mean_N = (
        torch.ones(len(x_NN)).double() * mean for mean in (x_NN.diag().mean(), x_NN.mean())
    )
    return [
        x_NN,
        x_NN.T,
        *(spread(x_NN.diag()) for spread in SPREADS),
        *(spread(x_NN.mean(0)) for spread in SPREADS),
        *(spread(x_NN.mean(1)) for spread in SPREADS),
        over_columns(diagonal_mean_N),
        on_diagonal(diagonal_mean_N),
        over_columns(mean_N),
        on_diagonal(mean_N),
    ]


def maps_of_a_vector(x_N):
    mean_N = torch.ones_like(x_N) * x_N.mean()
    return [spread(x_N) for spread in SPREADS] + [on_diagonal(mean_N), over_columns(mean_N)]


def mixed(matrices_DONN, weight_ODD):
    return torch.einsum("doij,ode->eij", matrices_DONN, weight_ODD)


def stacked(channels):
    return torch.stack([torch.stack(list(maps)) for maps in channels])


def dense(layer, x_DNN):
    flat_QD = x_DNN.flatten(1).T
    return layer.norm(F.leaky_relu(layer.linear(flat_QD))).T.reshape(-1, *x_DNN.shape[1:])


def scales(power_OD, num, config):
    return ((num / config.mean_constituents) ** power_OD).T[:, :, None, None]


@pytest.mark.parametrize("beams", [True, False])
def test_equals_its_maps(beams):
    torch.manual_seed(1)
    config = Config(blocks=2, wide=14, narrow=6)
    network = Tagger(config, inputs_of(beams=beams)).double().eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    batch = jets_of(beams=beams, counts=(NUM,))
    p_N4 = batch.constituents_PF[:, :4]
    num = len(p_N4)
    exponent_D11 = (1e-6 + network.root_D**2)[:, None, None]
    x_DNN = ((1 + p_N4 @ METRIC @ p_N4.T).abs() ** exponent_D11 - 1) / exponent_D11
    if beams:
        is_beam_N = batch.constituents_PF[:, 4]
        labels = stacked(maps_of_a_vector(label_N) for label_N in (1 - is_beam_N, is_beam_N))
        labels = labels * scales(network.labels.power_OD, num, config)
        labels_DNN = mixed(labels, network.labels.mix()) + network.labels.bias_D[:, None, None]
        x_DNN = torch.cat([x_DNN, labels_DNN])
    for block in network.blocks:
        maps_DONN = stacked(maps_of_a_matrix(x_NN) for x_NN in dense(block.dense, x_DNN))
        scale_DO11 = scales(block.power_OD, num, config)
        maps_DONN = torch.cat([maps_DONN[:, :5], maps_DONN[:, 5:] * scale_DO11], dim=1)
        x_DNN = mixed(maps_DONN, block.mix()) + block.bias_D[:, None, None]
        x_DNN = F.leaky_relu(
            x_DNN + block.diagonal_bias_D[:, None, None] * torch.eye(num).double()
        )
    x_DNN = dense(network.dense, x_DNN)
    means_OD = torch.stack([x_DNN.mean((1, 2)), x_DNN.diagonal(dim1=1, dim2=2).mean(1)])
    means_OD = F.leaky_relu(means_OD * (num / config.mean_constituents) ** network.means.power_OD)
    jet_D = torch.einsum("od,ode->e", means_OD, network.means.weight_ODD) + network.means.bias_D
    torch.testing.assert_close(network(batch)[0], network.logits(jet_D))
