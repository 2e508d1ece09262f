"""Batches of random particles, for the tests of networks that read them."""

import torch

from tagline.data.batch import Batch


def without_particles(label_B, *, weight_B=None, protected_BR=None, features_BG=None):
    """Return a batch of jets that have no constituents, for what reads logits and labels."""
    num_jets = len(label_B)
    return Batch(
        constituents_PF=torch.zeros(0, 1),
        jet_of_constituent_P=torch.zeros(0, dtype=torch.int64),
        num_constituents_B=torch.zeros(num_jets, dtype=torch.int64),
        features_BG=torch.zeros(num_jets, 0) if features_BG is None else features_BG,
        label_B=label_B,
        weight_B=torch.ones(num_jets) if weight_B is None else weight_B,
        protected_BR=torch.zeros(num_jets, 1) if protected_BR is None else protected_BR,
    )


def random_cloud(counts, *, num_features=7, seed=1):
    """Return jets with so many particles each."""
    generator = torch.Generator().manual_seed(seed)
    num_B = torch.tensor(counts)
    return Batch(
        constituents_PF=torch.randn(int(num_B.sum()), num_features, generator=generator),
        jet_of_constituent_P=torch.repeat_interleave(num_B),
        num_constituents_B=num_B,
        features_BG=torch.zeros(len(counts), 0),
        label_B=torch.randint(2, (len(counts),), generator=generator),
        weight_B=torch.ones(len(counts)),
        protected_BR=torch.zeros(len(counts), 1),
    )


def randomise(network, *, seed=1):
    """Give every weight and every statistic of a network's batch norms a random value."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point() and tensor.dim() < 2:
                tensor.uniform_(0.5, 1.5)
    return network
