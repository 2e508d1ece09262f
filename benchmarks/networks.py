"""What races of networks have in common: jets, steps, inferences, and the limit for both."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch

FORWARD, TRAINING = 1, 3  # products of a layer; back go those of the inputs and of the weights
TYPICAL_PARTICLES, SPREAD = 41.5, 0.42  # with the tail, 45 on average, as published jets have
FEWEST_PARTICLES = 5
ROWS_AT_ONCE = 512  # of a matrix product whose operands fit the cache


def numbers_of_particles(num_jets: int, *, most: int) -> list[int]:
    """Return log-normal numbers of particles, as those of real jets are, the largest cut off."""
    spread_J = SPREAD * torch.randn(num_jets, generator=torch.Generator().manual_seed(1))
    num_J = (TYPICAL_PARTICLES * spread_J.exp()).round().clamp(FEWEST_PARTICLES, most)
    counts: list[int] = num_J.long().tolist()
    return counts


def step(network: nn.Module, batch: Batch) -> Callable[[], None]:
    """Return a training step without the optimiser, which is the same for all."""

    def train() -> None:
        network.train()
        network.zero_grad()
        F.cross_entropy(network(batch), batch.label_B).backward()

    return train


def inference(network: nn.Module, batch: Batch) -> Callable[[], Tensor]:
    """Return a call that gives the logits."""

    def infer() -> Tensor:
        network.eval()
        with torch.inference_mode():
            return network(batch)

    return infer


def products(shapes: Iterable[tuple[int, int, int]], *, passes: int) -> Callable[[], None]:
    """Return products of (rows, n) and (n, m) matrices and nothing else, operands in the cache."""
    operands = [
        (rows / ROWS_AT_ONCE, torch.randn(ROWS_AT_ONCE, n), torch.randn(n, m))
        for rows, n, m in shapes
    ]
    outs = [torch.empty(len(a), b.shape[1]) for _, a, b in operands]

    def multiply() -> None:
        for (number, a, b), out in zip(operands, outs, strict=True):
            for _ in range(round(passes * number)):
                torch.mm(a, b, out=out)

    return multiply
