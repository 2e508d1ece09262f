"""GoaT: a network that reads the scores of all other taggers.

The Machine Learning Landscape of Top Taggers, Kasieczka (2019), arXiv:1902.09914, section 4. It
asks how much of the information each tagger leaves unused. The paper trained it on the test sample
itself, cut into 160k jets to train, 160k to stop and 80k to test, nine times, with 15 inputs (a
training of each tagger) or 135 (all nine of each; the printed 35k parameters need some 130), and
without LDA. Its numbers are therefore of other jets than those of the taggers beside it.

Here no test jet is trained on. The validation jets are dealt into folds by event. For each fold a
network is trained on the others, but for one of them that stops it. A validation jet gets the
score of the one network that has not seen it, so that what is fitted on these scores, such as a
decorrelation, meets no memory of them. A test jet gets the mean of the scores of all networks.

The inputs are the scores' logits, of which a network of this size learns more than of the scores
themselves: most of these are crowded at 0 and 1.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.combinations import Array, BaseCombination, Members
from tagline.networks.layers import dense
from tagline.settings.strict import Strict

SMALLEST_PROBABILITY = 1e-7  # float32 cannot tell 1 - p from 1 below this


class Config(Strict):
    """The published network and training; the batch size and the number of folds are chosen."""

    hidden: tuple[int, ...] = Field((100, 100, 100, 20), description="widths, each with ReLU")
    learning_rate: float = Field(1e-3, gt=0, description="of Adam")
    batch_size: int = Field(500, gt=0, description="jets a step")
    epochs: int = Field(50, gt=0, description="at most so many")
    patience: int = Field(2, gt=0, description="stop after so many epochs without a better loss")
    folds: int = Field(5, ge=3, description="networks, each blind to one part of the jets")


class Jets(NamedTuple):
    """The validation jets as tensors; a jet of the last class is signal."""

    logit_JM: Tensor
    is_signal_J: Tensor
    weight_J: Tensor

    def take(self, rows: Tensor) -> "Jets":
        """Return the jets of some rows."""
        return Jets(*(tensor[rows] for tensor in self))


class Combination(BaseCombination):
    """One network a fold."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.networks: list[nn.Module] = []

    def fit(self, members: Members, *, seed: int) -> dict[str, Any]:
        """Train one network a fold, and return the losses by which each was stopped.

        Raises:
            ValueError: a fold has no signal or no background.
        """
        jets, fold_J = tensors_of(members), torch.from_numpy(self.folds(members))
        self._require_both_classes(jets, fold_J)
        losses = []
        with one_thread(), torch.random.fork_rng(devices=[]):
            for fold in range(self.config.folds):
                stops_J = fold_J == (fold + 1) % self.config.folds
                trains_J = (fold_J != fold) & ~stops_J
                generator = torch.manual_seed(
                    int(np.random.default_rng((seed, fold)).integers(2**63))
                )
                network = self._network(jets.logit_JM.shape[1])
                losses.append(
                    self._train(network, jets.take(trains_J), jets.take(stops_J), generator)
                )
                self.networks.append(network)
        return {"fold_losses": losses}

    def out_of_fold(self, members: Members) -> Array:
        """Return score_J, each from the network that has not seen the jet."""
        fold_J = self.folds(members)
        score_J = np.empty(len(fold_J))
        for fold, network in enumerate(self.networks):
            score_J[fold_J == fold] = score(network, members.score_JM[fold_J == fold])
        return score_J

    def transform(self, score_JM: Array) -> Array:
        """Return score_J, the mean of all networks."""
        score_J: Array = np.mean([score(network, score_JM) for network in self.networks], axis=0)
        return score_J

    def num_parameters(self, of_members: Sequence[int]) -> int:
        """Count those of one network alone, as the paper does."""
        del of_members
        return sum(parameter.numel() for parameter in self.networks[0].parameters())

    def folds(self, members: Members) -> npt.NDArray[np.int64]:
        """Return fold_J, from the low bits of the event ids: the high ones decided the split."""
        return (members.event_id_J % np.uint64(self.config.folds)).astype(np.int64)

    def _require_both_classes(self, jets: Jets, fold_J: Tensor) -> None:
        for name, of_class_J in (("signal", jets.is_signal_J), ("background", ~jets.is_signal_J)):
            num_F = torch.bincount(fold_J[of_class_J], minlength=self.config.folds)
            if not num_F.all():
                raise ValueError(
                    f"goat: of {len(fold_J)} validation jets in {self.config.folds} folds, "
                    f"the numbers of {name} are {num_F.tolist()}"
                )

    def _network(self, num_members: int) -> nn.Module:
        widths = (num_members, *self.config.hidden)
        return nn.Sequential(dense(widths), nn.Linear(widths[-1], 2))

    def _train(
        self, network: nn.Module, train: Jets, stop: Jets, generator: torch.Generator
    ) -> list[float]:
        """Train until the loss of other jets no longer falls, and keep the best weights."""
        optimiser = torch.optim.Adam(network.parameters(), lr=self.config.learning_rate)
        losses: list[float] = []
        best = network.state_dict()
        while len(losses) < self.config.epochs and stale_epochs(losses) < self.config.patience:
            order_J = torch.randperm(len(train.weight_J), generator=generator)
            for rows_B in torch.split(order_J, self.config.batch_size):
                optimiser.zero_grad()
                cross_entropy(network, train.take(rows_B)).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            with torch.inference_mode():
                losses.append(cross_entropy(network, stop).item())
            if losses[-1] == min(losses):
                best = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        network.load_state_dict(best)
        return losses


def tensors_of(members: Members) -> Jets:
    """Return the validation jets as tensors."""
    label_J = torch.tensor(members.label_J)
    return Jets(
        logits_of(members.score_JM),
        label_J == (label_J.max() if len(label_J) else 1),
        torch.tensor(members.weight_J).float(),
    )


def logits_of(score_JM: Array) -> Tensor:
    """Return logit_JM as float32."""
    return torch.tensor(score_JM).logit(SMALLEST_PROBABILITY).float()


def cross_entropy(network: nn.Module, jets: Jets) -> Tensor:
    """Return the mean of the weighted cross entropies, binary since there are two outputs."""
    losses_J = F.cross_entropy(network(jets.logit_JM), jets.is_signal_J.long(), reduction="none")
    return (losses_J * jets.weight_J).mean()


@torch.inference_mode()
def score(network: nn.Module, score_JM: Array) -> Array:
    """Return score_J, the softmax probability of signal."""
    logits_J2 = network(logits_of(score_JM))
    score_J: Array = logits_J2.double().softmax(1)[:, 1].numpy()
    return score_J


def stale_epochs(losses: Sequence[float]) -> int:
    """Count the epochs since the loss was lowest."""
    return len(losses) - 1 - int(np.argmin(losses)) if losses else 0


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread: a network this small is slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
