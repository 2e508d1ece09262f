"""What one training is asked for: which jets, which tagger, and where its files go."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from tagline.artefacts.files import write_json
from tagline.data.inputs import Inputs
from tagline.decorrelation import BaseDecorrelation, method_of
from tagline.learning.checkpoint import shortage
from tagline.learning.delivery import PackedJets, load
from tagline.learning.model import Weights, save_model
from tagline.settings.catalogue import Decorrelation, Tagger


@dataclass(frozen=True)
class Assignment:
    """What is trained, from which jets, and where it goes.

    Args:
        prepared: folder of the prepared jets.
        tagger: entry of the catalogue.
        decorrelation: entry of the catalogue.
        protected: jet columns that the score must not sculpt.
        seed: of the first weights, the order of the jets and dropout.
        model_file: the best weights.
        history_file: the course of the training.
        checkpoints: folder of this training's states, whatever their key.
        key: stands for all that the states depend on.
        threads: CPU threads of all processes together.
        source: weights to start from; None if they are random.
    """

    prepared: Path
    tagger: Tagger
    decorrelation: Decorrelation
    protected: tuple[str, ...]
    seed: int
    model_file: Path
    history_file: Path
    checkpoints: Path
    key: str
    threads: int
    source: Path | None = None


def jets_of(split: str, assignment: Assignment, inputs: Inputs) -> PackedJets:
    """Read the jets of a split, with what the decorrelation is told and its training weights."""
    method = method_of(assignment.decorrelation)
    columns = (*assignment.protected, *method.told)
    return weighted(load(assignment.prepared / split, inputs, protected=columns), method)


def write(
    assignment: Assignment, weights: Weights, inputs: Inputs, history: dict[str, Any]
) -> None:
    """Write what the training is for.

    Raises:
        OSError: it cannot be written; the checkpoint stays, so that no step is lost.
    """
    model_file = assignment.model_file
    try:
        save_model(model_file, weights=weights, tagger=assignment.tagger, inputs=inputs)
        write_json(history, assignment.history_file)
    except OSError as error:
        raise OSError(f"no model: {shortage(error, model_file.parent)}") from error


def weighted(jets: PackedJets, method: BaseDecorrelation) -> PackedJets:
    """Return the jets with the training weights of a decorrelation."""
    weight_J = method.weight(
        jets.protected_JR.double().numpy(),
        jets.label_J.double().numpy(),
        jets.weight_J.double().numpy(),
    )
    return replace(jets, weight_J=torch.from_numpy(weight_J).float())
