"""Training a tagger: from prepared jets to the best weights and the history of the epochs."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from tagline import plugins, processes
from tagline.catalogue import Decorrelation, Tagger
from tagline.checkpoint import Checkpoints, shortage
from tagline.decorrelation import BaseDecorrelation
from tagline.delivery import PackedJets, load
from tagline.devices import Place, gpus_of, place_of
from tagline.files import write_json
from tagline.inputs import Inputs, read_inputs
from tagline.model import Weights, save_model
from tagline.termination import Termination, signals_noted
from tagline.trainer import Trainer
from tagline.usage import measured

logger = logging.getLogger(__name__)


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


def train(assignment: Assignment) -> None:
    """Write the best weights and the history, on GPUs where there are any.

    A training that finds a checkpoint continues there. SIGTERM leaves one and exits with 143; so
    does SIGUSR1 where a Slurm job cannot be sent back into its queue.
    """
    with (
        signals_noted() as termination,
        place_of(assignment.tagger.training.devices) as place,
    ):
        train_on(place, assignment, termination)


def train_on(place: Place, assignment: Assignment, termination: Termination) -> None:
    """Train in one process for each device of a place."""
    precision = assignment.tagger.training.precision
    if not processes.run(place, precision, take_part, assignment, place, termination):
        termination.leave()


def take_part(
    fabric: Fabric, assignment: Assignment, place: Place, termination: Termination
) -> bool:
    """Train in one of the processes and return whether the training has come to its end."""
    torch.set_num_threads(max(1, assignment.threads // fabric.world_size))
    tagger = assignment.tagger
    inputs = read_inputs(assignment.prepared / "inputs.json")
    jets = {split: jets_of(split, assignment, inputs) for split in ("train", "validation")}
    logger.info("read %s jets", {split: len(loaded) for split, loaded in jets.items()})
    saved = Checkpoints(
        assignment.checkpoints, key=assignment.key, minutes=tagger.training.checkpoint_minutes
    )
    attempts = saved.count_start() if fabric.is_global_zero else 0
    gpus = gpus_of(place) if fabric.is_global_zero else []
    with measured(gpus) as meter:
        trainer = Trainer(
            fabric,
            tagger,
            inputs,
            method=method_of(assignment.decorrelation),
            seed=assignment.seed,
            meter=meter,
        )
        if assignment.decorrelation.when == "training":
            trainer.monitor = "loss"  # accuracy would pick the least decorrelated weights
        finished = trainer.run(
            jets["train"].to(fabric.device),
            jets["validation"].to(fabric.device),
            checkpoints=saved,
            termination=termination,
        )
    if finished and fabric.is_global_zero:
        numbers = {f"{split}_jets": len(loaded) for split, loaded in jets.items()}
        usage = usage_of(trainer, attempts=attempts)
        write(assignment, trainer.best_weights, inputs, trainer.history | numbers | usage)
        saved.remove()
    return finished


def jets_of(split: str, assignment: Assignment, inputs: Inputs) -> PackedJets:
    """Read the jets of a split, with the training weights of the decorrelation."""
    jets = load(assignment.prepared / split, inputs, protected=assignment.protected)
    return weighted(jets, method_of(assignment.decorrelation))


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


def usage_of(trainer: Trainer, *, attempts: int) -> dict[str, dict[str, Any]]:
    """Return what the training took of its devices, over all its attempts."""
    device, progress, usage = trainer.fabric.device, trainer.progress, trainer.usage
    return {
        "usage": {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "num_devices": trainer.fabric.world_size,
            "peak_memory_mb": usage.peak_memory_mb,
            "utilisation": usage.utilisation,
            "jets_per_second": progress.total_jets / progress.total_seconds,
            "attempts": attempts,
        }
    }


def method_of(decorrelation: Decorrelation) -> BaseDecorrelation:
    """Return the method of a catalogue entry."""
    plugin = plugins.load("decorrelation", decorrelation.method)
    method: BaseDecorrelation = plugin.Decorrelation(plugin.Config(**decorrelation.parameters))
    return method


def weighted(jets: PackedJets, method: BaseDecorrelation) -> PackedJets:
    """Return the jets with the training weights of a decorrelation."""
    weight_J = method.weight(
        jets.protected_JR.double().numpy(),
        jets.label_J.double().numpy(),
        jets.weight_J.double().numpy(),
    )
    return replace(jets, weight_J=torch.from_numpy(weight_J).float())
