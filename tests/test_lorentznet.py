"""LorentzNet, against its formulas written out for one jet."""

import torch
from torch.nn import functional as F

from tagline.taggers.lorentznet import Config, Tagger
from tests.four_vectors import METRIC, inputs_of, jets_of


def psi(x):
    return torch.sign(x) * torch.log(torch.abs(x) + 1)


def block_of_one_jet(block, h_ND, x_N4, scalars_NS):
    """Return the new features and momenta, with the layers of the authors' code."""
    num = len(h_ND)
    i, j = torch.tensor([(i, j) for i in range(num) for j in range(num) if i != j]).T
    difference = x_N4[i] - x_N4[j]
    norms = psi(torch.einsum("qf,fg,qg->q", difference, METRIC, difference))[:, None]
    dots = psi(torch.einsum("qf,fg,qg->q", x_N4[i], METRIC, x_N4[j]))[:, None]
    m = block.edge_norm(block.edge(torch.cat([h_ND[i], h_ND[j], norms, dots], dim=1)))
    m = F.relu(block.message(F.relu(m)))
    m = m * torch.sigmoid(block.weight(m))
    if block.step is not None:
        steps = torch.zeros_like(x_N4).index_add(0, i, difference * block.step(m))
        x_N4 = x_N4 + block.c * steps / (num - 1)
    sums = torch.zeros_like(h_ND).index_add(0, i, m)
    return h_ND + block.node(torch.cat([h_ND, sums, scalars_NS], dim=1)), x_N4


def test_equals_its_formulas():
    torch.manual_seed(1)
    network = Tagger(Config(c=0.1), inputs_of(beams=True)).double().eval()
    batch = jets_of(beams=True, counts=(5,))
    x_N4, is_beam_N = batch.constituents_PF[:, :4], batch.constituents_PF[:, 4]
    mass_N = torch.where(is_beam_N == 1, 1.0, 0.0).double()
    scalars_NS = psi(torch.stack([mass_N * (1 - is_beam_N), mass_N * is_beam_N], dim=1))
    h_ND = network.embedding(scalars_NS)
    for block in network.blocks:
        h_ND, x_N4 = block_of_one_jet(block, h_ND, x_N4, scalars_NS)
    expected_C = network.logits(F.relu(network.dense(h_ND.mean(0))))
    torch.testing.assert_close(network(batch)[0], expected_C, atol=1e-5, rtol=1e-5)
