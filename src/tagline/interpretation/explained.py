"""Jets with the gradients of a tagger beside what they are made of."""

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tagline.data.batch import Batch
from tagline.data.inputs import PLACES, Inputs
from tagline.interpretation.gradients import Arrays, gradients
from tagline.learning.delivery import PackedJets, batches
from tagline.networks.layers import positions
from tagline.networks.padded_network import PaddedNetwork, arrays_of

JETS_A_BATCH = 64
IS_BEAM = "is_beam"
ZERO_IF_ABSENT = ("energy", "px", "py", "pz", "pt_fraction", "scaled_pt", IS_BEAM)

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Explained:
    """Jets and the gradients of the signal's log-odds.

    Args:
        label_J: class.
        num_J: number of constituents.
        gap_J: what integrated gradients miss of `difference_J` when they are added up.
        difference_J: of the log-odds of the jet and of the baseline.
        x_PF: features of constituents, or all pixels of images.
        saliency_PF: absolute value of their gradient.
        integrated_PF: their integrated gradients.
        integrated_JG: integrated gradients of the features of jets.
    """

    label_J: Indices
    num_J: Indices
    gap_J: Array
    difference_J: Array
    x_PF: Array
    saliency_PF: Array
    integrated_PF: Array
    integrated_JG: Array


def explained(network: PaddedNetwork, jets: PackedJets) -> Explained:
    """Explain all jets, each from the same baseline.

    The baseline is an average jet of average constituents. Of features that are zero where there
    is nothing it has zero instead, and so it has in all pixels; beams stay as they are, and what
    says where something is stays, too.
    """
    if network.inputs.image_shape:
        network, jets = with_all_pixels(network, jets)
    average_F = average_constituent(jets, network.inputs)
    average_G = jets.features_JG.mean(0)
    parts = [
        _explained(network, batch, average_F=average_F, average_G=average_G)
        for batch in batches(jets, JETS_A_BATCH)
    ]
    return Explained(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Explained)
        }
    )


def with_all_pixels(network: PaddedNetwork, jets: PackedJets) -> tuple[PaddedNetwork, PackedJets]:
    """Return jets whose constituents are all pixels, also empty ones, and a network for them."""
    inputs = network.inputs
    assert inputs.image_shape
    num_channels, num_rows, num_columns = inputs.image_shape
    num_pixels, device = num_rows * num_columns, jets.constituents_PF.device
    jet_P = torch.repeat_interleave(jets.num_constituents_J)
    row_P, column_P = jets.constituents_PF[:, :2].long().unbind(1)
    pixels_SF = torch.zeros(len(jets), num_pixels, 2 + num_channels, device=device)
    pixels_SF[..., 0] = torch.arange(num_pixels, device=device) // num_columns
    pixels_SF[..., 1] = torch.arange(num_pixels, device=device) % num_columns
    pixels_SF[jet_P, row_P * num_columns + column_P, 2:] = jets.constituents_PF[:, 2:]
    num_J = torch.full_like(jets.num_constituents_J, num_pixels)
    dense = replace(
        jets,
        constituents_PF=pixels_SF.flatten(0, 1),
        first_constituent_J=num_J.cumsum(0) - num_J,
        num_constituents_J=num_J,
    )
    wide = replace(inputs, max_constituents=num_pixels)
    return PaddedNetwork(network.network, network.objective, wide).eval(), dense


def average_constituent(jets: PackedJets, inputs: Inputs) -> Tensor:
    """Return average_F, with zero where that is nothing, as in pixels and without constituents."""
    average_F = jets.constituents_PF.sum(0) / max(len(jets.constituents_PF), 1)
    for index, name in enumerate(inputs.constituent_features):
        if inputs.image_shape or name in ZERO_IF_ABSENT:
            average_F[index] = 0
    return average_F


def baselines_of(
    arrays: Arrays, inputs: Inputs, *, average_F: Tensor, average_G: Tensor
) -> dict[str, Tensor]:
    """Return where the paths of integrated gradients begin."""
    baselines: dict[str, Tensor] = {}
    if inputs.jet_features:
        baselines["features"] = average_G.expand_as(arrays["features"])
    if inputs.constituent_features:
        x_BNF = arrays["constituents"]
        start_BNF = average_F.expand_as(x_BNF)
        is_place_F = [name in PLACES for name in inputs.constituent_features]
        start_BNF = torch.where(torch.tensor(is_place_F, device=x_BNF.device), x_BNF, start_BNF)
        if IS_BEAM in inputs.constituent_features:
            is_beam_BN = x_BNF[..., inputs.constituent_features.index(IS_BEAM)] > 0
            start_BNF = torch.where(is_beam_BN[..., None], x_BNF, start_BNF)
        baselines["constituents"] = start_BNF
    return baselines


def _explained(
    network: PaddedNetwork, batch: Batch, *, average_F: Tensor, average_G: Tensor
) -> Explained:
    inputs = network.inputs
    arrays = arrays_of(batch, inputs, num_slots=batch.longest, filler=0.0)
    found = gradients(
        network, arrays, baselines_of(arrays, inputs, average_F=average_F, average_G=average_G)
    )
    jet_P, slot_P = batch.jet_of_constituent_P, positions(batch)

    def packed(padded: Arrays) -> Tensor:
        if not inputs.constituent_features:
            return batch.constituents_PF
        return padded["constituents"][jet_P, slot_P]

    return Explained(
        label_J=batch.label_B.cpu().numpy(),
        num_J=batch.num_constituents_B.cpu().numpy(),
        gap_J=_array(found.gap_B),
        difference_J=_array(found.difference_B),
        x_PF=_array(batch.constituents_PF),
        saliency_PF=_array(packed(found.saliency)),
        integrated_PF=_array(packed(found.integrated)),
        integrated_JG=_array(found.integrated.get("features", batch.features_BG)),
    )


def _array(tensor: Tensor) -> Array:
    return tensor.double().cpu().numpy()
