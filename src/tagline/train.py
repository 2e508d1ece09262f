"""Training a tagger: from prepared jets to the best weights and the history of the epochs."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from lightning_fabric import Fabric

from tagline import plugins
from tagline.catalogue import Decorrelation, Tagger
from tagline.checkpoint import Checkpoints, sigterm_noted
from tagline.decorrelation import BaseDecorrelation
from tagline.delivery import PackedJets, load
from tagline.files import write_json
from tagline.inputs import read_inputs
from tagline.model import save_model
from tagline.trainer import Trainer

logger = logging.getLogger(__name__)


def train(
    prepared: Path,
    *,
    tagger: Tagger,
    decorrelation: Decorrelation,
    protected: Sequence[str],
    seed: int,
    model_file: Path,
    history_file: Path,
    checkpoints: Path,
    threads: int,
) -> None:
    """Train on the prepared jets of a task and write the best weights and the history.

    A training that finds a checkpoint continues there. SIGTERM leaves one and exits with 143.
    """
    torch.set_num_threads(threads)
    fabric = Fabric(devices=tagger.training.devices, precision=tagger.training.precision)
    fabric.launch()
    inputs = read_inputs(prepared / "inputs.json")
    method = method_of(decorrelation)
    jets = {
        split: weighted(load(prepared / split, inputs, protected=protected), method)
        for split in ("train", "validation")
    }
    logger.info("read %s jets", {split: len(loaded) for split, loaded in jets.items()})
    trainer = Trainer(fabric, tagger, inputs, method=method, seed=seed)
    if decorrelation.when == "training":
        trainer.monitor = "loss"  # accuracy would pick the least decorrelated weights
    saved = Checkpoints(checkpoints, minutes=tagger.training.checkpoint_minutes)
    with sigterm_noted() as termination:
        trainer.run(
            jets["train"].to(fabric.device),
            jets["validation"].to(fabric.device),
            checkpoints=saved,
            termination=termination,
        )
    if fabric.is_global_zero:
        save_model(model_file, weights=trainer.best_weights, tagger=tagger, inputs=inputs)
        sizes = {f"{split}_jets": len(loaded) for split, loaded in jets.items()}
        write_json(trainer.history | sizes, history_file)
        saved.remove()


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
