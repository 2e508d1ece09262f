"""Jets with given features, for the tests of taggers that are fitted at once."""

import numpy as np
import torch

from tagline.learning.delivery import PackedJets


def jets_of(features_JG, label_J, weight_J=None) -> PackedJets:
    """Pack jets that have features and no constituents."""
    features_JG = torch.as_tensor(np.asarray(features_JG, np.float32))
    num_jets = len(features_JG)
    none_J = torch.zeros(num_jets, dtype=torch.int64)
    weight_J = np.ones(num_jets) if weight_J is None else weight_J
    return PackedJets(
        constituents_PF=torch.zeros(0, 0),
        first_constituent_J=none_J,
        num_constituents_J=none_J,
        features_JG=features_JG,
        label_J=torch.as_tensor(np.asarray(label_J, np.int64)),
        weight_J=torch.as_tensor(np.asarray(weight_J, np.float32)),
        protected_JR=torch.zeros(num_jets, 0),
        event_id_J=none_J,
    )


def logits_of(network, features_JG):
    """Return the logits of jets with these features, (J, C)."""
    jets = jets_of(features_JG, np.zeros(len(features_JG)))
    with torch.inference_mode():
        return network(jets.take(torch.arange(len(jets)))).numpy()
