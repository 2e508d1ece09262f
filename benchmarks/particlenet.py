"""Training steps and inference of ParticleNet against weaver-core 0.5.3, with the same weights."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.racing import race, verdict
from tagline.batch import Batch
from tagline.inputs import Inputs
from tagline.taggers.particlenet import COORDINATES, Config, Tagger
from tests.clouds import random_cloud
from tests.test_weaver import FEATURES, for_weaver, particlenet_of_weaver

NUM_JETS, MIN_PARTICLES, MAX_PARTICLES = 32, 15, 69  # 42 on average, as in benchmarks.pfn
PASSES = 3  # forward, gradient of the inputs, gradient of the weights
WARM_UP = 6  # steps after which weaver trims the padding


class Weaver(nn.Module):
    """Weaver's network on packed jets; padding them is part of its work."""

    def __init__(self, ours: Tagger) -> None:
        super().__init__()
        self.network = particlenet_of_weaver(Config(), ours.state_dict())
        self.coordinates = [FEATURES.index(name) for name in COORDINATES]

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC; weaver wants inputs with a gradient to make any."""
        features_BFN, mask_B1N = for_weaver(batch)
        if torch.is_grad_enabled():
            features_BFN = features_BFN.clone().requires_grad_()
        return self.network(features_BFN[:, self.coordinates], features_BFN, mask_B1N)


def step(network: nn.Module, batch: Batch) -> Callable[[], None]:
    """Return a training step without the optimiser, which is the same for both."""

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


def products(batch: Batch, *, passes: int) -> Callable[[], None]:
    """Return the matrix products over edges and nothing else."""
    num_E = len(batch.constituents_PF) * Config().neighbours
    operands = [
        (torch.randn(num_E, n), torch.randn(n, m), torch.empty(num_E, m))
        for block in Config().blocks
        for n, m in pairwise(block)
    ]

    def multiply() -> None:
        for a, b, out in operands:
            for _ in range(passes):
                torch.mm(a, b, out=out)

    return multiply


def main() -> None:
    """Check that both networks give the same logits, then race them."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    ours = Tagger(Config(), Inputs(FEATURES, max_constituents=MAX_PARTICLES))
    counts = torch.randint(MIN_PARTICLES, MAX_PARTICLES + 1, (NUM_JETS,)).tolist()
    batch, weaver = random_cloud(counts), Weaver(ours)
    torch.testing.assert_close(
        inference(ours, batch)(), inference(weaver, batch)(), rtol=1e-5, atol=1e-5
    )
    for _ in range(WARM_UP):
        step(weaver, batch)()
    goals = {"training": (step, PASSES, 4), "inference": (inference, 1, 6)}
    for name, (run, passes, goal) in goals.items():
        seconds = race(
            {
                "tagline": run(ours, batch),
                "weaver": run(weaver, batch),
                "matrix products": products(batch, passes=passes),
            },
            rounds=9,
        )
        title = f"ParticleNet {name}, {NUM_JETS} jets of {sum(counts) / NUM_JETS:.0f} particles"
        print(
            verdict(
                title, seconds, ours="tagline", rival="weaver", goal=goal, limit="matrix products"
            )
        )
        for contender, time in seconds.items():
            print(f"  {contender}: {NUM_JETS / time:,.1f} jets per CPU second")


if __name__ == "__main__":
    main()
