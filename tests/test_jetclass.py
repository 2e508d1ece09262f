"""JetClass as it is published: a file made by ROOT with the branches and types of the authors'."""

import tarfile
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from tagline.data.columns import CONSTITUENT_COLUMNS, JET_COLUMNS, TRUTH
from tagline.data.jets import concatenate
from tagline.datasets import UnreadableFileError
from tagline.prepare import load
from tagline.reading.trees import Span
from tests.readers import assert_same, read
from tests.tasks import representations
from tests.toys import JETCLASS_LABELS, jet_momenta, published_branches, toy_jets, write_tree

BY_ROOT = Path(__file__).parent / "data/jetclass.root"
PARTICLE_KINDS = {
    "isChargedHadron": 211,
    "isNeutralHadron": 130,
    "isPhoton": 22,
    "isElectron": 11,
    "isMuon": 13,
}


@pytest.fixture(scope="module")
def branches():
    with uproot.open(BY_ROOT) as file:
        return {
            branch.name: ak.to_numpy(ak.flatten(branch.array(), axis=None))
            for branch in file["tree"].branches
        }


@pytest.fixture(scope="module")
def found():
    return read("jetclass", BY_ROOT)


def test_has_all_columns_but_none_else(found):
    of_generated = {"pile_up"}
    assert list(found.jets) == [each.name for each in JET_COLUMNS if each.name not in of_generated]
    assert list(found.constituents) == [column.name for column in CONSTITUENT_COLUMNS]


def test_constituents_add_up_to_the_jets_of_the_file(branches, found):
    counts = found.jets["num_constituents"]
    np.testing.assert_array_equal(counts, branches["jet_nparticles"])
    sums = jet_momenta(found.constituents, counts=counts)
    for name in ("pt", "eta", "phi"):
        np.testing.assert_allclose(sums[name], branches[f"jet_{name}"], rtol=1e-5)
        np.testing.assert_array_equal(found.jets[name], branches[f"jet_{name}"])
    momentum = branches["jet_pt"].astype(float) * np.cosh(branches["jet_eta"])
    energy = np.hypot(momentum, found.jets["mass"])
    np.testing.assert_allclose(energy, branches["jet_energy"], rtol=1e-6)


def test_labels_of_every_type_are_truth(branches, found):
    labels = [name for name in branches if name.startswith("label_")]
    assert {branches[name].dtype.kind for name in labels} == {"f", "b", "i"}
    set_labels = [
        labels[place] for place in np.argmax([branches[name] for name in labels], axis=0)
    ]
    assert found.jets["truth"].tolist() == [
        TRUTH[JETCLASS_LABELS[name.removeprefix("label_")]] for name in set_labels
    ]


def test_particles_have_ids_of_their_kinds_and_lengths_in_cm(branches, found):
    pdgid = np.abs(found.constituents["pdgid"])
    for kind, code in PARTICLE_KINDS.items():
        np.testing.assert_array_equal(pdgid == code, branches[f"part_{kind}"] == 1)
    np.testing.assert_array_equal(found.constituents["charge"], branches["part_charge"])
    for name, branch in {"d0": "d0val", "d0_error": "d0err", "dz_error": "dzerr"}.items():
        in_cm = branches[f"part_{branch}"] / 10
        np.testing.assert_allclose(found.constituents[name], in_cm, rtol=1e-6)


def test_a_tar_archive_gives_the_jets_of_its_files(tmp_path, monkeypatch):
    monkeypatch.delattr(Span, "array")  # by which uproot reads what is not plain
    jets = toy_jets(40, seed=1)
    names = ["HToBB_000.root", "ZJetsToNuNu_001.root"]
    with tarfile.open(tmp_path / "part0.tar", "w") as archive:
        for name, rows in zip(names, np.split(np.arange(40), [25]), strict=True):
            write_tree(tmp_path / name, "tree", branches=published_branches(jets.take(rows)))
            archive.add(tmp_path / name, arcname=f"./train_100M/{name}")
        archive.add(BY_ROOT.with_name("make_jetclass.py"), arcname="README")
    expected = concatenate([read("jetclass", tmp_path / name) for name in names])
    assert_same(read("jetclass", tmp_path / "part0.tar"), expected)


def test_refuses_lists_of_different_lengths(tmp_path):
    branches = published_branches(toy_jets(40, seed=1))
    whole = branches["part"]
    branches["part"] = ak.without_field(whole, "energy")
    branches["part_energy"] = ak.concatenate([whole["energy"][:20, 1:], whole["energy"][20:]])
    write_tree(tmp_path / "toy.root", "tree", branches=branches)
    with pytest.raises(UnreadableFileError, match="'part_px' and 'part_energy' have different"):
        read("jetclass", tmp_path / "toy.root")


def test_names_the_file_of_damage_in_a_tar_archive(tmp_path):
    (tmp_path / "bad.root").write_bytes(BY_ROOT.read_bytes()[:5000])
    with tarfile.open(tmp_path / "part0.tar", "w") as archive:
        archive.add(tmp_path / "bad.root", arcname="bad.root")
    with pytest.raises(UnreadableFileError, match=r"part0.tar/bad.root: "):
        read("jetclass", tmp_path / "part0.tar")


@pytest.mark.parametrize("size", [0, 700, 10_240 + 700])
def test_refuses_by_name_a_tar_archive_that_is_cut(size, tmp_path):
    with tarfile.open(tmp_path / "part0.tar", "w") as archive:
        for name in ("a.root", "b.root"):
            archive.add(BY_ROOT, arcname=name)
    content = (tmp_path / "part0.tar").read_bytes()
    (tmp_path / "part0.tar").write_bytes(content[:size])
    with pytest.raises(UnreadableFileError, match=r"part0\.tar"):
        read("jetclass", tmp_path / "part0.tar")


def test_the_17_features_are_those_of_the_authors(branches, found):
    """From the branches alone by the formulas of JetClass_full.yaml, particles in falling pT."""
    particle = {
        n.removeprefix("part_"): v.astype(float) for n, v in branches.items() if "part_" in n
    }
    jet = np.repeat(np.arange(len(found)), found.jets["num_constituents"])
    pt = np.hypot(particle["px"], particle["py"])
    expected = {
        "log_pt": (np.log(pt) - 1.7) * 0.7,
        "log_energy": (np.log(particle["energy"]) - 2) * 0.7,
        "log_relative_pt": (np.log(pt / branches["jet_pt"][jet]) + 4.7) * 0.7,
        "log_relative_energy": (np.log(particle["energy"] / branches["jet_energy"][jet]) + 4.7)
        * 0.7,
        "d_r": (np.hypot(particle["deta"], particle["dphi"]) - 0.2) * 4,
        "charge": particle["charge"],
        "is_charged_hadron": particle["isChargedHadron"],
        "is_neutral_hadron": particle["isNeutralHadron"],
        "is_photon": particle["isPhoton"],
        "is_electron": particle["isElectron"],
        "is_muon": particle["isMuon"],
        "tanh_d0": np.tanh(particle["d0val"]),
        "d0_error": np.clip(particle["d0err"], 0, 1),
        "tanh_dz": np.tanh(particle["dzval"]),
        "dz_error": np.clip(particle["dzerr"], 0, 1),
        "outward_d_eta": particle["deta"],
        "d_phi": particle["dphi"],
    }
    entry = representations()["jetclass_cloud"]
    plugin = load(entry)
    features = plugin.transform(found, {}).constituents
    assert list(features) == [*expected, "px", "py", "pz", "energy"]
    assert set(plugin.reads()) == set(found.constituents)
    order = np.lexsort([-pt, jet])
    for name, column in expected.items():
        np.testing.assert_allclose(
            features[name], column[order], rtol=1e-4, atol=2e-5, err_msg=name
        )
