"""Training steps and inference of ParT against weaver-core 0.5.3, with the same weights.

Weaver pads jets to 128 particles. Once it is warm, its trimmer cuts this to the longest jet, or in
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
from tagline.taggers.particle_transformer import MOMENTUM, NUM_PAIR_FEATURES, Config, Tagger
from tests.clouds import random_cloud
from tests.test_weaver import FEATURES, part_of_weaver

NUM_JETS, PADDED_TO = 128, 128


class Weaver(nn.Module):
    """Weaver's network on packed jets; padding them is part of its work."""

    def __init__(self, ours: Tagger, *, trims: bool) -> None:
        super().__init__()
        weights = ours.state_dict()
        self.network = part_of_weaver(Config(), weights, num_features=len(FEATURES))
        self.network.trimmer.enabled = trims
        self.network.trimmer.warmup_steps = 0

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC; weaver wants inputs with a gradient to make any."""
        x_BFN = padded(batch, PADDED_TO).transpose(1, 2)
        features_BFN, momentum_B4N = x_BFN.split([len(FEATURES), len(MOMENTUM)], dim=1)
        mask_BN = torch.arange(PADDED_TO) < batch.num_constituents_B[:, None]
        if torch.is_grad_enabled():
            features_BFN = features_BFN.clone().requires_grad_()
        return self.network(features_BFN, momentum_B4N, mask_BN[:, None])


def toy_batch() -> Batch:
    """Return jets of random particles with physical momenta."""
    counts = numbers_of_particles(NUM_JETS, most=PADDED_TO)
    batch = random_cloud(counts, num_features=len(FEATURES) + len(MOMENTUM))
    momentum_P4 = batch.constituents_PF[:, len(FEATURES) :]
    momentum_P4[:, 3] = momentum_P4[:, :3].norm(dim=1) + 0.1
    return batch


def shapes(batch: Batch, config: Config) -> list[tuple[int, int, int]]:
    """Return rows, n and m of all products over particles, and over pairs of different ones."""
    num_P, width = len(batch.constituents_PF), config.embedding[-1]
    num_B = batch.num_constituents_B
    num_Q = int((num_B * (num_B + 1)).sum()) // 2
    wide = config.expansion * width
    layers = [(width, 3 * width), (width, width), (width, wide), (wide, width)]
    embedding = pairwise((len(FEATURES), *config.embedding))
    of_pairs = pairwise((NUM_PAIR_FEATURES, *config.pair_embedding, config.heads))
    return [
        *((num_P, n, m) for n, m in [*embedding, *config.blocks * layers]),
        *config.class_blocks * [(num_P, width, 2 * width)],
        *((num_Q, n, m) for n, m in of_pairs),
    ]


@whole_processor()
def main() -> None:
    """Check that all networks give the same logits, then race them."""
    keep_freed_memory()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    config, batch = Config(), toy_batch()
    ours = Tagger(config, Inputs((*FEATURES, *MOMENTUM), max_constituents=PADDED_TO))
    rivals = {
        "weaver, padded": Weaver(ours, trims=False),
        "weaver, trimmed": Weaver(ours, trims=True),
    }
    for rival in rivals.values():
        torch.testing.assert_close(
            inference(ours, batch)(), inference(rival, batch)(), rtol=1e-5, atol=1e-5
        )
    goals = {"training": (step, TRAINING, 2.2), "inference": (inference, FORWARD, 2.5)}
    for name, (run, passes, goal) in goals.items():
        contenders = {"tagline": run(ours, batch)}
        contenders |= {label: run(rival, batch) for label, rival in rivals.items()}
        contenders["matrix products"] = products(shapes(batch, config), passes=passes)
        seconds = race(contenders)
        mean = len(batch.constituents_PF) / NUM_JETS
        title = f"ParT {name}, {NUM_JETS} jets of {mean:.0f} particles"
        for label in rivals:
            print(
                verdict(
                    title, seconds, ours="tagline", rival=label, goal=goal, limit="matrix products"
                )
            )
        print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
