"""Training steps of the published CNN: channels-last against PyTorch's default memory format."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.racing import race, verdict
from tagline.batch import Batch
from tagline.inputs import Inputs
from tagline.taggers.cnn import Config, Tagger

NUM_JETS, NUM_PIXELS, SIDE = 64, 40, 40
PASSES = 3  # forward, gradient of the inputs, gradient of the weights


class DefaultFormat(nn.Module):
    """The same network with the same weights in channels-first memory format."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = deepcopy(tagger).to(memory_format=torch.contiguous_format)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        maps_BKYX = self.tagger.convolutions(self.tagger.pixels(batch).contiguous())
        return self.tagger.logits(self.tagger.dense(maps_BKYX.flatten(1)))


def toy_batch() -> Batch:
    """Return jets of random pixels."""
    random = np.random.default_rng(1)
    pixel_BN = np.stack([random.permutation(SIDE**2)[:NUM_PIXELS] for _ in range(NUM_JETS)])
    columns = (pixel_BN // SIDE, pixel_BN % SIDE, random.uniform(size=pixel_BN.shape))
    pixels_PF = np.stack(columns, axis=-1).reshape(-1, 3).astype(np.float32)
    return Batch(
        constituents_PF=torch.from_numpy(pixels_PF),
        jet_of_constituent_P=torch.arange(NUM_JETS).repeat_interleave(NUM_PIXELS),
        num_constituents_B=torch.full((NUM_JETS,), NUM_PIXELS),
        features_BG=torch.zeros(NUM_JETS, 0),
        label_B=torch.from_numpy(random.integers(2, size=NUM_JETS)),
        weight_B=torch.ones(NUM_JETS),
        protected_BR=torch.zeros(NUM_JETS, 1),
    )


def step(network: nn.Module, batch: Batch) -> Callable[[], None]:
    """Return a training step without the optimiser, which is the same for both."""

    def train() -> None:
        network.zero_grad()
        F.cross_entropy(network(batch), batch.label_B).backward()

    return train


def products(tagger: Tagger, batch: Batch) -> Callable[[], None]:
    """Return matrix products with the arithmetic of the convolutions and nothing else."""
    operands = []

    def note(layer: nn.Conv2d, inputs: tuple[Tensor, ...], maps_BKYX: Tensor) -> None:
        del inputs
        num_outputs = maps_BKYX.numel() // layer.out_channels
        num_terms = layer.weight[0].numel()
        operands.append(
            (torch.randn(num_outputs, num_terms), torch.randn(num_terms, layer.out_channels))
        )

    convolutions = [layer for layer in tagger.convolutions if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_hook(note) for layer in convolutions]
    tagger(batch)
    for hook in hooks:
        hook.remove()

    def multiply() -> None:
        for a, b in operands:
            for _ in range(PASSES):
                torch.mm(a, b)

    return multiply


def main() -> None:
    """Race, and check that both give the same logits."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    shape = (1, SIDE, SIDE)
    inputs = Inputs(
        constituent_features=("row", "column", "gray"),
        max_constituents=NUM_PIXELS,
        image_shape=shape,
        statistics={"mean": np.zeros(shape), "scale": np.ones(shape)},
    )
    tagger, batch = Tagger(Config(), inputs), toy_batch()
    rival = DefaultFormat(tagger)
    torch.testing.assert_close(tagger(batch), rival(batch), rtol=1e-4, atol=1e-5)
    seconds = race(
        {
            "channels-last": step(tagger, batch),
            "channels-first": step(rival, batch),
            "matrix products": products(tagger, batch),
        }
    )
    print(
        verdict(
            f"CNN training, {NUM_JETS} images of {SIDE}x{SIDE}",
            seconds,
            ours="channels-last",
            rival="channels-first",
            goal=1.8,
            limit="matrix products",
        )
    )
    for name, time in seconds.items():
        print(f"  {name}: {NUM_JETS / time:,.1f} jets per CPU second")


if __name__ == "__main__":
    main()
