"""An ONNX network from outside gets the jets it asks for, in the layout it was made for."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch

from tagline.artefacts.files import read_json
from tagline.data.inputs import read_inputs
from tagline.data.jets import read_columns
from tagline.learning.delivery import load
from tagline.networks.layers import Pixels
from tagline.score_onnx import score_onnx
from tagline.settings.contenders import Outside
from tests.networks import BOOL, FLOAT, write_mean_network, write_network
from tests.tasks import prepared_task, small

FEATURE = "pt_fraction"


@cache
def prepared(representation: str) -> Path:
    return prepared_task(Path(mkdtemp()), small(representation), num_jets=40)


def scored(file: Path, representation: str, **entry) -> np.ndarray:
    """Score jets and return the scores of the test split."""
    onnx_entry = {"file": str(file), "representation": representation, **entry}
    folder = file.parent / "out"
    score_onnx(
        file,
        prepared(representation),
        outside=Outside(onnx=onnx_entry, num_parameters=3, train_jets=7),
        protected=["mass"],
        outputs={name: folder / f"{name}.parquet" for name in ("validation", "test")},
        history_file=folder / "history.json",
        threads=1,
    )
    assert read_json(folder / "history.json") == {"num_parameters": 3, "train_jets": 7}
    table = read_columns(folder / "test.parquet")
    jets = read_columns(prepared(representation) / "test/jets.parquet")
    assert list(table) == ["event_id", "jet_index", "label", "weight", "pt", "mass", "score"]
    np.testing.assert_array_equal(table["event_id"], jets["event_id"])
    return table["score"]


def constituents(representation: str = "pfn_cloud"):
    """Return x_BNF of the test jets, and which of them are real."""
    folder = prepared(representation)
    inputs = read_inputs(folder / "inputs.json")
    jets = load(folder / "test", inputs, protected=[])
    batch = jets.take(torch.arange(len(jets)))
    longest = int(batch.num_constituents_B.max())
    mask_BN = np.arange(longest) < batch.num_constituents_B.numpy()[:, None]
    x_BNF = np.zeros((*mask_BN.shape, len(inputs.constituent_features)), np.float32)
    x_BNF[mask_BN] = batch.constituents_PF.numpy()
    return x_BNF, mask_BN, inputs.constituent_features


def test_constituents_and_their_number_need_no_word(tmp_path):
    file = write_mean_network(tmp_path / "network.onnx", scale=1)
    x_BNF, mask_BN, _ = constituents()
    mean_B = np.abs(x_BNF).sum((1, 2)) / mask_BN.sum(1)
    np.testing.assert_allclose(scored(file, "pfn_cloud"), 1 / (1 + np.exp(-mean_B)), rtol=1e-5)


@pytest.mark.parametrize("slots", ["slots", 80])
@pytest.mark.parametrize("mask_type", [FLOAT, BOOL])
def test_features_may_come_first_with_a_mask_of_three_axes(slots, mask_type, tmp_path):
    """Logits of background and signal: 0 and the maximum of one feature, minus 1 where empty."""
    file = write_network(
        tmp_path / "network.onnx",
        {"x": (FLOAT, ["jets", 1, slots]), "m": (mask_type, ["jets", 1, slots])},
        [
            ("Cast", ["m"], "real", {"to": FLOAT}),
            ("Mul", ["x", "real"], "kept", {}),
            ("ReduceMax", ["kept"], "largest", {"axes": [2], "keepdims": 0}),
            ("Sub", ["largest", "largest"], "zero", {}),
            ("Concat", ["zero", "largest"], "output", {"axis": 1}),
        ],
        columns=2,
    )
    inputs = {
        "x": {"takes": "constituents", "columns": [FEATURE], "layout": "BFN"},
        "m": {"takes": "mask", "layout": "BFN"},
    }
    x_BNF, _, names = constituents()
    largest_B = x_BNF[:, :, names.index(FEATURE)].max(1)
    score_B = scored(file, "pfn_cloud", inputs=inputs, logits=True)
    np.testing.assert_allclose(score_B, 1 / (1 + np.exp(-largest_B)), rtol=1e-5)
    background_B = scored(file, "pfn_cloud", inputs=inputs, logits=True, signal=0)
    np.testing.assert_allclose(background_B, 1 - score_B, atol=1e-6)


def test_jet_features_are_taken_by_name(tmp_path):
    file = write_network(
        tmp_path / "network.onnx",
        {"mass": (FLOAT, ["jets", 1])},
        [("Identity", ["mass"], "output", {})],
        columns=1,
    )
    names = read_inputs(prepared("nsubjettiness_6") / "inputs.json").jet_features
    inputs = {"mass": {"takes": "jet_features", "columns": [names[2]]}}
    jets = read_columns(prepared("nsubjettiness_6") / "test/jets.parquet")
    expected = 1 / (1 + np.exp(-jets[f"feature_{names[2]}"]))
    found = scored(file, "nsubjettiness_6", inputs=inputs, logits=True)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_images_are_dense(tmp_path):
    file = write_network(
        tmp_path / "network.onnx",
        {"image": (FLOAT, ["jets", 1, 12, 12])},
        [("ReduceMean", ["image"], "output", {"axes": [1, 2, 3], "keepdims": 0})],
        columns=None,
    )
    inputs = read_inputs(prepared("gray_image") / "inputs.json")
    jets = load(prepared("gray_image") / "test", inputs, protected=[])
    mean_B = Pixels(inputs)(jets.take(torch.arange(len(jets)))).mean((1, 2, 3))
    found = scored(file, "gray_image", inputs={"image": {"takes": "image"}}, logits=True)
    np.testing.assert_allclose(found, mean_B.sigmoid(), rtol=1e-5)


def largest(path: Path, shape: list) -> Path:
    """Write a network that gives the largest feature of all constituents."""
    nodes = [("ReduceMax", ["x"], "output", {"axes": [1, 2], "keepdims": 0})]
    return write_network(path, {"x": (FLOAT, shape)}, nodes, columns=None)


TAKES = {"takes": "constituents"}


@pytest.mark.parametrize(
    ("shape", "entry", "says"),
    [
        ([1, "slots", 3], {"inputs": {"x": TAKES}}, "input 'x' is for batches of 1"),
        (["jets", 5, 3], {"inputs": {"x": TAKES}}, r"takes 5 constituents, but a jet .* has \d+"),
        (["jets", "slots", 3], {}, "say in `inputs` what its input 'x' takes"),
        (["jets", "slots", 3], {"inputs": {"xs": TAKES}}, "no input 'xs': did you mean 'x'"),
        (
            ["jets", "slots", 1],
            {"inputs": {"x": {**TAKES, "columns": ["pt_fractoin"]}}},
            "'pfn_cloud' has no 'pt_fractoin': did you mean 'pt_fraction'",
        ),
        (
            ["jets", "slots", 3],
            {"inputs": {"x": TAKES}, "output": "outptu"},
            "no output 'outptu': did you mean 'output'",
        ),
        (
            ["jets", "slots", 3],
            {"inputs": {"x": TAKES}, "signal": 1},
            "has 1 columns, `signal` is 1",
        ),
    ],
)
def test_a_mistake_is_named(shape, entry, says, tmp_path):
    file = largest(tmp_path / "network.onnx", shape)
    with pytest.raises(ValueError, match=rf"network\.onnx: .*{says}"):
        scored(file, "pfn_cloud", **entry)


def test_an_output_that_is_no_probability_is_refused(tmp_path):
    nodes = [
        ("ReduceSum", ["x"], "sum", {"axes": [1, 2], "keepdims": 0}),
        ("Exp", ["sum"], "exponential", {}),
        ("Add", ["exponential", "exponential"], "twice", {}),
        ("Exp", ["twice"], "output", {}),
    ]
    inputs = {"x": (FLOAT, ["jets", "slots", 3])}
    file = write_network(tmp_path / "network.onnx", inputs, nodes, columns=None)
    with pytest.raises(ValueError, match=r"not between 0 and 1, .* say `logits: true`"):
        scored(file, "pfn_cloud", inputs={"x": TAKES})
