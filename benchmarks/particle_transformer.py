"""Training steps and inference of ParT against weaver-core, with the same weights."""

from itertools import pairwise

from torch import Tensor

from benchmarks.networks import numbers_of_particles
from benchmarks.weaver import Goals, Weaver, race_weaver, settle
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.machine.matrix_products import whole_processor
from tagline.taggers.particle_transformer import MOMENTUM, NUM_PAIR_FEATURES, Config, Tagger
from tests.clouds import random_cloud
from tests.test_weaver import FEATURES, part_of_weaver

NUM_JETS, PADDED_TO = 128, 128
GOALS = Goals(training=2.2, inference=2.5)


def with_momenta(x_BFN: Tensor) -> tuple[Tensor, Tensor]:
    """Return features and momenta apart, the latter without a gradient."""
    features_BFN, momentum_B4N = x_BFN.split([len(FEATURES), len(MOMENTUM)], dim=1)
    return features_BFN, momentum_B4N.detach()


def weaver(ours: Tagger, *, trims: bool) -> Weaver:
    """Return weaver's network with our weights."""
    network = part_of_weaver(Config(), ours.state_dict(), num_features=len(FEATURES))
    return Weaver(network, padded_to=PADDED_TO, inputs=with_momenta, trims=trims)


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
    """Race weaver with and without its trimmer."""
    settle()
    config, batch = Config(), toy_batch()
    ours = Tagger(config, Inputs((*FEATURES, *MOMENTUM), max_constituents=PADDED_TO))
    rivals = {
        "weaver, padded": weaver(ours, trims=False),
        "weaver, trimmed": weaver(ours, trims=True),
    }
    race_weaver("ParT", ours, rivals, batch, shapes=shapes(batch, config), goals=GOALS)


if __name__ == "__main__":
    main()
