"""Training steps and inference of TreeNiN, level by level over all jets, and jet by jet."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.networks import FORWARD, TRAINING, inference, step
from benchmarks.racing import race, rates, verdict
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.machine.matrix_products import whole_processor
from tagline.representations.tree import Config as TreeConfig
from tagline.representations.tree import Representation
from tagline.taggers.treenin import Config, Tagger
from tests.toys import toy_jets

NUM_JETS = 128  # the published batch
GOAL = 10


class JetByJet(nn.Module):
    """The same network with the same weights, on one jet after another."""

    def __init__(self, network: Tagger) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        jets = batch.constituents_PF.split(batch.num_constituents_B.tolist())
        return torch.cat([self.network(batch_of(x_PF, [len(x_PF)])) for x_PF in jets])


def batch_of(x_PF: Tensor, counts: list[int]) -> Batch:
    """Return jets of so many nodes."""
    num_B = torch.tensor(counts)
    return Batch(
        constituents_PF=x_PF,
        jet_of_constituent_P=torch.repeat_interleave(num_B),
        num_constituents_B=num_B,
        features_BG=torch.zeros(len(counts), 0),
        label_B=torch.arange(len(counts)) % 2,
        weight_B=torch.ones(len(counts)),
        protected_BR=torch.zeros(len(counts), 0),
    )


def toy_batch() -> tuple[Batch, Inputs]:
    """Return the kT trees of jets of about 35 particles."""
    jets = toy_jets(NUM_JETS, seed=1)
    representation = Representation(TreeConfig())
    statistics = representation.fit(jets)
    prepared = representation.transform(jets, statistics)
    x_PF = torch.from_numpy(np.stack(list(prepared.constituents.values()), axis=1))
    counts = prepared.jets["num_constituents"].tolist()
    return batch_of(x_PF, counts), representation.inputs(statistics)


def products(batch: Batch, *, passes: int) -> Callable[[], None]:
    """Return the matrix products over all nodes and nothing else."""
    num_particles = int((batch.constituents_PF[:, -3] < 0).sum())
    num_sums, width = len(batch.constituents_PF) - num_particles, Config().width
    shapes = [(num_particles, width)] * 2 + [(num_sums, width)] * 2 + [(num_sums, 3 * width)]
    operands = [
        (torch.randn(num, num_in), torch.randn(num_in, width), torch.empty(num, width))
        for num, num_in in shapes
    ]

    def multiply() -> None:
        for a, b, out in operands:
            for _ in range(passes):
                torch.mm(a, b, out=out)

    return multiply


@whole_processor()
def main() -> None:
    """Check that both ways give the same logits, then race them."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    batch, inputs = toy_batch()
    network = Tagger(Config(), inputs)
    alone = JetByJet(network)
    torch.testing.assert_close(inference(network, batch)(), inference(alone, batch)())
    title = f"{NUM_JETS} trees of {len(batch.constituents_PF) / NUM_JETS:.0f} nodes"
    for name, run, passes in (("training", step, TRAINING), ("inference", inference, FORWARD)):
        seconds = race(
            {
                "all jets": run(network, batch),
                "jet by jet": run(alone, batch),
                "matrix products": products(batch, passes=passes),
            },
            rounds=9,
        )
        line = {"ours": "all jets", "rival": "jet by jet", "limit": "matrix products"}
        print(verdict(f"TreeNiN {name}, {title}", seconds, goal=GOAL, **line))
        print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
