"""What taggers are made of."""

import numpy as np
import pytest
import torch

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import Pixels, dense, jet_sum, padded

COUNTS = [3, 0, 5, 1, 0]


def batch_of(constituents_PF, counts=COUNTS):
    num_B = torch.tensor(counts)
    return Batch(
        constituents_PF=constituents_PF,
        jet_of_constituent_P=torch.repeat_interleave(num_B),
        num_constituents_B=num_B,
        features_BG=torch.zeros(len(counts), 0),
        label_B=torch.zeros(len(counts), dtype=torch.int64),
        weight_B=torch.ones(len(counts)),
        protected_BR=torch.zeros(len(counts), 1),
    )


def random_batch(num_features=4):
    generator = torch.Generator().manual_seed(1)
    return batch_of(torch.randn(sum(COUNTS), num_features, generator=generator))


def test_jet_sum_equals_a_loop_over_the_jets():
    batch = random_batch()
    parts = torch.split(batch.constituents_PF, COUNTS)
    expected_BF = torch.stack([part.sum(0) for part in parts])
    torch.testing.assert_close(jet_sum(batch.constituents_PF, batch), expected_BF)


def test_the_gradient_of_jet_sum_equals_finite_differences():
    batch = random_batch()
    x_PD = batch.constituents_PF.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: jet_sum(x, batch) ** 2, x_PD)


def test_jet_sum_of_jets_without_constituents_is_zero():
    batch = batch_of(torch.zeros(0, 4), counts=[0, 0])
    assert torch.equal(jet_sum(batch.constituents_PF, batch), torch.zeros(2, 4))


def test_padded_puts_each_jet_in_its_row_and_zeros_behind():
    batch = random_batch()
    x_BNF = padded(batch, 6)
    for x_NF, part_NF in zip(x_BNF, torch.split(batch.constituents_PF, COUNTS), strict=True):
        assert torch.equal(x_NF[: len(part_NF)], part_NF)
        assert not x_NF[len(part_NF) :].any()


def colour_inputs():
    random = np.random.default_rng(1)
    return Inputs(
        constituent_features=("row", "column", "red", "green"),
        max_constituents=9,
        image_shape=(2, 3, 4),
        statistics={
            "mean": random.normal(size=(2, 3, 4)),
            "scale": random.uniform(1, 2, (2, 3, 4)),
        },
    )


def test_pixels_fill_a_standardised_image_in_channels_last():
    inputs = colour_inputs()
    pixels_PF = torch.tensor([[0.0, 1, 5, 6], [2, 3, 7, 8], [1, 0, 9, 10]])
    raw_BKYX = np.zeros((3, 2, 3, 4))
    raw_BKYX[0, :, 0, 1] = [5, 6]
    raw_BKYX[0, :, 2, 3] = [7, 8]
    raw_BKYX[2, :, 1, 0] = [9, 10]
    expected_BKYX = (raw_BKYX - inputs.statistics["mean"]) / inputs.statistics["scale"]
    images_BKYX = Pixels(inputs)(batch_of(pixels_PF, counts=[2, 0, 1]))
    np.testing.assert_allclose(images_BKYX.numpy(), expected_BKYX, rtol=1e-6)
    assert images_BKYX.is_contiguous(memory_format=torch.channels_last)


def test_sparse_images_are_the_same():
    pixels = Pixels(colour_inputs())
    batch = batch_of(torch.tensor([[0.0, 1, 5, 6], [2, 3, 7, 8], [1, 0, 9, 10]]), counts=[2, 0, 1])
    torch.testing.assert_close(pixels.sparse(batch).dense(), pixels(batch))


def test_pixels_refuse_a_cloud():
    with pytest.raises(ValueError, match="pt, eta"):
        Pixels(Inputs(constituent_features=("pt", "eta"), max_constituents=3))


def test_dense_layers_start_he_uniform():
    torch.manual_seed(1)
    weight = dense((600, 500))[0].weight
    limit = np.sqrt(6 / 600)
    assert weight.abs().max() < limit
    assert weight.std().item() == pytest.approx(limit / np.sqrt(3), rel=0.01)
