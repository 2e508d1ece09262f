"""Training steps of the PFN: packed particles against jets padded to the longest allowed."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.racing import race, rates, verdict
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.machine.matrix_products import whole_processor
from tagline.networks.layers import padded
from tagline.taggers.pfn import Config, Tagger

NUM_JETS, PADDED_TO = 256, 128
MIN_PARTICLES, MAX_PARTICLES = 15, 75  # 45 on average, as the published jets have
FEATURES = ("pt_fraction", "eta", "phi")
PASSES = 3  # forward, gradient of the inputs, gradient of the weights


class PaddedTagger(nn.Module):
    """The same network with the same weights, on padded jets and a mask."""

    def __init__(self, packed: Tagger) -> None:
        super().__init__()
        self.packed = packed

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        x_BNF = padded(batch, PADDED_TO)
        position_N = torch.arange(PADDED_TO)
        mask_BN = position_N < batch.num_constituents_B[:, None]
        phi_BND = self.packed.phi(x_BNF) * mask_BN[..., None]
        return self.packed.logits(self.packed.f(phi_BND.sum(1)))


def toy_batch() -> Batch:
    """Return jets of random particles, as large as real features are.

    Larger ones saturate the softmax, and gradients too small for float32 slow both networks down.
    """
    generator = torch.Generator().manual_seed(1)
    num_B = torch.randint(MIN_PARTICLES, MAX_PARTICLES + 1, (NUM_JETS,), generator=generator)
    scale_F = torch.tensor([1 / num_B.float().mean(), 0.3, 0.3])
    return Batch(
        constituents_PF=scale_F
        * torch.randn(int(num_B.sum()), len(FEATURES), generator=generator),
        jet_of_constituent_P=torch.repeat_interleave(num_B),
        num_constituents_B=num_B,
        features_BG=torch.zeros(NUM_JETS, 0),
        label_B=torch.randint(2, (NUM_JETS,), generator=generator),
        weight_B=torch.ones(NUM_JETS),
        protected_BR=torch.zeros(NUM_JETS, 1),
    )


def step(network: nn.Module, batch: Batch) -> Callable[[], None]:
    """Return a training step without the optimiser, which is the same for all."""

    def train() -> None:
        network.zero_grad()
        F.cross_entropy(network(batch), batch.label_B).backward()

    return train


def products(batch: Batch) -> Callable[[], None]:
    """Return the matrix products of a step and nothing else."""
    num_P = len(batch.constituents_PF)
    widths = (len(FEATURES), *Config().phi)
    shapes = list(pairwise(widths))
    operands = [
        (torch.randn(num_P, n), torch.randn(n, m), torch.empty(num_P, m)) for n, m in shapes
    ]

    def multiply() -> None:
        for a, b, out in operands:
            for _ in range(PASSES):
                torch.mm(a, b, out=out)

    return multiply


@whole_processor()
def main() -> None:
    """Race, and check that both networks give the same logits and gradients."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # as in training
    torch.manual_seed(1)
    packed = Tagger(Config(), Inputs(constituent_features=FEATURES, max_constituents=PADDED_TO))
    batch, rival = toy_batch(), PaddedTagger(packed)
    torch.testing.assert_close(packed(batch), rival(batch), rtol=1e-4, atol=1e-4)
    seconds = race(
        {
            "packed": step(packed, batch),
            "padded": step(rival, batch),
            "matrix products": products(batch),
        },
        rounds=15,
    )
    title = (
        f"PFN training, {NUM_JETS} jets of {len(batch.constituents_PF) / NUM_JETS:.0f} particles"
    )
    print(
        verdict(title, seconds, ours="packed", rival="padded", goal=2.5, limit="matrix products")
    )
    print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
