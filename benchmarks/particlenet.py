"""Training steps and inference of ParticleNet against weaver-core 0.5.3, with the same weights.

Weaver pads jets to 100 particles. Once it is warm, its trimmer cuts this to the longest jet, or in
training to somewhere near it. Both ways race; freed memory is kept for all of them.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmarks.networks import (
    FORWARD,
    TRAINING,
    inference,
    numbers_of_particles,
    products,
    step,
)
from benchmarks.racing import race, rates, verdict
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.machine.matrix_products import whole_processor
from tagline.machine.memory import keep_freed_memory
from tagline.networks.layers import padded
from tagline.taggers.particlenet import COORDINATES, Config, Tagger
from tests.clouds import random_cloud
from tests.test_weaver import FEATURES, particlenet_of_weaver

NUM_JETS, PADDED_TO = 64, 100


class Weaver(nn.Module):
    """Weaver's network on packed jets; padding them is part of its work."""

    def __init__(self, ours: Tagger, *, trims: bool) -> None:
        super().__init__()
        self.network = particlenet_of_weaver(Config(), ours.state_dict())
        self.network.trimmer.enabled = trims
        self.network.trimmer.warmup_steps = 0
        self.coordinates = [FEATURES.index(name) for name in COORDINATES]

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC; weaver wants inputs with a gradient to make any."""
        features_BFN = padded(batch, PADDED_TO).transpose(1, 2)
        mask_BN = torch.arange(PADDED_TO) < batch.num_constituents_B[:, None]
        if torch.is_grad_enabled():
            features_BFN = features_BFN.clone().requires_grad_()
        return self.network(features_BFN[:, self.coordinates], features_BFN, mask_BN[:, None])


def shapes(batch: Batch, config: Config) -> list[tuple[int, int, int]]:
    """Return rows, n and m of the products over edges; those over particles are few."""
    num_E = len(batch.constituents_PF) * config.neighbours
    return [(num_E, n, m) for block in config.blocks for n, m in pairwise(block)]


@whole_processor()
def main() -> None:
    """Check that all networks give the same logits, then race them."""
    keep_freed_memory()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    config = Config()
    ours = Tagger(config, Inputs(FEATURES, max_constituents=PADDED_TO))
    batch = random_cloud(numbers_of_particles(NUM_JETS, most=PADDED_TO))
    rivals = {
        "weaver, padded": Weaver(ours, trims=False),
        "weaver, trimmed": Weaver(ours, trims=True),
    }
    for rival in rivals.values():
        torch.testing.assert_close(
            inference(ours, batch)(), inference(rival, batch)(), rtol=1e-5, atol=1e-5
        )
    goals = {"training": (step, TRAINING, 4), "inference": (inference, FORWARD, 6)}
    for name, (run, passes, goal) in goals.items():
        contenders = {"tagline": run(ours, batch)}
        contenders |= {label: run(rival, batch) for label, rival in rivals.items()}
        contenders["matrix products"] = products(shapes(batch, config), passes=passes)
        seconds = race(contenders)
        mean = len(batch.constituents_PF) / NUM_JETS
        title = f"ParticleNet {name}, {NUM_JETS} jets of {mean:.0f} particles"
        for label in rivals:
            print(
                verdict(
                    title, seconds, ours="tagline", rival=label, goal=goal, limit="matrix products"
                )
            )
        print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
