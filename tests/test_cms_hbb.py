"""CMS' H(bb) ntuples, in files of their two forms, against the jets that they were made of."""

import os
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import yaml

from tagline.data.columns import TRUTH
from tagline.datasets import UnreadableFileError
from tagline.reading.cuts import Cuts
from tests.hbb_files import SLOTS, hbb_branches, write_hbb_hdf5, write_hbb_root
from tests.readers import assert_same, branches_read, read, reader
from tests.toys import toy_jets

NUM_JETS = 30
REAL_DATA = Path(os.environ.get("TAGLINE_REAL_DATA", "../shared/data"))
RECORDS = REAL_DATA.parent / "facts/cms_open_data_records.yaml"
HIGH_LEVEL = [  # of the authors' notebook, in its order
    "fj_jetNTracks",
    "fj_nSV",
    "fj_tau0_trackEtaRel_0",
    "fj_tau0_trackEtaRel_1",
    "fj_tau0_trackEtaRel_2",
    "fj_tau1_trackEtaRel_0",
    "fj_tau1_trackEtaRel_1",
    "fj_tau1_trackEtaRel_2",
    "fj_tau_flightDistance2dSig_0",
    "fj_tau_flightDistance2dSig_1",
    "fj_tau_vertexDeltaR_0",
    "fj_tau_vertexEnergyRatio_0",
    "fj_tau_vertexEnergyRatio_1",
    "fj_tau_vertexMass_0",
    "fj_tau_vertexMass_1",
    "fj_trackSip2dSigAboveBottom_0",
    "fj_trackSip2dSigAboveBottom_1",
    "fj_trackSip2dSigAboveCharm_0",
    "fj_trackSipdSig_0",
    "fj_trackSipdSig_0_0",
    "fj_trackSipdSig_0_1",
    "fj_trackSipdSig_1",
    "fj_trackSipdSig_1_0",
    "fj_trackSipdSig_1_1",
    "fj_trackSipdSig_2",
    "fj_trackSipdSig_3",
    "fj_z_ratio",
]


@pytest.fixture(scope="module")
def jets():
    return toy_jets(NUM_JETS, seed=11)


@pytest.fixture(scope="module")
def branches(jets):
    return hbb_branches(jets)


@pytest.fixture(scope="module")
def root(branches, tmp_path_factory):
    path = tmp_path_factory.mktemp("hbb") / "ntuple_merged_10.root"
    write_hbb_root(path, branches)
    return path


@pytest.fixture(scope="module")
def hdf5(branches, tmp_path_factory):
    path = tmp_path_factory.mktemp("hbb") / "ntuple_merged_10.h5"
    write_hbb_hdf5(path, branches)
    return path


def test_gives_back_momenta_and_particles(root, jets):
    found = read("cms_hbb", root)
    for name in ("px", "py", "pz", "energy", "d0", "dz"):
        np.testing.assert_allclose(
            found.constituents[name], jets.constituents[name], rtol=1e-4, atol=1e-4, err_msg=name
        )
    for name in ("charge", "pdgid"):
        np.testing.assert_array_equal(found.constituents[name], jets.constituents[name])
    for name in ("pt", "eta", "phi", "num_constituents"):
        np.testing.assert_array_equal(found.jets[name], jets.jets[name], err_msg=name)
    for name in ("mass", "softdrop_mass"):
        np.testing.assert_allclose(found.jets[name], jets.jets["mass"], rtol=1e-3)


def test_the_features_of_the_baseline_come_first_and_in_its_order(root, branches):
    (chunk,) = reader("cms_hbb").read(str(root))
    declared = [column.name for column in chunk.further.jets]
    assert declared[: len(HIGH_LEVEL)] == HIGH_LEVEL
    found = read("cms_hbb", root).jets
    for name in declared:
        np.testing.assert_array_equal(found[name], branches[name], err_msg=name)


def test_tracks_and_vertices_are_those_of_the_jets(root, branches):
    found = read("cms_hbb", root)
    assert {name: len(columns) for name, columns in found.tables.items()} == {
        "tracks": 45,
        "vertices": 18,
    }
    for table in found.tables.values():
        for name, column in table.items():
            np.testing.assert_array_equal(column, ak.flatten(branches[name]), err_msg=name)
    np.testing.assert_array_equal(found.jets["num_tracks"], branches["n_tracks"])
    np.testing.assert_array_equal(found.jets["num_vertices"], branches["n_sv"])


def test_tables_may_be_left_out(root):
    found = read("cms_hbb", root, tables=["vertices"])
    assert set(found.tables) == {"vertices"}
    assert "num_tracks" not in found.jets


def test_both_labels_of_a_class_must_be_set(root, jets):
    truth = read("cms_hbb", root).jets["truth"]
    expected = np.where(jets.jets["truth"] == TRUTH["t_bqq"], TRUTH["h_bb"], TRUTH["qcd"])
    np.testing.assert_array_equal(truth, expected)


def test_hdf5_has_the_same_jets_with_their_first_rows(root, hdf5):
    of_root, of_hdf5 = read("cms_hbb", root), read("cms_hbb", hdf5)
    for name in set(of_root.jets) - {"mass", "run", "luminosity_block"}:
        if not name.startswith("num_"):
            np.testing.assert_array_equal(of_hdf5.jets[name], of_root.jets[name], err_msg=name)
    prefixes = {"constituents": "pfcand", "tracks": "track", "vertices": "sv"}
    for table, prefix in prefixes.items():
        counts = np.minimum(of_root.jets[f"num_{table}"], SLOTS[prefix])
        counts[-1] -= of_root.jets[f"num_{table}"][-1] in range(1, SLOTS[prefix] + 1)
        np.testing.assert_array_equal(of_hdf5.jets[f"num_{table}"], counts, err_msg=table)
        starts = of_root.offsets_in(table)[:-1]
        place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        for name, column in of_hdf5.lists[table].items():
            expected = of_root.lists[table][name][np.repeat(starts, counts) + place]
            np.testing.assert_allclose(
                column, expected, rtol=1e-5, atol=1e-5, err_msg=f"{table}.{name}"
            )


@pytest.mark.parametrize("selection", ["", "mass >= 0 and num_constituents >= 0"])
def test_what_hdf5_lacks_is_counted_once(selection, hdf5, branches):
    cuts = Cuts(selection)
    for chunk in reader("cms_hbb").read(str(hdf5)):
        list(cuts.kept(chunk))
    last = 0 < branches["n_tracks"][-1] <= 60
    missing = np.maximum(branches["n_tracks"] - 60, 0).sum() + last
    assert f"{missing} tracks that the file is said to have, but lacks" in cuts.notes
    assert "1 constituents that the file is said to have, but lacks" in cuts.notes


@pytest.mark.parametrize("form", ["root", "hdf5"])
def test_is_the_same_in_many_chunks(form, root, hdf5):
    path = {"root": root, "hdf5": hdf5}[form]
    assert_same(read("cms_hbb", path, entries=7), read("cms_hbb", path))


def test_the_published_window_is_selected_without_reading_lists(root, monkeypatch):
    asked = branches_read(monkeypatch)
    cuts = Cuts("300 < pt < 500 and 40 < softdrop_mass < 200")
    for chunk in reader("cms_hbb").read(str(root)):
        assert list(cuts.kept(chunk)) == []
    assert asked == [(0, "fj_pt")]
    assert cuts.cut["300 < pt < 500"] == NUM_JETS


def test_jets_are_selected_by_further_columns_and_lengths_of_tables(root):
    everything = read("cms_hbb", root).jets
    doubleb, num_tracks = everything["fj_doubleb"], everything["num_tracks"]
    threshold = float(np.median(doubleb))
    cuts = Cuts(f"fj_doubleb > {threshold} and num_tracks > 3")
    (kept,) = (jets for chunk in reader("cms_hbb").read(str(root)) for jets in cuts.kept(chunk))
    assert (
        kept.jets["event"].tolist()
        == everything["event"][(doubleb > threshold) & (num_tracks > 3)].tolist()
    )
    assert cuts.cut[f"fj_doubleb > {threshold}"] == (doubleb <= threshold).sum() > 0


def test_names_the_nearest_branch(branches, tmp_path):
    renamed = {name.replace("fj_sdmass", "fj_sdmas"): column for name, column in branches.items()}
    write_hbb_root(tmp_path / "other.root", renamed)
    with pytest.raises(UnreadableFileError, match=r"other.root: .*'fj_sdmass'; did you mean"):
        read("cms_hbb", tmp_path / "other.root")


@pytest.mark.parametrize(
    ("branch", "counted_by"), [("pfcand_mass", "pfcand_ptrel"), ("sv_mass", "sv_ptrel")]
)
def test_refuses_lists_of_different_lengths(branch, counted_by, branches, tmp_path):
    write_hbb_root(tmp_path / "other.root", branches | {branch: branches[branch][:, 1:]})
    with pytest.raises(UnreadableFileError, match=f"{counted_by!r} and {branch!r} have different"):
        read("cms_hbb", tmp_path / "other.root")


@pytest.mark.real_data
@pytest.mark.skipif(not RECORDS.exists(), reason=f"there is no {RECORDS}")
def test_toy_files_have_the_variables_of_the_record(branches):
    records = yaml.safe_load(RECORDS.read_text())["records"]
    (variables,) = (record["variables"] for record in records if record["recid"] == 12102)
    assert set(branches) == {variable["name"] for variable in variables}
