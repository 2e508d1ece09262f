"""Scoring: the table that every metric reads."""

import numpy as np
import pytest
import torch

from tagline import score as scoring
from tagline.data.inputs import read_inputs
from tagline.data.jets import read_columns
from tagline.learning.delivery import load
from tagline.learning.model import build, save_model
from tagline.score import score
from tests.tasks import prepared_task, representations, taggers

TAGGER = taggers()["pfn"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    return prepared_task(folder, representations()["pfn_cloud"], num_jets=60)


@pytest.fixture(scope="module")
def network(prepared):
    torch.manual_seed(1)
    return build(TAGGER, read_inputs(prepared / "inputs.json")).eval()


@pytest.fixture
def table(prepared, network, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "JETS_A_BATCH", 7)
    inputs = read_inputs(prepared / "inputs.json")
    save_model(tmp_path / "model.pt", weights=network.state_dict(), tagger=TAGGER, inputs=inputs)
    score(
        tmp_path / "model.pt",
        prepared,
        split_name="test",
        protected=["mass"],
        score_file=tmp_path / "test.parquet",
        threads=1,
    )
    return read_columns(tmp_path / "test.parquet")


def test_the_score_is_the_probability_of_the_signal(table, prepared, network):
    jets = load(prepared / "test", read_inputs(prepared / "inputs.json"), protected=["mass"])
    with torch.inference_mode():
        logits_JC = network(jets.take(torch.arange(len(jets))))
    expected_J = 1 / (1 + torch.exp(logits_JC[:, 0] - logits_JC[:, 1]))
    np.testing.assert_allclose(table["score"], expected_J, rtol=1e-4)
    assert table["score"].dtype == np.float32


def test_the_rows_are_the_jets_of_the_split(table, prepared):
    jets = read_columns(prepared / "test" / "jets.parquet")
    for name in ("event_id", "jet_index", "label", "weight", "pt", "mass"):
        assert np.array_equal(table[name], jets[name])
