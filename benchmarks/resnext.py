"""Training steps of ResNeXt-50: channels-last against PyTorch's default memory format."""

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.racing import race, rates, verdict
from tagline.data.inputs import Inputs
from tagline.machine.matrix_products import whole_processor
from tagline.taggers.resnext import Config, Tagger

NUM_JETS, NUM_PIXELS, SIDE = 64, 40, 64
PASSES = 3  # forward, gradient of the inputs, gradient of the weights


def network() -> nn.Sequential:
    """Return the layers that read images, and the logits."""
    shape = (1, SIDE, SIDE)
    inputs = Inputs(
        constituent_features=("row", "column", "gray"),
        max_constituents=NUM_PIXELS,
        image_shape=shape,
        statistics={"mean": np.zeros(shape), "scale": np.ones(shape)},
    )
    tagger = Tagger(Config(), inputs)
    mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(tagger.stem, tagger.blocks, mean, tagger.logits)


def toy_images() -> Tensor:
    """Return images of random pixels."""
    random = np.random.default_rng(1)
    images = np.zeros((NUM_JETS, SIDE**2), np.float32)
    for image in images:
        image[random.permutation(SIDE**2)[:NUM_PIXELS]] = random.uniform(size=NUM_PIXELS)
    return torch.from_numpy(images).view(NUM_JETS, 1, SIDE, SIDE)


def step(layers: nn.Module, images_BKYX: Tensor) -> Callable[[], None]:
    """Return a training step without the optimiser, which is the same for both."""
    label_B = torch.arange(NUM_JETS) % 2

    def train() -> None:
        layers.zero_grad()
        F.cross_entropy(layers(images_BKYX), label_B).backward()

    return train


def products(layers: nn.Module, images_BKYX: Tensor) -> Callable[[], None]:
    """Return matrix products with the arithmetic of the convolutions and nothing else."""
    operands = []

    def note(layer: nn.Conv2d, inputs: tuple[Tensor, ...], maps_BKYX: Tensor) -> None:
        del inputs
        num_outputs = maps_BKYX.numel() // layer.out_channels
        num_terms = layer.weight[0].numel()  # of one group
        operands.append(
            (torch.randn(num_outputs, num_terms), torch.randn(num_terms, layer.out_channels))
        )

    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(note)
    layers(images_BKYX)

    def multiply() -> None:
        for a, b in operands:
            for _ in range(PASSES):
                torch.mm(a, b)

    return multiply


@whole_processor()
def main() -> None:
    """Race, and check that both give the same logits."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    ours, images_BKYX = network(), toy_images()
    rival = deepcopy(ours).to(memory_format=torch.contiguous_format)
    last_BKYX = images_BKYX.contiguous(memory_format=torch.channels_last)
    # in double precision, for 50 layers with norms magnify what is rounded
    exact, exact_rival = deepcopy(ours).double(), deepcopy(rival).double()
    torch.testing.assert_close(exact(last_BKYX.double()), exact_rival(images_BKYX.double()))
    seconds = race(
        {
            "channels-last": step(ours, last_BKYX),
            "channels-first": step(rival, images_BKYX),
            "matrix products": products(deepcopy(ours), last_BKYX),
        }
    )
    print(
        verdict(
            f"ResNeXt training, {NUM_JETS} images of {SIDE}x{SIDE}",
            seconds,
            ours="channels-last",
            rival="channels-first",
            goal=1.4,
            limit="matrix products",
        )
    )
    print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
