"""What races against weaver-core 0.5.3 have in common: its network on our jets, and the race.

Weaver pads jets to a fixed number of particles. Once it is warm, its trimmer cuts this to the
longest jet, or in training to somewhere near it. Both ways race; freed memory is kept for all.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.networks import FORWARD, TRAINING, inference, products, step
from benchmarks.racing import race, rates, verdict
from tagline.data.batch import Batch
from tagline.machine.memory import keep_freed_memory
from tagline.networks.layers import padded


class Goals(NamedTuple):
    """How many times faster than weaver a network should be."""

    training: float
    inference: float


class Weaver(nn.Module):
    """Weaver's network on packed jets; padding them is part of its work.

    Args:
        network: with a trimmer.
        padded_to: particles of each jet.
        inputs: what it is given, of the padded features (B, F, N).
        trims: whether the trimmer works.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        padded_to: int,
        inputs: Callable[[Tensor], tuple[Tensor, Tensor]],
        trims: bool,
    ) -> None:
        super().__init__()
        self.network, self.padded_to, self.inputs = network, padded_to, inputs
        self.network.trimmer.enabled = trims
        self.network.trimmer.warmup_steps = 0

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC; weaver wants inputs with a gradient to make any."""
        x_BFN = padded(batch, self.padded_to).transpose(1, 2)
        mask_BN = torch.arange(self.padded_to) < batch.num_constituents_B[:, None]
        if torch.is_grad_enabled():
            x_BFN = x_BFN.clone().requires_grad_()
        return self.network(*self.inputs(x_BFN), mask_BN[:, None])


def settle() -> None:
    """Make all contenders run alike: on one core, with memory kept and the same weights."""
    keep_freed_memory()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)


def race_weaver(
    name: str,
    ours: nn.Module,
    rivals: Mapping[str, Weaver],
    batch: Batch,
    *,
    shapes: Iterable[tuple[int, int, int]],
    goals: Goals,
) -> None:
    """Check that all networks give the same logits, then race them in training and inference.

    Args:
        name: of the network.
        ours: the network on packed jets.
        rivals: weaver's, by what is said of each.
        batch: the jets.
        shapes: rows, n and m of the matrix products that there are in any case.
        goals: the least ratios.
    """
    for rival in rivals.values():
        torch.testing.assert_close(
            inference(ours, batch)(), inference(rival, batch)(), rtol=1e-5, atol=1e-5
        )
    num_jets, shapes = len(batch), list(shapes)
    mean = len(batch.constituents_PF) / num_jets
    runs = {
        "training": (step, TRAINING, goals.training),
        "inference": (inference, FORWARD, goals.inference),
    }
    for kind, (run, passes, goal) in runs.items():
        contenders = {"tagline": run(ours, batch)}
        contenders |= {label: run(rival, batch) for label, rival in rivals.items()}
        contenders["matrix products"] = products(shapes, passes=passes)
        seconds = race(contenders)
        title = f"{name} {kind}, {num_jets} jets of {mean:.0f} particles"
        for label in rivals:
            print(
                verdict(
                    title, seconds, ours="tagline", rival=label, goal=goal, limit="matrix products"
                )
            )
        print(rates(seconds, num_jets))
