"""Training a tagger: from prepared jets to the best weights and the history of the epochs."""

import logging
from typing import Any

import torch
from lightning_fabric import Fabric

from tagline.data.inputs import read_inputs
from tagline.decorrelation import method_of
from tagline.learning.assignment import Assignment, jets_of, write
from tagline.learning.checkpoint import Checkpoints
from tagline.learning.fit import fit
from tagline.learning.trainer import Trainer
from tagline.machine import processes
from tagline.machine.devices import Place, gpus_of, place_of
from tagline.machine.matrix_products import whole_processor
from tagline.machine.memory import keep_freed_memory
from tagline.machine.termination import Termination, signals_noted
from tagline.machine.usage import measured

logger = logging.getLogger(__name__)


def train(assignment: Assignment) -> None:
    """Write the best weights and the history, on GPUs where there are any.

    A training that finds a checkpoint continues there. SIGTERM leaves one and exits with 143; so
    does SIGUSR1 where a Slurm job cannot be sent back into its queue. A tagger without a training
    is fitted at once.
    """
    training = assignment.tagger.training
    if training is None:
        fit(assignment)
        return
    with signals_noted() as termination, place_of(training.devices) as place:
        train_on(place, assignment, termination)


def train_on(place: Place, assignment: Assignment, termination: Termination) -> None:
    """Train in one process for each device of a place."""
    precision = assignment.tagger.steps.precision
    if not processes.run(place, precision, take_part, assignment, place, termination):
        termination.leave()


@whole_processor()
def take_part(
    fabric: Fabric, assignment: Assignment, place: Place, termination: Termination
) -> bool:
    """Train in one of the processes and return whether the training has come to its end."""
    keep_freed_memory()
    torch.set_num_threads(max(1, assignment.threads // fabric.world_size))
    tagger = assignment.tagger
    inputs = read_inputs(assignment.prepared / "inputs.json")
    jets = {split: jets_of(split, assignment, inputs) for split in ("train", "validation")}
    logger.info("read %s jets", {split: len(loaded) for split, loaded in jets.items()})
    method = method_of(assignment.decorrelation)
    torch.manual_seed(assignment.seed)
    method.begin(jets["train"].protected_JR.double().numpy(), jets["train"].label_J.numpy())
    saved = Checkpoints(
        assignment.checkpoints, key=assignment.key, minutes=tagger.steps.checkpoint_minutes
    )
    attempts = saved.count_start() if fabric.is_global_zero else 0
    gpus = gpus_of(place) if fabric.is_global_zero else []
    with measured(gpus) as meter:
        trainer = Trainer(
            fabric,
            tagger,
            inputs,
            method=method,
            seed=assignment.seed,
            source=assignment.source,
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
            "earlier_seconds": trainer.earlier_seconds,
        }
    }
