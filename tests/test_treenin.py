"""TreeNiN's recursion, against one node by node."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.data.jets import Jets
from tagline.representations.tree import FEATURES, STRUCTURE, Config, Representation
from tagline.taggers import treenin
from tests.toy_splits import toy_split_jets

COUNTS = (1, 2, 3, 0, 4, 17, 1, 20)


def batch_of(jets) -> tuple[Batch, Inputs]:
    representation = Representation(Config())
    statistics = representation.fit(jets)
    prepared, inputs = (
        representation.transform(jets, statistics),
        representation.inputs(statistics),
    )
    columns = [torch.from_numpy(prepared.constituents[name]) for name in FEATURES + STRUCTURE]
    num_B = torch.from_numpy(prepared.jets["num_constituents"].astype(np.int64))
    return Batch(
        constituents_PF=torch.stack(columns, dim=1).double(),
        jet_of_constituent_P=torch.repeat_interleave(num_B),
        num_constituents_B=num_B,
        features_BG=torch.zeros(len(jets), 0),
        label_B=torch.arange(len(jets)) % 2,
        weight_B=torch.ones(len(jets)),
        protected_BR=torch.zeros(len(jets), 0),
    ), inputs


def jets_of(counts):
    """Return jets that have so many particles."""
    jets = toy_split_jets(len(counts), seed=5)
    every, jet = (
        np.arange(jets.offsets[-1]),
        np.repeat(np.arange(len(jets)), np.diff(jets.offsets)),
    )
    kept = every - jets.offsets[jet] < np.array(counts)[jet]
    num_J = np.bincount(jet[kept], minlength=len(jets))
    return Jets(
        jets={"num_constituents": num_J},
        constituents={name: column[kept] for name, column in jets.constituents.items()},
    )


def logit_of_one(network, x_PF) -> torch.Tensor:
    """Return the logit of one jet, node by node from its root."""
    left, right = (
        x_PF[:, STRUCTURE.index(side) - len(STRUCTURE)].long() for side in STRUCTURE[:2]
    )

    def latent(node):
        features = x_PF[node, : len(FEATURES)]
        if left[node] < 0:
            return F.relu(network.embed_particle(features))
        of_children = [
            layers_of(child, parent=node, is_left=is_left)(latent(child))
            for child, is_left in ((left[node], True), (right[node], False))
        ]
        own = F.relu(network.embed_sum(features))
        return F.relu(network.join(torch.cat([*of_children, own])))

    def layers_of(node, *, parent, is_left):
        if parent == 0:
            return network.left if is_left else network.right
        return network.particle if left[node] < 0 else network.sum

    root = latent(0) if len(x_PF) else x_PF.new_zeros(network.join.out_features)
    return network.logits(network.dense(root))


@pytest.fixture
def batch_and_network():
    batch, inputs = batch_of(jets_of(COUNTS))
    torch.manual_seed(1)
    return batch, treenin.Tagger(treenin.Config(width=6), inputs).double()


def one_by_one(network, batch):
    jets = batch.constituents_PF.split(batch.num_constituents_B.tolist())
    return F.pad(torch.stack([logit_of_one(network, x_PF) for x_PF in jets]), (1, 0))


def test_the_toy_jets_have_few_particles_too(batch_and_network):
    batch, _ = batch_and_network
    assert batch.num_constituents_B.tolist() == [max(0, 2 * num - 1) for num in COUNTS]


def test_logits_are_those_of_a_recursion_node_by_node(batch_and_network):
    batch, network = batch_and_network
    torch.testing.assert_close(network(batch), one_by_one(network, batch))


def test_needs_nodes():
    with pytest.raises(ValueError, match="it got px, py"):
        treenin.Tagger(treenin.Config(), Inputs(constituent_features=("px", "py")))
