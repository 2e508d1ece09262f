"""The one training loop, for every tagger, objective and decorrelation.

Every random number is a function of the seed and the position: the first weights of the seed, the
order of the jets of (seed, epoch), dropout of (seed, epoch, step, rank). So a checkpoint needs no
random state, and a resumed training ends with the weights of an undisturbed one: on a CPU, bit for
bit.
"""

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from tagline.data.inputs import Inputs
from tagline.decorrelation import BaseDecorrelation
from tagline.learning import transfer
from tagline.learning.checkpoint import Checkpoints
from tagline.learning.delivery import PackedJets
from tagline.learning.model import Weights, build, num_parameters, objective_of
from tagline.learning.optimisers import optimiser_of
from tagline.learning.schedules import learning_rate
from tagline.learning.sharing import logits_of
from tagline.machine.termination import Termination
from tagline.machine.usage import Meter, Usage
from tagline.settings.catalogue import Tagger

EVENTS_SHOWN = 5

logger = logging.getLogger(__name__)


@dataclass
class Progress:
    """Where a training stands between two steps, besides its weights."""

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    jets: int = 0
    seconds: float = 0.0
    best: float = math.inf
    best_epoch: int = 0
    lowest_loss: float = math.inf
    stale_epochs: int = 0
    total_jets: int = 0
    total_seconds: float = 0.0
    epochs: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Losses:
    """The loss of a batch with its penalty, the penalty alone, and the jets put in their class."""

    loss: Tensor
    penalty: Tensor
    num_correct: Tensor


class Trainer:
    """A network, its optimiser and its progress."""

    def __init__(
        self,
        fabric: Fabric,
        tagger: Tagger,
        inputs: Inputs,
        *,
        method: BaseDecorrelation,
        seed: int,
        meter: Meter,
        source: Path | None = None,
    ) -> None:
        torch.manual_seed(seed)
        network = build(tagger, inputs)
        self.num_parameters = num_parameters(network)
        if tagger.start_from:
            assert source is not None
            transfer.begin(network, source, tagger.start_from, inputs)
        if fabric.world_size > 1:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        optimiser = optimiser_of(tagger.steps, network.to(fabric.device))
        if method.adversary:
            method.adversary.to(fabric.device)
            optimiser.add_param_group(adversary_group(method))
        self.network, self.optimiser = fabric.setup(network, optimiser)
        self.fabric = fabric
        self.training = tagger.steps
        self.monitor: str = self.training.monitor
        self.objective = objective_of(tagger)
        self.method, self.seed, self.meter = method, seed, meter
        self.usage = Usage()
        self.began, self.earlier_seconds = time.monotonic(), 0.0  # of earlier attempts
        self.progress = Progress()
        self.best_weights: Weights = {}

    @property
    def history(self) -> dict[str, Any]:
        """What there is to know of a training that has ended."""
        return {
            "epochs": self.progress.epochs,
            "best_epoch": self.progress.best_epoch,
            "num_parameters": self.num_parameters,
            "seconds": self.progress.total_seconds,
        }

    @property
    def keeps_last(self) -> bool:
        """Whether the last weights are the result, and not those of the lowest loss."""
        return self.method.keeps_last or self.objective.keeps_last

    @property
    def has_ended(self) -> bool:
        """Whether this was the last epoch, or the loss has not fallen for long enough."""
        return self.progress.epoch >= self.training.epochs or (
            self.progress.stale_epochs >= self.training.patience and not self.keeps_last
        )

    def run(
        self,
        train_jets: PackedJets,
        validation_jets: PackedJets,
        *,
        checkpoints: Checkpoints,
        termination: Termination,
    ) -> bool:
        """Train to the end, or return False with all saved if the process is to end before."""
        self._resume(checkpoints)
        termination.deferred = True
        while not self.has_ended:
            for _ in self._steps(train_jets):
                if self._any(termination.requested is not None):
                    self._save(checkpoints)
                    logger.info("stopped before the end of epoch %d", self.progress.epoch)
                    return False
                if checkpoints.due:
                    self._save(checkpoints)
            self._end_epoch(validation_jets)
            self._save(checkpoints)
        return True

    def _any(self, claim: bool) -> bool:
        """Return whether it is true in any process, the same answer in all of them."""
        if self.fabric.world_size == 1:
            return claim
        votes = torch.tensor(float(claim), device=self.fabric.device)
        return bool(self.fabric.all_reduce(votes, reduce_op="sum"))

    def _steps(self, jets: PackedJets) -> Iterator[None]:
        """Do what is left of this epoch; jets that fill no whole batch wait for another epoch."""
        progress, batch_size = self.progress, self.training.batch_size
        self.network.train()
        transfer.rest_frozen_norms(self.network)
        num_steps = steps_an_epoch(jets, batch_size)
        order_J = torch.from_numpy(generator_of(self.seed, progress.epoch).permutation(len(jets)))
        for rows_B in torch.split(order_J, batch_size)[progress.step : num_steps]:
            started = time.perf_counter()
            self.method.epoch = progress.epoch + progress.step / num_steps
            self.objective.progress = self.method.epoch / self.training.epochs
            rate = learning_rate(self.training, self.method.epoch)
            for group in self.optimiser.param_groups:
                factor = 1.0 if group.get("of_adversary") else self.method.tagger_rate
                group["lr"] = rate * factor * group["rate_factor"]
            progress.loss_sum += self._step(jets, rows_B)
            progress.step += 1
            progress.jets += len(rows_B)
            progress.seconds += time.perf_counter() - started
            yield

    def _step(self, jets: PackedJets, rows_B: Tensor) -> float:
        """Change the weights once and return the loss before."""
        progress = self.progress
        position = (self.seed, progress.epoch, progress.step, self.fabric.global_rank)
        torch.manual_seed(int(generator_of(*position).integers(2**63)))
        loss = self._losses(jets, rows_B).loss
        value = loss.item()
        if not math.isfinite(value):
            events = jets.event_id_J[rows_B[:EVENTS_SHOWN]].cpu().numpy().view(np.uint64)
            raise FloatingPointError(
                f"the loss is {value} in epoch {progress.epoch}, step {progress.step}, "
                f"whose batch begins with the events {', '.join(map(str, events))}"
            )
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        self.optimiser.step()
        return value

    def _losses(self, jets: PackedJets, rows_B: Tensor) -> Losses:
        batch = jets.take(rows_B)
        logits_BC = logits_of(self.network, jets, rows_B, self.fabric)
        penalty = self.method.penalty(logits_BC, batch)
        return Losses(
            loss=self.objective.loss(logits_BC, batch) + penalty,
            penalty=penalty,
            num_correct=(logits_BC.argmax(1) == batch.label_B).sum(),
        )

    @torch.inference_mode()
    def _validate(self, jets: PackedJets) -> dict[str, float]:
        """Return means over the jets, in batches as in training: penalties depend on them."""
        self.network.eval()
        sums = torch.zeros(3, dtype=torch.float64, device=self.fabric.device)
        for rows_B in torch.split(torch.arange(len(jets)), self.training.batch_size):
            losses = self._losses(jets, rows_B)
            sums[0] += losses.loss * len(rows_B)
            sums[1] += losses.penalty * len(rows_B)
            sums[2] += losses.num_correct
        loss, penalty, accuracy = self.fabric.broadcast((sums / len(jets)).tolist())
        return {"validation_loss": loss, "penalty": penalty, "validation_accuracy": accuracy}

    def _end_epoch(self, validation_jets: PackedJets) -> None:
        """Validate, keep the weights if they are the best, note the epoch and begin the next."""
        progress = self.progress
        entry = {
            "epoch": progress.epoch,
            "train_loss": progress.loss_sum / progress.step,
            **self._validate(validation_jets),
            "learning_rate": learning_rate(self.training, progress.epoch),
            "jets_per_second": progress.jets / progress.seconds,
        }
        logger.info(", ".join(f"{name} {value:.5g}" for name, value in entry.items()))
        progress.epochs.append(entry)
        loss = entry["validation_loss"]
        progress.stale_epochs = 0 if loss < progress.lowest_loss else progress.stale_epochs + 1
        progress.lowest_loss = min(loss, progress.lowest_loss)
        monitored = loss if self.monitor == "loss" else -entry["validation_accuracy"]
        if monitored < progress.best or self.keeps_last:
            progress.best, progress.best_epoch = monitored, progress.epoch
            self.best_weights = {
                name: tensor.to("cpu", copy=True)
                for name, tensor in self.network.state_dict().items()
            }
        progress.total_jets += progress.jets
        progress.total_seconds += progress.seconds
        progress.epoch, progress.step, progress.jets = progress.epoch + 1, 0, 0
        progress.loss_sum = progress.seconds = 0.0

    def _save(self, checkpoints: Checkpoints) -> None:
        self.usage += self.meter.read()
        if self.fabric.is_global_zero:
            checkpoints.save(
                {
                    "network": self.network.state_dict(),
                    "optimiser": self.optimiser.state_dict(),
                    "adversary": state_of(self.method.adversary),
                    "best_weights": self.best_weights,
                    "progress": asdict(self.progress),
                    "usage": asdict(self.usage),
                    "seconds": self.earlier_seconds + time.monotonic() - self.began,
                }
            )

    def _resume(self, checkpoints: Checkpoints) -> None:
        state = checkpoints.load()
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.method.adversary:
            self.method.adversary.load_state_dict(state["adversary"])
        self.best_weights = state["best_weights"]
        self.progress = Progress(**state["progress"])
        self.usage = Usage(**state["usage"])
        self.earlier_seconds = state["seconds"]
        logger.info("resumed in epoch %d, step %d", self.progress.epoch, self.progress.step)


def adversary_group(method: BaseDecorrelation) -> dict[str, Any]:
    """Return what is trained beside a tagger, without any decay."""
    assert method.adversary is not None
    parameters = list(method.adversary.parameters())
    return {
        "params": parameters,
        "weight_decay": 0.0,
        "rate_factor": method.adversary_rate,
        "of_adversary": True,
    }


def state_of(adversary: nn.Module | None) -> Weights:
    """Return the weights of a network that there may be."""
    return adversary.state_dict() if adversary else {}


def steps_an_epoch(jets: PackedJets, batch_size: int) -> int:
    """Return the number of whole batches, or one smaller batch if there is none."""
    return max(1, len(jets) // batch_size)


def generator_of(*position: int) -> np.random.Generator:
    """Return the random generator of a position in the training."""
    return np.random.default_rng(position)
