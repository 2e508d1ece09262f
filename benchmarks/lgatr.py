"""Training steps and inference of L-GATr against the package `lgatr` 1.4.4, with the same weights.

The package is given jets that are padded to the longest of the batch, as attention on a CPU wants
them. The limit is the matrix products and attentions of the real particles alone.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from benchmarks.networks import FORWARD, TRAINING, step
from benchmarks.racing import race, rates, verdict
from tagline.data.batch import Batch
from tagline.machine.matrix_products import whole_processor
from tagline.machine.memory import keep_freed_memory
from tagline.networks.multivector_layers import Linear
from tagline.taggers.lgatr import Config, Tagger
from tests.clouds import random_cloud
from tests.four_vectors import inputs_of
from tests.lgatr_package import NUM_FIRST, Package

NUM_JETS, MEAN_PARTICLES, MAX_PARTICLES = 32, 45, 128
SHAPE = 6.0  # of the gamma distribution of their number
GOAL = 2


def jets() -> Batch:
    """Return jets of massless particles, 45 on average."""
    numbers = torch.distributions.Gamma(SHAPE, SHAPE / MEAN_PARTICLES).sample((NUM_JETS,))
    batch = random_cloud(numbers.long().clamp(1, MAX_PARTICLES).tolist(), num_features=4)
    p_P3 = batch.constituents_PF[:, 1:]
    return replace(batch, constituents_PF=torch.cat([p_P3.norm(dim=1, keepdim=True), p_P3], dim=1))


def inference(network: nn.Module, batch: Batch) -> Callable[[], Tensor]:
    """Return a call that gives the logits; in inference mode, the package cannot train again."""

    def infer() -> Tensor:
        with torch.no_grad():
            return network(batch)

    return infer


def products(ours: Tagger, batch: Batch, *, passes: int) -> Callable[[], None]:
    """Return the matrix products of all tokens, and those of the attentions jet by jet."""
    counts = (batch.num_constituents_B + NUM_FIRST).tolist()
    num_T, block = sum(counts), ours.blocks[0]
    operands = []
    for linear in (module for module in block.modules() if isinstance(module, Linear)):
        matrices = (linear.scalars.weight, 1), (linear.vectors_DD, 4), (linear.vectors_DD, 3)
        operands += [
            (torch.randn(rows * num_T, len(matrix[0])), torch.randn(matrix.T.shape))
            for matrix, rows in matrices
        ]
    heads, size = block.heads.groups, 16 * block.heads.multivectors + block.heads.scalars
    attentions = [
        (
            torch.randn(heads, num, size),
            torch.randn(heads, size, num),
            torch.randn(heads, num, num),
        )
        for num in counts
    ]

    def multiply() -> None:
        for _ in range((len(ours.blocks) + 1) * passes):
            for a, b in operands:
                torch.mm(a, b)
            for query, key, weights in attentions:
                torch.bmm(query, key)
                torch.bmm(weights, query)

    return multiply


@whole_processor()
def main() -> None:
    """Check that both networks give the same logits, then race them."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_freed_memory()  # as trainings do: the package gains most
    torch.manual_seed(1)
    ours, batch = Tagger(Config(), inputs_of(beams=False)), jets()
    package = Package(ours, Config())
    torch.testing.assert_close(
        inference(ours, batch)(), inference(package, batch)(), rtol=1e-5, atol=1e-5
    )
    for name, (run, passes) in {
        "training": (step, TRAINING),
        "inference": (inference, FORWARD),
    }.items():
        seconds = race(
            {
                "tagline": run(ours, batch),
                "lgatr": run(package, batch),
                "matrix products": products(ours, batch, passes=passes),
            },
            rounds=3,
        )
        mean = len(batch.constituents_PF) / NUM_JETS
        title = f"L-GATr {name}, {NUM_JETS} jets of {mean:.0f} particles"
        print(
            verdict(
                title, seconds, ours="tagline", rival="lgatr", goal=GOAL, limit="matrix products"
            )
        )
        print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
