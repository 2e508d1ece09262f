"""Permutation importance: what a tagger loses when one of its features says nothing any more.

Breiman, "Random Forests", 2001, https://doi.org/10.1023/A:1010933404324.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tagline.data.inputs import PLACES, Inputs
from tagline.learning.delivery import PackedJets
from tagline.measures import roc

Score = Callable[[PackedJets], Tensor]
Array = npt.NDArray[np.float64]
NO_GRID: Array = np.empty(0)


def auc_drops(
    score: Score,
    jets: PackedJets,
    inputs: Inputs,
    *,
    permutations: int,
    random: np.random.Generator,
) -> dict[str, Array]:
    """Return the loss of AUC by feature, one number for each permutation.

    Jets exchange features of jets, constituents of all jets exchange those of constituents; what
    says where a constituent is stays.
    """
    undisturbed = auc(score(jets), jets)
    columns = [("features_JG", place) for place in enumerate(inputs.jet_features)]
    columns += [("constituents_PF", place) for place in enumerate(inputs.constituent_features)]
    return {
        name: np.array(
            [
                undisturbed - auc(score(exchanged(jets, tensor, column, random=random)), jets)
                for _ in range(permutations)
            ]
        )
        for tensor, (column, name) in columns
        if name not in PLACES
    }


def exchanged(
    jets: PackedJets, tensor: str, column: int, *, random: np.random.Generator
) -> PackedJets:
    """Return the jets with the rows of one column of one tensor in another order."""
    values = getattr(jets, tensor).clone()
    order = torch.from_numpy(random.permutation(len(values))).to(values.device)
    values[:, column] = values[order, column]
    return replace(jets, **{tensor: values})


def auc(score_J: Tensor, jets: PackedJets) -> float:
    """Return the area under the ROC curve of the last class against the first.

    Raises:
        ValueError: all jets are of one class.
    """
    label_J = jets.label_J.cpu().numpy()
    if label_J.min() > 0 or label_J.max() == 0:
        raise ValueError(f"an AUC needs jets of two classes, found those of {label_J.max()} alone")
    kept_J = (label_J == 0) | (label_J == label_J.max())
    ordered = roc.order(score_J.float().cpu().numpy()[kept_J], label_J[kept_J] > 0)
    weight_J = jets.weight_J.double().cpu().numpy()[kept_J][ordered.order_J]
    return roc.efficiencies(ordered, weight_J, NO_GRID).auc
