"""Fitting a tagger that has no steps: from prepared jets to its weights and a history."""

import logging
import time

import torch

from tagline.data.inputs import read_inputs
from tagline.learning.assignment import Assignment, jets_of, write
from tagline.learning.delivery import PackedJets, batches
from tagline.learning.fitted import Fitted
from tagline.learning.model import build, num_parameters, objective_of
from tagline.objectives import BaseObjective
from tagline.settings.catalogue import Decorrelation, Tagger

JETS_A_BATCH = 4096

logger = logging.getLogger(__name__)


def fit(assignment: Assignment) -> None:
    """Write the fitted tagger and its history, that of one epoch.

    Raises:
        ValueError: the decorrelation acts on the loss of a step.
    """
    refuse_penalty(assignment.tagger, assignment.decorrelation)
    torch.set_num_threads(assignment.threads)
    torch.manual_seed(assignment.seed)
    inputs = read_inputs(assignment.prepared / "inputs.json")
    jets = {split: jets_of(split, assignment, inputs) for split in ("train", "validation")}
    network = build(assignment.tagger, inputs)
    assert isinstance(network, Fitted)
    started = time.perf_counter()
    network.fit(jets["train"], seed=assignment.seed)
    seconds = time.perf_counter() - started
    objective = objective_of(assignment.tagger)
    rate = len(jets["train"]) / seconds
    epoch = {"epoch": 0, "penalty": 0.0, "jets_per_second": rate}
    for split, loaded in jets.items():
        loss, accuracy = quality(network.eval(), objective, loaded)
        epoch |= {f"{split}_loss": loss, f"{split}_accuracy": accuracy}
    logger.info(", ".join(f"{name} {value:.5g}" for name, value in epoch.items()))
    history = {
        "epochs": [epoch],
        "best_epoch": 0,
        "num_parameters": num_parameters(network),
        "seconds": seconds,
        "usage": usage(rate),
    }
    numbers = {f"{split}_jets": len(loaded) for split, loaded in jets.items()}
    write(assignment, network.state_dict(), inputs, history | numbers)


def refuse_penalty(tagger: Tagger, decorrelation: Decorrelation) -> None:
    """Raise ValueError if the decorrelation has a penalty, which a fit has no place for."""
    if not decorrelation.suits(tagger):
        raise ValueError(
            f"{decorrelation.method!r} changes the loss of training steps, and "
            f"{tagger.architecture!r} is fitted at once: leave out one of them"
        )


@torch.inference_mode()
def quality(network: Fitted, objective: BaseObjective, jets: PackedJets) -> tuple[float, float]:
    """Return the mean loss and the share of jets put in their class."""
    losses, num_correct = 0.0, 0
    for batch in batches(jets, JETS_A_BATCH):
        logits_BC = network(batch)
        losses += objective.loss(logits_BC, batch).item() * len(batch)
        num_correct += int((logits_BC.argmax(1) == batch.label_B).sum())
    return losses / len(jets), num_correct / len(jets)


def usage(jets_per_second: float) -> dict[str, object]:
    """Return what the fit took, in the words of a training."""
    return {
        "device": "cpu",
        "num_devices": 1,
        "peak_memory_mb": 0.0,
        "utilisation": None,
        "jets_per_second": jets_per_second,
        "attempts": 1,
        "earlier_seconds": 0.0,
    }
