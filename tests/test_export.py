"""Exported networks: they agree with torch, need nothing but the file, and say what they are."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnxscript import ir
from torch import nn

from tagline.data.inputs import Inputs, read_inputs
from tagline.export import export, model_of
from tagline.learning import parity
from tagline.learning.delivery import load
from tagline.learning.model import build, objective_of, save_model
from tagline.learning.parity import session_of
from tagline.networks.padded_network import PaddedNetwork, arrays_of
from tests.clouds import randomise
from tests.tasks import prepared_task, shallow, small, taggers

OF_A_BLOCK = {"resnext": {"stages": [[32, 1], [64, 1], [128, 1], [256, 1]]}}
FAST = ("nsubjettiness_6", "pfn")
each_tagger = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in FAST else pytest.mark.slow)
        for name in sorted(taggers())
    ],
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Return the prepared toy jets of a tagger."""
    folders = {}

    def of_tagger(name):
        representation = taggers()[name].representation
        if representation not in folders:
            folder = tmp_path_factory.mktemp(representation)
            folders[representation] = prepared_task(folder, small(representation), num_jets=70)
        return folders[representation]

    return of_tagger


def exported(name, prepared, folder):
    """Export a network with random weights, and return it."""
    tagger, inputs = shallow(name), read_inputs(prepared / "inputs.json")
    if name in OF_A_BLOCK:  # random norms of fifty layers magnify what is rounded
        tagger = tagger.model_copy(update={"parameters": OF_A_BLOCK[name]})
    network = randomise(build(tagger, inputs)).eval()
    save_model(folder / "model.pt", weights=network.state_dict(), tagger=tagger, inputs=inputs)
    export_to(folder, folder / "model.pt", prepared, small(tagger.representation))
    return network


def export_to(folder, model_file, prepared, representation):
    export(
        model_file,
        prepared,
        representation=representation,
        class_names=("qcd", "top"),
        onnx_file=folder / "model.onnx",
        parity_file=folder / "parity.json",
    )


@pytest.fixture(scope="module")
def pfn(prepared, tmp_path_factory):
    """Return a network, its inputs, validation jets and the folder with its export."""
    folder = tmp_path_factory.mktemp("pfn")
    network = exported("pfn", prepared("pfn"), folder)
    inputs = read_inputs(prepared("pfn") / "inputs.json")
    return network, inputs, load(prepared("pfn") / "validation", inputs, protected=()), folder


@each_tagger
def test_agrees_with_torch_for_all_batch_sizes_and_lengths(name, prepared, tmp_path):
    exported(name, prepared(name), tmp_path)
    agreement = json.loads((tmp_path / "parity.json").read_text())
    assert agreement["largest_difference"] <= agreement["tolerance"] == 1e-4
    assert {check["batch_size"] for check in agreement["checks"]} == {1, 2, 7, 64}


def run(folder, batch, inputs, **kwargs):
    arrays = arrays_of(batch, inputs, **kwargs)
    session = session_of(folder / "model.onnx")
    return session.run(None, {name: array.numpy() for name, array in arrays.items()})


def test_gives_the_score_of_the_objective(pfn):
    _, inputs, jets, folder = pfn
    batch = jets.take(torch.arange(5))
    logits_BC, score_B = run(folder, batch, inputs, num_slots=batch.longest, filler=0.0)
    expected_B = objective_of(taggers()["pfn"]).score(torch.from_numpy(logits_BC))
    np.testing.assert_allclose(score_B, expected_B, rtol=1e-5)


def test_reads_as_many_constituents_as_the_network_was_trained_with(pfn, tmp_path):
    network, inputs, jets, _ = pfn
    few = Inputs(constituent_features=inputs.constituent_features, max_constituents=4)
    padded = PaddedNetwork(network, objective_of(taggers()["pfn"]), few).eval()
    batch = jets.take(torch.arange(3))
    ir.save(model_of(padded, few), tmp_path / "model.onnx")
    logits_BC, _ = run(tmp_path, batch, few, num_slots=batch.longest, filler=torch.nan)
    shorter = parity.shortened(batch, batch.num_constituents_B.clamp(max=4))
    with torch.no_grad():
        np.testing.assert_allclose(logits_BC, network(shorter), rtol=1e-5)


def test_the_metadata_say_how_to_prepare_jets(pfn):
    _, inputs, _, folder = pfn
    model = onnx.load(folder / "model.onnx")
    metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert metadata["tagline.inputs"]["constituent_features"] == list(inputs.constituent_features)
    assert metadata["tagline.representation"]["kind"] == "cloud"
    assert metadata["tagline.classes"] == ["qcd", "top"]
    assert metadata["tagline.tagger"]["architecture"] == "pfn"
    axes = [axis.dim_param for axis in model.graph.input[0].type.tensor_type.shape.dim]
    assert axes == ["jets", "slots", ""]


def test_names_no_path_of_this_machine(pfn):
    contents = (pfn[3] / "model.onnx").read_bytes()
    assert str(Path(torch.__file__).parent).encode() not in contents
    assert b'File "' not in contents


def test_the_same_model_gives_the_same_bytes(pfn, prepared, tmp_path):
    folder = pfn[3]
    export_to(tmp_path, folder / "model.pt", prepared("pfn"), small("pfn_cloud"))
    assert (tmp_path / "model.onnx").read_bytes() == (folder / "model.onnx").read_bytes()


def test_a_network_that_differs_leaves_no_file(prepared, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "TOLERANCE", -1.0)
    with pytest.raises(ValueError, match="differ by"):
        exported("pfn", prepared("pfn"), tmp_path)
    assert not list(tmp_path.glob("*.onnx"))


def test_jets_whose_constituents_are_linked_are_not_shortened(pfn):
    jets = pfn[2]
    for features, kinds in ((("left", "right"), 3), (("eta", "phi"), 5)):
        inputs = Inputs(constituent_features=features, max_constituents=20)
        assert len({chosen for chosen, _ in parity.batches_of(jets, inputs)}) == kinds


def test_a_difference_that_is_not_a_number_is_none_allowed(pfn):
    _, inputs, jets, folder = pfn

    class Broken(nn.Module):
        def forward(self, batch):
            return torch.full((len(batch), 2), torch.nan)

    with pytest.raises(ValueError, match="differ by nan"):
        parity.compare(folder / "model.onnx", Broken(), inputs, jets)


def test_a_network_that_cannot_be_exported_says_so(prepared, tmp_path, monkeypatch):
    class LeavesTorch(type(build(taggers()["pfn"], read_inputs(prepared("pfn") / "inputs.json")))):
        def forward(self, batch):
            return torch.from_numpy(np.sort(super().forward(batch).detach().numpy()))

    monkeypatch.setattr("tagline.taggers.pfn.Tagger", LeavesTorch)
    with pytest.raises(ValueError, match="'pfn' cannot be exported"):
        exported("pfn", prepared("pfn"), tmp_path)


def test_distances_that_onnx_lacks_are_named(prepared, tmp_path, monkeypatch):
    class TaxiDistances(
        type(build(taggers()["pfn"], read_inputs(prepared("pfn") / "inputs.json")))
    ):
        def forward(self, batch):
            logits_BC = super().forward(batch)
            return logits_BC + torch.cdist(logits_BC[None], logits_BC[None], p=1.0)[0, :, :1]

    monkeypatch.setattr("tagline.taggers.pfn.Tagger", TaxiDistances)
    with pytest.raises(ValueError, match=r"'pfn' cannot be exported: .*p = 2 .* found p = 1"):
        exported("pfn", prepared("pfn"), tmp_path)
