"""ATLAS' formats, on files that ATLAS' programs wrote."""

import os
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pytest
import uproot
import vector

from tagline.data.columns import TRUTH
from tagline.datasets import UnreadableFileError
from tagline.reading.cuts import Cuts
from tests.readers import assert_same, read, reader

REAL_DATA = Path(os.environ.get("TAGLINE_REAL_DATA", "../shared/data"))
PHYSLITE = REAL_DATA / "coffea-samples/PHYSLITE_example.root"
FTAG = REAL_DATA / "ftag-h5/file1.h5"
PION_MASS = 0.13957039

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"there is no folder {REAL_DATA}"),
]


def momenta(jets):
    return vector.array(
        {name: jets.constituents[name].astype(np.float64) for name in ("px", "py", "pz", "energy")}
    )


@pytest.fixture(scope="module")
def physlite():
    with uproot.open(PHYSLITE) as file:
        names = ["pt", "eta", "m", "GhostTrack", "HadronConeExclTruthLabelID"]
        tree = file["CollectionTree"]
        jets = {name: tree[f"AnalysisJetsAuxDyn.{name}"].array() for name in names}
        names = ["qOverP", "theta", "phi", "d0", "z0", "vz"]
        tracks = {name: tree[f"InDetTrackParticlesAuxDyn.{name}"].array() for name in names}
        z = tree["PrimaryVerticesAuxDyn.z"].array()[:, 0]
        event = tree["EventInfoAuxDyn.eventNumber"].array()
    return jets, ak.zip(tracks), z, event


def test_physlite_jets_are_in_gev_and_of_their_event(physlite):
    expected, _, _, event = physlite
    found = read("physlite", PHYSLITE).jets
    flat = {name: ak.to_numpy(ak.flatten(expected[name])) for name in ("pt", "eta", "m")}
    np.testing.assert_allclose(found["pt"], flat["pt"] / 1000, rtol=1e-6)
    np.testing.assert_allclose(found["jet_mass"], flat["m"] / 1000, rtol=1e-6)
    np.testing.assert_array_equal(found["eta"], flat["eta"])
    np.testing.assert_array_equal(found["event"], np.repeat(event, ak.num(expected["pt"])))
    assert set(found["run"]) == {300000}
    label = ak.to_numpy(ak.flatten(expected["HadronConeExclTruthLabelID"]))
    for value, name in {0: "light_quark", 4: "charm", 5: "bottom", 15: "tau"}.items():
        np.testing.assert_array_equal(found["truth"] == TRUTH[name], label == value)


def test_physlite_constituents_are_the_tracks_that_links_name(physlite):
    """Link by link in Python."""
    expected, tracks, z, _ = physlite
    found = read("physlite", PHYSLITE)
    named = [
        [(tracks[event][link.m_persIndex], z[event]) for link in jet if link.m_persKey]
        for event, jets in enumerate(expected["GhostTrack"])
        for jet in jets
    ]
    assert found.jets["num_constituents"].tolist() == [len(links) for links in named]
    flat = [pair for links in named for pair in links]
    assert len(flat) > 1000
    momentum = momenta(found)
    np.testing.assert_allclose(momentum.mag, [1e-3 / abs(t.qOverP) for t, _ in flat], rtol=1e-5)
    np.testing.assert_allclose(momentum.theta, [t.theta for t, _ in flat], rtol=1e-5)
    d0, dz = ([t.d0 / 10 for t, _ in flat], [(t.z0 + t.vz - z) / 10 for t, z in flat])
    np.testing.assert_allclose(found.constituents["d0"], d0, rtol=1e-5)
    np.testing.assert_allclose(found.constituents["dz"], dz, rtol=1e-4, atol=1e-6)
    charge = [np.sign(t.qOverP) for t, _ in flat]
    assert found.constituents["charge"].tolist() == charge
    slow = momentum.mag < 2
    np.testing.assert_allclose(momentum.mass[slow], PION_MASS, rtol=0.01)


@pytest.mark.parametrize("selection", ["", "mass >= 0 and num_constituents >= 0"])
def test_physlite_counts_tracks_that_were_thinned_away_once(selection, physlite):
    links = physlite[0]["GhostTrack"]
    cuts = Cuts(selection)
    for chunk in reader("physlite").read(str(PHYSLITE)):
        list(cuts.kept(chunk))
    thinned = int(ak.sum(links.m_persKey == 0))
    assert cuts.notes == [f"{thinned} tracks of jets that are not in the file"]
    assert cuts.cut["num_constituents > 0"] > 0


def test_physlite_says_which_jets_have_no_tracks():
    with pytest.raises(UnreadableFileError, match=r"no branch 'AnalysisLargeRJetsAuxDyn.GhostTr"):
        read("physlite", PHYSLITE, jets="AnalysisLargeRJets")


@pytest.fixture(scope="module")
def ftag():
    with h5py.File(FTAG) as file:
        return file["jets"][:], file["tracks"][:]


def test_ftag_jets_are_in_gev_with_their_flavour(ftag):
    jets, tracks = ftag
    found = read("atlas_ftag", FTAG, columns=["MockTagger_pb", "mass"])
    np.testing.assert_allclose(found.jets["pt"], jets["pt"] / 1000, rtol=1e-6)
    np.testing.assert_array_equal(found.jets["eta"], jets["eta"])
    np.testing.assert_array_equal(found.jets["MockTagger_pb"], jets["MockTagger_pb"])
    np.testing.assert_array_equal(found.jets["num_constituents"], tracks["valid"].sum(axis=1))
    bottom = jets["HadronConeExclTruthLabelID"] == 5
    np.testing.assert_array_equal(found.jets["truth"] == TRUTH["bottom"], bottom)


def test_ftag_tracks_lie_around_their_jets(ftag):
    jets, tracks = ftag
    found = read("atlas_ftag", FTAG, track_columns=["numberOfPixelHits"])
    valid = tracks["valid"]
    momentum = momenta(found)
    np.testing.assert_allclose(momentum.mag, 1e-3 / np.abs(tracks["qOverP"][valid]), rtol=1e-5)
    eta = (jets["eta"][:, None] + tracks["deta"])[valid]
    np.testing.assert_allclose(momentum.eta, eta, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(momentum.phi, tracks["dphi"][valid], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.constituents["d0"], tracks["d0"][valid] / 10, rtol=1e-6)
    hits = found.constituents["numberOfPixelHits"]
    np.testing.assert_array_equal(hits, tracks["numberOfPixelHits"][valid])


def test_ftag_is_the_same_in_chunks_of_any_size():
    assert_same(read("atlas_ftag", FTAG, entries=77), read("atlas_ftag", FTAG))


def test_ftag_notes_that_azimuths_are_missing_and_names_the_nearest_field():
    (chunk,) = reader("atlas_ftag").read(str(FTAG))
    assert chunk.notes[0].endswith("jets without azimuth, taken as 0")
    with pytest.raises(UnreadableFileError, match="'jets/MockTagger_pbb'; did you mean"):
        read("atlas_ftag", FTAG, columns=["MockTagger_pbb"])
