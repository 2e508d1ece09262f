"""Training steps of the published CNN: sparse images against dense ones in both formats."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from benchmarks.networks import TRAINING, products, step
from benchmarks.racing import race, rates, verdict
from tagline.data.batch import Batch
from tagline.data.inputs import Inputs, read_inputs
from tagline.learning.delivery import load
from tagline.machine.matrix_products import whole_processor
from tagline.machine.memory import keep_freed_memory
from tagline.taggers.cnn import Config, Tagger
from tests import toys
from tests.tasks import prepared_task, representations

NUM_JETS = 128
NUM_CONSTITUENTS = {"qcd": (10, 70), "t_bqq": (20, 80)}  # 45 on average, as published jets have


class Dense(nn.Module):
    """The same network with the same weights, on dense images in a memory format."""

    def __init__(self, tagger: Tagger, memory_format: torch.memory_format) -> None:
        super().__init__()
        self.tagger = deepcopy(tagger).to(memory_format=memory_format)
        self.memory_format = memory_format

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        images_BKYX = self.tagger.pixels(batch).contiguous(memory_format=self.memory_format)
        maps_BKYX = self.tagger.convolutions(images_BKYX)
        return self.tagger.logits(self.tagger.dense(maps_BKYX.flatten(1)))


def toy_batch() -> tuple[Batch, Inputs]:
    """Return tops and QCD jets of a toy generator as 40 x 40 images, preprocessed as published."""
    toys.NUM_CONSTITUENTS |= NUM_CONSTITUENTS
    with TemporaryDirectory() as folder:
        representation = representations()["gray_image"]
        prepared = prepared_task(Path(folder), representation, num_jets=NUM_JETS)
        inputs = read_inputs(prepared / "inputs.json")
        jets = load(prepared / "train", inputs, protected=["mass"])
    return jets.take(torch.arange(len(jets))), inputs


def convolutions(tagger: Tagger, batch: Batch) -> Callable[[], None]:
    """Return matrix products with the arithmetic of convolutions of dense images."""
    shapes = []

    def note(layer: nn.Conv2d, inputs: tuple[Tensor, ...], maps_BKYX: Tensor) -> None:
        del inputs
        num_outputs = maps_BKYX.numel() // layer.out_channels
        shapes.append((num_outputs, layer.weight[0].numel(), layer.out_channels))

    layers = [layer for layer in tagger.convolutions if isinstance(layer, nn.Conv2d)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    tagger.convolutions(tagger.pixels(batch))
    for hook in hooks:
        hook.remove()
    return products(shapes, passes=TRAINING)


@whole_processor()
def main() -> None:
    """Race, and check that all give the same logits."""
    keep_freed_memory()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    batch, inputs = toy_batch()
    tagger = Tagger(Config(), inputs)
    rivals = {
        "channels-first": Dense(tagger, torch.contiguous_format),
        "channels-last": Dense(tagger, torch.channels_last),
    }
    for rival in rivals.values():
        torch.testing.assert_close(tagger(batch), rival(batch), rtol=1e-4, atol=1e-5)
    contenders = {"tagline": step(tagger, batch)}
    contenders |= {label: step(rival, batch) for label, rival in rivals.items()}
    contenders["products of dense images"] = convolutions(tagger, batch)
    seconds = race(contenders)
    mean = len(batch.constituents_PF) / NUM_JETS
    title = f"CNN training, {NUM_JETS} images of 40x40, {mean:.0f} pixels not empty"
    for label in rivals:
        print(
            verdict(
                title,
                seconds,
                ours="tagline",
                rival=label,
                goal=1.8,
                limit="products of dense images",
            )
        )
    print(rates(seconds, NUM_JETS))


if __name__ == "__main__":
    main()
