"""CMS NanoAOD without candidates, in a toy file and in real ones of several versions."""

import os
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from tagline.data.columns import TRUTH
from tagline.datasets import UnreadableFileError
from tagline.reading.cuts import Cuts
from tagline.reading.nano_columns import OF_JETS
from tests.readers import assert_same, branches_read, read, reader
from tests.toys import add_tree, ragged, write_tree

REAL_DATA = Path(os.environ.get("TAGLINE_REAL_DATA", "../shared/data")) / "coffea-samples"
JETS_OF_EVENTS = np.array([0, 2, 2, 3, 6])  # where those of each of four events begin
SUBJETS_OF_EVENTS = np.array([0, 3, 3, 4, 8])
FIRST = np.array([1, 0, -1, 3, 0, 1])
SECOND = np.array([2, -1, -1, 2, 1, -1])
IDS = {
    "run": np.full(4, 7, np.uint32),
    "luminosityBlock": np.array([1, 1, 2, 2], np.uint32),
    "event": np.array([11, 12, 13, 2**63], np.uint64),
}


def of_jets(*values, kind=np.float32):
    return ragged(np.array(values, kind), JETS_OF_EVENTS)


@pytest.fixture
def branches():
    """Four events of 2, 0, 1 and 3 fat jets, and of 3, 0, 1 and 4 subjets."""
    random = np.random.default_rng(1)
    fat_jets = {
        "pt": of_jets(*random.uniform(200, 900, 6)),
        "eta": of_jets(*random.normal(size=6)),
        "phi": of_jets(*random.uniform(-3, 3, 6)),
        "mass": of_jets(*random.uniform(20, 200, 6)),
        "msoftdrop": of_jets(*random.uniform(20, 200, 6)),
        "tau1": of_jets(0.5, 0.4, 0, 0.2, 0.8, 0.5),
        "tau2": of_jets(0.2, 0.3, 0, 0.1, 0.2, 0.1),
        "particleNet_XbbVsQCD": of_jets(*random.uniform(size=6)),
        "mine": of_jets(*random.normal(size=6)),
        "subJetIdx1": of_jets(*FIRST, kind=np.int16),
        "subJetIdx2": of_jets(*SECOND, kind=np.int16),
        "genJetAK8Idx": of_jets(0, -1, 0, -1, 1, 2, kind=np.int16),
        "hadronFlavour": of_jets(5, 0, 4, 5, 0, 0, kind=np.uint8),
        "nBHadrons": of_jets(2, 0, 0, 1, 0, 0, kind=np.uint8),
    }
    subjets = {
        "pt": ragged(np.arange(100, 108, dtype=np.float32), SUBJETS_OF_EVENTS),
        "btagDeepB": ragged(np.arange(8, dtype=np.float32) / 10, SUBJETS_OF_EVENTS),
    }
    return IDS | {
        "genWeight": np.array([1, -1, 2, 0.5], np.float32),
        "FatJet": ak.zip(fat_jets),
        "SubJet": ak.zip(subjets),
    }


@pytest.fixture
def path(branches, tmp_path):
    write_tree(tmp_path / "nano.root", "Events", branches=branches)
    return tmp_path / "nano.root"


def flat(branches, name):
    return ak.to_numpy(ak.flatten(branches["FatJet"][name]))


def test_jets_have_the_columns_of_their_collection(path, branches):
    jets = read("nanoaod", path)
    for name in ("pt", "eta", "phi", "mass", "tau1", "particleNet_XbbVsQCD", "nBHadrons"):
        np.testing.assert_array_equal(jets.jets[name], flat(branches, name), err_msg=name)
    np.testing.assert_array_equal(jets.jets["softdrop_mass"], flat(branches, "msoftdrop"))
    assert jets.jets["event"].tolist() == [11, 11, 13, 2**63, 2**63, 2**63]
    assert jets.jets["luminosity_block"].tolist() == [1, 1, 2, 2, 2, 2]
    assert jets.jets["jet_index"].tolist() == [0, 1, 0, 0, 1, 2]
    assert jets.jets["weight"].tolist() == [1, 1, 2, 0.5, 0.5, 0.5]
    assert set(jets.jets["num_constituents"]) == {0}
    assert jets.constituents == {}


def test_the_truth_is_the_flavour_of_generated_jets(path):
    expected = ("bottom", "pileup", "charm", "bottom", "unknown", "unknown")
    assert read("nanoaod", path).jets["truth"].tolist() == [TRUTH[name] for name in expected]
    assert set(read("nanoaod", path, truth="h_bb").jets["truth"]) == {TRUTH["h_bb"]}


def test_ratios_are_made_and_vanish_where_they_have_no_denominator(path):
    found = read("nanoaod", path).jets["tau21"]
    np.testing.assert_allclose(found, [0.4, 0.75, 0, 0.5, 0.25, 0.2], rtol=1e-6)


def test_subjets_are_those_that_jets_point_to(path):
    jets = read("nanoaod", path).jets
    assert jets["subjet1_pt"].tolist() == [101, 100, 0, 107, 104, 105]
    assert jets["subjet2_pt"].tolist() == [102, 0, 0, 106, 105, 0]
    np.testing.assert_allclose(jets["subjet2_btagDeepB"], [0.2, 0, 0, 0.6, 0.5, 0])


def test_jets_without_subjets_are_counted_once(path):
    cuts = Cuts("subjet2_pt >= 0 and subjet2_btagDeepB >= 0", need_constituents=False)
    for chunk in reader("nanoaod").read(str(path)):
        list(cuts.kept(chunk))
    assert "1 jets without subjet1, its columns taken as 0" in cuts.notes
    assert "3 jets without subjet2, its columns taken as 0" in cuts.notes


def test_refuses_subjets_beyond_their_event(branches, tmp_path):
    beyond = of_jets(1, 0, 1, 3, 0, 1, kind=np.int16)
    branches["FatJet"] = ak.with_field(branches["FatJet"], beyond, "subJetIdx1")
    write_tree(tmp_path / "nano.root", "Events", branches=branches)
    with pytest.raises(UnreadableFileError, match="FatJet_subJetIdx1 points beyond its event"):
        read("nanoaod", tmp_path / "nano.root")


def test_gives_those_columns_that_are_asked_for(path, branches):
    jets = read("nanoaod", path, columns=["mine", "subjet1_pt", "tau21"]).jets
    np.testing.assert_array_equal(jets["mine"], flat(branches, "mine"))
    assert {"subjet1_pt", "tau21"} <= jets.keys()
    assert "tau1" not in jets


@pytest.mark.parametrize(
    ("column", "branch"),
    [
        ("tau5", "FatJet_tau5"),
        ("tau32", "FatJet_tau3"),
        ("subjet1_btagDeepC", "SubJet_btagDeepC"),
    ],
)
def test_names_the_branch_that_a_column_lacks(column, branch, path):
    with pytest.raises(UnreadableFileError, match=f"no branch '{branch}'; did you mean"):
        read("nanoaod", path, columns=[column])


def test_is_the_same_in_many_chunks_and_as_an_rntuple(branches, path, tmp_path):
    jets = read("nanoaod", path)
    with uproot.recreate(tmp_path / "clusters.root") as file:
        parts = [{name: whole[n : n + 1] for name, whole in branches.items()} for n in range(4)]
        add_tree(file, "Events", *parts)
    chunks = list(reader("nanoaod", entries=1).read(str(tmp_path / "clusters.root")))
    assert [chunk.num_jets for chunk in chunks] == [2, 0, 1, 3]
    assert_same(read("nanoaod", tmp_path / "clusters.root", entries=1), jets)
    flattened = {name: branches[name] for name in (*IDS, "genWeight")} | {
        f"{collection}_{name}": branches[collection][name]
        for collection in ("FatJet", "SubJet")
        for name in ak.fields(branches[collection])
    }
    with uproot.recreate(tmp_path / "ntuple.root") as file:
        file.mkrntuple("Events", flattened)
    assert_same(read("nanoaod", tmp_path / "ntuple.root"), jets)


def test_what_fails_its_selection_costs_no_other_branch(path, monkeypatch):
    asked = branches_read(monkeypatch)
    cuts = Cuts("pt > 1e6 and particleNet_XbbVsQCD > 0.5", need_constituents=False)
    for chunk in reader("nanoaod").read(str(path)):
        assert list(cuts.kept(chunk)) == []
    assert asked == [(0, "FatJet_pt")]


def test_refuses_lists_of_different_lengths(branches, tmp_path):
    fat_jets = branches.pop("FatJet")
    branches |= {f"FatJet_{name}": fat_jets[name] for name in ak.fields(fat_jets)}
    branches["FatJet_mass"] = branches["FatJet_mass"][:, 1:]
    write_tree(tmp_path / "nano.root", "Events", branches=branches)
    with pytest.raises(UnreadableFileError, match="'FatJet_mass' and 'FatJet_pt' have different"):
        read("nanoaod", tmp_path / "nano.root")


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"there is no folder {REAL_DATA}")
class TestRealFiles:
    @pytest.mark.parametrize("jets", OF_JETS)
    @pytest.mark.parametrize(
        ("file", "tree"),
        [
            ("nano_dimuon.root", "Events"),
            ("nano_dy.root", "Events"),
            ("nano_dy_SpecialTree.root", "NotEvents"),
            ("nano_tt_v12.root", "Events"),
            ("nano_tt_v15.root", "Events"),
            ("pfnano.root", "Events"),
            ("pfnano_skim.root", "Events"),
        ],
    )
    def test_all_jets_come_with_finite_columns(self, file, tree, jets):
        found = read("nanoaod", REAL_DATA / file, jets=jets, tree=tree).jets
        collection = {"AK4": "Jet", "AK8": "FatJet"}[jets]
        with uproot.open(REAL_DATA / file) as opened:
            events = opened[tree].arrays(["event", f"{collection}_pt", f"{collection}_mass"])
        for name in ("pt", "mass"):
            expected = ak.to_numpy(ak.flatten(events[f"{collection}_{name}"]))
            np.testing.assert_array_equal(found[name], expected)
        counts = ak.to_numpy(ak.num(events[f"{collection}_pt"]))
        np.testing.assert_array_equal(found["event"], np.repeat(events["event"], counts))
        for name, column in found.items():
            assert np.isfinite(column).all(), name

    def test_softdrop_leaves_the_mass_of_two_subjets(self):
        """Soft drop ends at a jet of two subjets, whose momenta are stored with 10 to 12 bits."""
        jets = read("nanoaod", REAL_DATA / "nano_tt_v15.root").jets
        both = jets["subjet2_pt"] > 0
        total = np.zeros((4, both.sum()))
        for n in (1, 2):
            pt, eta, phi, mass = (
                jets[f"subjet{n}_{name}"][both].astype(np.float64)
                for name in ("pt", "eta", "phi", "mass")
            )
            energy = np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
            total += energy, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
        found = np.sqrt(total[0] ** 2 - (total[1:] ** 2).sum(axis=0))
        expected = jets["softdrop_mass"][both]
        assert both.sum() > 50
        assert np.median(np.abs(found / expected - 1)) < 0.02

    def test_jets_of_bottom_hadrons_are_as_often_bottom(self):
        jets = read("nanoaod", REAL_DATA / "nano_tt_v12.root").jets
        np.testing.assert_array_equal(jets["nBHadrons"] > 0, jets["truth"] == TRUTH["bottom"])

    @pytest.mark.parametrize(
        ("file", "message"),
        [
            ("missing_luminosityBlock.root", "no branch 'luminosityBlock'"),
            ("treemaker.root", "no tree 'Events'; known are: PreSelection"),
            ("delphes.root", "no tree 'Events'; known are: Delphes"),
            ("bad_delphes.root", "no tree 'Events'"),
            ("nano_dy_malformed.parquet", "not a ROOT file"),
        ],
    )
    def test_refuses_by_name_what_it_cannot_use(self, file, message):
        with pytest.raises(UnreadableFileError, match=f"{file}.*{message}"):
            read("nanoaod", REAL_DATA / file)

    def test_a_file_of_no_events_has_no_jets(self):
        assert list(reader("nanoaod").read(str(REAL_DATA / "nano_dy_empty.root"))) == []

    @pytest.mark.slow  # uproot lists the types of all 1,834 fields
    def test_a_tree_and_an_rntuple_of_the_same_events_are_read_alike(self):
        tree, ntuple = (
            read("nanoaod", REAL_DATA / name) for name in ("pfnano.root", "pfnano_rntuple.root")
        )
        assert_same(tree, ntuple)
