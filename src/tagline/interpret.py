"""Interpret: what a trained tagger looks at, by its gradients and by exchanged features."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tagline.interpretation.attribution_maps import attributions_of
from tagline.interpretation.attributions import write_attributions
from tagline.interpretation.explained import explained
from tagline.interpretation.permutations import Array, auc_drops
from tagline.learning.delivery import PackedJets, batches, load
from tagline.learning.model import load_model, objective_of
from tagline.networks.padded_network import PaddedNetwork

JETS_EXPLAINED = 512
JETS_PERMUTED = 2048
JETS_A_BATCH = 64
PERMUTATIONS = 5

logger = logging.getLogger(__name__)


def interpret(
    model_file: Path,
    prepared: Path,
    *,
    class_names: Sequence[str],
    seed: int,
    attributions_file: Path,
    threads: int,
) -> None:
    """Write what is found of some test jets, spread over the whole split."""
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    trained, tagger, inputs = load_model(model_file)
    network = PaddedNetwork(trained, objective_of(tagger), inputs).eval().to(device)
    jets = load(prepared / "test", inputs, protected=())
    permuted = some(jets, JETS_PERMUTED).to(device)
    found = attributions_of(
        explained(network, some(jets, JETS_EXPLAINED).to(device)),
        inputs,
        class_names,
        auc_drops={} if inputs.image_shape else drops_of(network, permuted, seed=seed),
    )
    write_attributions(found, attributions_file)
    logger.info("gradients of %s jets; their sums miss %.2g", found.num_jets, found.gap)


def some(jets: PackedJets, number: int) -> PackedJets:
    """Return so many jets, or all there are, at equal distances."""
    rows_J = torch.linspace(0, len(jets) - 1, min(number, len(jets))).round().long()
    batch = jets.take(rows_J)
    num_J = batch.num_constituents_B
    return PackedJets(
        constituents_PF=batch.constituents_PF,
        first_constituent_J=num_J.cumsum(0) - num_J,
        num_constituents_J=num_J,
        features_JG=batch.features_BG,
        label_J=batch.label_B,
        weight_J=batch.weight_B,
        protected_JR=batch.protected_BR,
        event_id_J=jets.event_id_J[rows_J],
    )


def drops_of(network: PaddedNetwork, jets: PackedJets, *, seed: int) -> dict[str, Array]:
    """Return the loss of AUC when a feature is exchanged."""

    def score(disturbed: PackedJets) -> Tensor:
        with torch.inference_mode():
            return torch.cat(
                [
                    network.objective.score(network.network(batch))
                    for batch in batches(disturbed, JETS_A_BATCH)
                ]
            )

    return auc_drops(
        score, jets, network.inputs, permutations=PERMUTATIONS, random=np.random.default_rng(seed)
    )
