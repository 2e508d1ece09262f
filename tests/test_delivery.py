"""Prepared jets in memory, and batches of them."""

import dataclasses

import numpy as np
import pytest
import torch

from tagline.data.inputs import read_inputs
from tagline.data.jets import read_jets
from tagline.learning.delivery import batches, load
from tests.tasks import prepared_task, representations


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepared_task(
        tmp_path_factory.mktemp("task"), representations()["pfn_cloud"], num_jets=50
    )


@pytest.fixture(scope="module")
def inputs(prepared):
    return read_inputs(prepared / "inputs.json")


def test_batches_hold_every_jet_once_with_its_constituents(prepared, inputs):
    jets = read_jets(prepared / "train")
    found = list(batches(load(prepared / "train", inputs, protected=["mass"]), 7))
    expected_PF = np.stack([jets.constituents[name] for name in inputs.constituent_features], 1)
    assert [len(batch) for batch in found] == [7] * 7 + [1]
    assert np.array_equal(torch.cat([batch.constituents_PF for batch in found]), expected_PF)
    assert np.array_equal(torch.cat([batch.label_B for batch in found]), jets.jets["label"])
    assert np.array_equal(
        torch.cat([batch.protected_BR for batch in found])[:, 0], jets.jets["mass"]
    )


def test_take_returns_jets_in_the_order_asked_for(prepared, inputs):
    jets = load(prepared / "train", inputs, protected=["mass"])
    batch = jets.take(torch.tensor([31, 4, 4]))
    parts = torch.split(batch.constituents_PF, batch.num_constituents_B.tolist())
    alone = [jets.take(torch.tensor([row])).constituents_PF for row in (31, 4, 4)]
    assert all(torch.equal(part, single) for part, single in zip(parts, alone, strict=True))
    assert torch.equal(batch.jet_of_constituent_P.bincount(), batch.num_constituents_B)


def test_reads_no_column_that_the_inputs_do_not_name(prepared, inputs):
    fewer = dataclasses.replace(inputs, constituent_features=("phi",))
    jets = load(prepared / "train", fewer, protected=[])
    assert jets.constituents_PF.shape[1] == 1
    assert jets.protected_JR.shape == (50, 0)


def test_refuses_jets_with_more_constituents_than_the_inputs_allow(prepared, inputs):
    with pytest.raises(ValueError, match="its inputs allow 3"):
        load(prepared / "train", dataclasses.replace(inputs, max_constituents=3), protected=[])
