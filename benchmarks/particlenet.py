"""Training steps and inference of ParticleNet against weaver-core, with the same weights."""

from itertools import pairwise

from torch import Tensor

from benchmarks.networks import numbers_of_particles
from benchmarks.weaver import Goals, Weaver, race_weaver, settle
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.machine.matrix_products import whole_processor
from tagline.taggers.particlenet import COORDINATES, Config, Tagger
from tests.clouds import random_cloud
from tests.test_weaver import FEATURES, particlenet_of_weaver

NUM_JETS, PADDED_TO = 64, 100
GOALS = Goals(training=4, inference=6)
PLACES = [FEATURES.index(name) for name in COORDINATES]


def with_coordinates(features_BFN: Tensor) -> tuple[Tensor, Tensor]:
    """Return what neighbours are near in, and all features."""
    return features_BFN[:, PLACES], features_BFN


def weaver(ours: Tagger, *, trims: bool) -> Weaver:
    """Return weaver's network with our weights."""
    network = particlenet_of_weaver(Config(), ours.state_dict())
    return Weaver(network, padded_to=PADDED_TO, inputs=with_coordinates, trims=trims)


def shapes(batch: Batch, config: Config) -> list[tuple[int, int, int]]:
    """Return rows, n and m of the products over edges; those over particles are few."""
    num_E = len(batch.constituents_PF) * config.neighbours
    return [(num_E, n, m) for block in config.blocks for n, m in pairwise(block)]


@whole_processor()
def main() -> None:
    """Race weaver with and without its trimmer."""
    settle()
    config = Config()
    ours = Tagger(config, Inputs(FEATURES, max_constituents=PADDED_TO))
    batch = random_cloud(numbers_of_particles(NUM_JETS, most=PADDED_TO))
    rivals = {
        "weaver, padded": weaver(ours, trims=False),
        "weaver, trimmed": weaver(ours, trims=True),
    }
    race_weaver("ParticleNet", ours, rivals, batch, shapes=shapes(batch, config), goals=GOALS)


if __name__ == "__main__":
    main()
