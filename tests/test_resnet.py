"""ResNet: weights made with torchvision fit, whatever their colours and classes."""

import numpy as np
import pytest
import torch

from tagline.data.inputs import Inputs
from tagline.learning.model import build
from tagline.learning.transfer import begin
from tagline.settings.training import StartFrom
from tests.tasks import taggers

OF_FILE = {"model": "weights.pt"}


@pytest.mark.parametrize("nested", [True, False])
def test_a_state_dict_from_elsewhere_may_lack_statistics(nested, tmp_path):
    """One of three colours, as torchvision's, without mean images."""
    theirs = resnet(3, num_classes=7)
    weights = {
        name: tensor
        for name, tensor in theirs.state_dict().items()
        if not name.startswith("pixels.")
    }
    torch.save({"state_dict": weights} if nested else weights, tmp_path / "resnet.pth")
    ours, inputs = resnet(1, num_classes=2), image_inputs(1, num_classes=2)
    begin(ours, tmp_path / "resnet.pth", StartFrom(**OF_FILE), inputs)
    assert torch.equal(ours.layer4[0].conv2.weight, theirs.layer4[0].conv2.weight)
    image_BKYX = torch.randn(2, 1, 12, 12)
    torch.testing.assert_close(
        ours.conv1(image_BKYX), theirs.conv1(image_BKYX.expand(-1, 3, -1, -1))
    )


def image_inputs(num_channels, *, num_classes):
    shape = (num_channels, 12, 12)
    return Inputs(
        constituent_features=("row", "column", *map(str, range(num_channels))),
        max_constituents=144,
        image_shape=shape,
        statistics={"mean": np.zeros(shape), "scale": np.ones(shape)},
        num_classes=num_classes,
    )


def resnet(num_channels, *, num_classes, depth=18):
    tagger = taggers()["resnet50_transfer"].model_copy(update={"parameters": {"depth": depth}})
    return build(tagger, image_inputs(num_channels, num_classes=num_classes))


@pytest.mark.parametrize(("depth", "number"), [(18, 11_689_512), (50, 25_557_032)])
def test_a_resnet_has_the_names_and_the_parameters_of_torchvision(depth, number):
    network = resnet(3, num_classes=1000, depth=depth)
    assert sum(parameter.numel() for parameter in network.parameters()) == number
    names = set(network.state_dict())
    last = {18: "layer4.1.bn2", 50: "layer4.2.bn3"}[depth]
    assert {"conv1.weight", "bn1.running_mean", "layer2.0.downsample.0.weight"} <= names
    assert {f"{last}.weight", "fc.weight", "fc.bias"} <= names
