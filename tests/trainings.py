"""Small trainings, also in processes of their own that can be killed."""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tagline.artefacts.files import read_json
from tagline.learning.assignment import Assignment
from tagline.learning.trainer import Trainer
from tagline.machine.devices import Place
from tagline.machine.termination import signals_noted
from tagline.train import train_on
from tests.tasks import NONE, taggers, with_training

TIMES = ("jets_per_second",)
ONE_CPU = Place("cpu", (0,))


@dataclass(frozen=True)
class Run:
    """Where a training reads and writes."""

    prepared: Path
    folder: Path

    @property
    def checkpoints(self):
        return self.folder / "checkpoints"

    @property
    def history(self):
        return read_json(self.folder / "history.json")

    @property
    def weights(self):
        return torch.load(self.folder / "model.pt", weights_only=True)["weights"]

    @property
    def losses(self):
        return [
            {name: value for name, value in epoch.items() if name not in TIMES}
            for epoch in self.history["epochs"]
        ]

    def assignment(
        self,
        *,
        name="nsubjettiness_6",
        seed=1,
        decorrelation=NONE,
        key="key",
        source=None,
        start_from=None,
        **training,
    ):
        """Ask for dropout and four steps an epoch, unless told otherwise."""
        settings = {"epochs": 3, "batch_size": 16, "patience": 100, **training}
        tagger = taggers()[name].model_copy(update={"start_from": start_from})
        return Assignment(
            prepared=self.prepared,
            tagger=with_training(tagger, **settings),
            decorrelation=decorrelation,
            protected=("mass",),
            seed=seed,
            model_file=self.folder / "model.pt",
            history_file=self.folder / "history.json",
            checkpoints=self.checkpoints,
            key=key,
            threads=1,
            source=source,
        )

    def train(self, *, place=ONE_CPU, **settings):
        with signals_noted() as termination:
            train_on(place, self.assignment(**settings), termination)
        return self

    def start(self, *, before=None, **settings):
        """Start training in a process of its own, after a call of `before` there."""
        process = PROCESSES.Process(target=_train, args=(self, before, settings))
        process.start()
        return process


def _train(run, before, settings):
    torch.set_num_threads(1)
    if before:
        before()
    run.train(**settings)


def same_weights(first, second):
    return all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)


def disturb(monkeypatch, *, at_step, how):
    """Call `how` once, in the middle of a step counted from 1 over all epochs."""
    step, calls = Trainer._step, iter(range(1, 10_000))

    def disturbed(*arguments):
        if next(calls) == at_step:
            how()
        return step(*arguments)

    monkeypatch.setattr(Trainer, "_step", disturbed)


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def terminated_and_resumed(run, monkeypatch, **settings):
    """Train until a signal comes in the middle, and then to the end."""
    with monkeypatch.context() as patch:
        disturb(patch, at_step=7, how=terminate)
        with pytest.raises(SystemExit):
            run.train(**settings)
    return run.train(**settings)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


PROCESSES = multiprocessing.get_context("forkserver")  # one import of torch for all of them
PROCESSES.set_forkserver_preload([__name__])
