"""Delphes files, of which one was made by Delphes itself."""

import os
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from tagline.data.columns import TRUTH
from tagline.datasets import UnreadableFileError
from tagline.reading.cuts import Cuts
from tagline.settings import plugins
from tests.readers import assert_same, branches_read, read, reader
from tests.toys import jet_momenta

FILE = Path(os.environ.get("TAGLINE_REAL_DATA", "../shared/data")) / "coffea-samples/delphes.root"
LEAVES = {"EFlowTrack": "PT", "EFlowPhoton": "ET", "EFlowNeutralHadron": "ET"}

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FILE.exists(), reason=f"there is no {FILE}"),
]


@pytest.fixture(scope="module")
def tree():
    """The tree as uproot reads it."""
    with uproot.open(FILE) as file:
        yield file["Delphes"]


@pytest.fixture(scope="module")
def of_jet():
    """The jets of `Jet` as the reader gives them."""
    return read("delphes", FILE, jets="Jet")


def test_refuses_an_unknown_truth():
    with pytest.raises(ValueError, match="did you mean 't_bqq'"):
        plugins.config_of("datasets", "delphes")(truth="t_bq")


@pytest.mark.parametrize("jets", ["ParticleFlowJet08", "CaloJet08", "TrackJet08", "GenJet08"])
def test_constituents_add_up_to_what_delphes_clustered(jets, tree):
    """Of energy flow, towers, tracks and generated particles: whatever jets point to."""
    found = read("delphes", FILE, jets=jets)
    expected = {
        name: ak.to_numpy(ak.flatten(tree[f"{jets}.{leaf}"].array()))
        for name, leaf in {"pt": "PT", "eta": "Eta", "mass": "Mass"}.items()
    }
    references = tree[f"{jets}.Constituents"].array().refs
    momenta = jet_momenta(found.constituents, counts=found.jets["num_constituents"])
    np.testing.assert_allclose(momenta["pt"], expected["pt"], rtol=1e-5)
    np.testing.assert_allclose(momenta["eta"], expected["eta"], rtol=1e-4, atol=1e-5)
    whole = ak.to_numpy(ak.num(ak.flatten(references))) == found.jets["num_constituents"]
    central = np.abs(expected["eta"]) < 2.5  # where single precision is enough for the mass
    heavy = (expected["mass"] > 1) & central & whole
    assert heavy.sum() > 20
    np.testing.assert_allclose(momenta["mass"][heavy], expected["mass"][heavy], rtol=0.02)
    np.testing.assert_array_equal(found.jets["jet_mass"], expected["mass"])


def test_constituents_are_those_that_references_name(tree, of_jet):
    """Event by event in Python, against the vectorised search."""
    pt = {
        (event, int(key) & 0xFFFFFF): float(value)
        for name, leaf in LEAVES.items()
        for event, (keys, values) in enumerate(
            zip(tree[f"{name}.fUniqueID"].array(), tree[f"{name}.{leaf}"].array(), strict=True)
        )
        for key, value in zip(keys, values, strict=True)
    }
    references = tree["Jet.Constituents"].array().refs
    expected = [pt[e, r] for e, jets in enumerate(references) for jet in jets for r in jet]
    transverse = np.hypot(of_jet.constituents["px"], of_jet.constituents["py"])
    np.testing.assert_allclose(transverse, [value for value in expected if value > 0], rtol=1e-5)


@pytest.mark.parametrize("selection", ["", "mass >= 0 and num_constituents >= 0"])
def test_what_has_no_momentum_is_left_out_and_counted_once(selection, tree, of_jet):
    cuts = Cuts(selection)
    for chunk in reader("delphes", jets="Jet").read(str(FILE)):
        list(cuts.kept(chunk))
    num_kept = len(of_jet.constituents["px"])
    num_lost = int(ak.sum(ak.num(tree["Jet.Constituents"].array().refs, axis=2))) - num_kept
    assert cuts.notes == [f"{num_lost} constituents without momentum, left out"]


def test_jets_know_their_event_flavour_and_tracks(tree, of_jet):
    found = of_jet
    counts = ak.num(tree["Jet.PT"].array())
    flavour = ak.to_numpy(ak.flatten(tree["Jet.Flavor"].array()))
    assert found.jets["event"].tolist() == np.repeat(np.arange(25), counts).tolist()
    assert found.jets["jet_index"].tolist() == [place for n in counts for place in range(n)]
    np.testing.assert_array_equal(found.jets["truth"] == TRUTH["bottom"], flavour == 5)
    assert set(found.jets["weight"]) == {np.float32(1530891.0)}
    has_track = found.constituents["d0"] != 0
    assert has_track.any()
    assert (found.constituents["charge"][has_track] != 0).all()
    assert set(found.constituents["pdgid"][found.constituents["charge"] == 0]) == {22, 130}


def test_some_jets_are_as_all_jets_have_them():
    chunk = next(chunks := reader("delphes", jets="ParticleFlowJet08").read(str(FILE)))
    rows = np.array([7, 0, 30])
    assert_same(chunk.take(rows), chunk.take(np.arange(chunk.num_jets)).take(rows))
    chunks.close()


def test_reads_no_constituents_unless_a_jet_passes(monkeypatch):
    asked = branches_read(monkeypatch)
    for chunk in reader("delphes").read(str(FILE)):
        assert list(Cuts("pt > 1e6").kept(chunk)) == []
    assert asked == [(0, "Jet.PT")]


def test_names_the_nearest_jets():
    with pytest.raises(
        UnreadableFileError, match=r"no branch 'ParticleFlowJet8.PT'; did you mean"
    ):
        read("delphes", FILE, jets="ParticleFlowJet8")
