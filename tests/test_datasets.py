import os
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from tagline.data.columns import CONSTITUENT_COLUMNS, JET_COLUMNS, TRUTH
from tagline.datasets import BaseReader, UnreadableFileError
from tagline.reading import baskets, blocks
from tagline.reading.cuts import Cuts
from tagline.settings import plugins
from tests.readers import assert_same, branches_read, read, reader
from tests.toys import (
    add_tree,
    jet_momenta,
    jetclass_branches,
    nano_branches,
    published_branches,
    toy_jets,
    write_jetclass_root,
    write_tree,
)

REAL_DATA = Path(os.environ.get("TAGLINE_REAL_DATA", "../shared/data")) / "coffea-samples"
NANO_DIALECTS = [
    {"links": "FatJetPFCands", "index": "pFCandsIdx", "candidates": "PFCands"},
    {"links": "JetPFCandsAK8", "index": "candIdx", "candidates": "JetPFCands"},
    {"links": "FatJetPFCand", "index": "pfCandIdx", "candidates": "PFCand"},
]
OF_TREES = [
    name
    for name in plugins.names("datasets")
    if "tree" in plugins.config_of("datasets", name).model_fields
]
BROKEN = {
    "empty": b"",
    "cut ROOT": b"root",
    "cut HDF5": b"\x89HDF\r\n\x1a\n",
    "cut zip": b"PK\x03\x04",
    "other": b"PAR1 is none of them" * 50,
}


@pytest.fixture
def jets():
    return toy_jets(40, seed=1)


@pytest.mark.parametrize("name", plugins.names("datasets"))
class TestEveryReader:
    def test_is_made_from_its_config_alone(self, name):
        assert isinstance(reader(name), BaseReader)
        assert plugins.config_of("datasets", name)().model_dump()

    @pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
    def test_refuses_by_name_what_is_not_such_a_file(self, name, content, tmp_path):
        path = tmp_path / "bad.file"
        path.write_bytes(content)
        with pytest.raises(UnreadableFileError, match=r"bad\.file"):
            list(reader(name).read(str(path)))

    def test_refuses_by_name_a_file_that_is_not_there(self, name, tmp_path):
        with pytest.raises(UnreadableFileError, match=r"missing\.file"):
            list(reader(name).read(str(tmp_path / "missing.file")))


@pytest.mark.parametrize("name", OF_TREES)
class TestEveryReaderOfTrees:
    def test_names_the_trees_of_a_file_without_the_right_one(self, name, tmp_path):
        write_tree(tmp_path / "other.root", "leaves", branches={"run": np.arange(3)})
        with pytest.raises(UnreadableFileError, match=r"other.root: no tree .*leaves"):
            list(reader(name).read(str(tmp_path / "other.root")))

    def test_names_what_a_tree_lacks(self, name, tmp_path):
        tree = plugins.config_of("datasets", name)().tree
        write_tree(tmp_path / "narrow.root", tree, branches={"run": np.arange(3)})
        with pytest.raises(UnreadableFileError, match=f"narrow.root: tree '{tree}': no "):
            list(reader(name).read(str(tmp_path / "narrow.root")))


class TestJetClass:
    def test_gives_back_the_jets_in_declared_columns(self, jets, tmp_path):
        write_jetclass_root(tmp_path / "toy.root", jets)
        read_back = read("jetclass", tmp_path / "toy.root")
        assert_same(read_back, jets, rtol=1e-6)
        assert list(read_back.jets) == [c.name for c in JET_COLUMNS if c.required]
        assert list(read_back.constituents) == [c.name for c in CONSTITUENT_COLUMNS]

    def test_is_the_same_in_many_chunks(self, jets, tmp_path):
        path = tmp_path / "toy.root"
        clusters = [jetclass_branches(jets.take(np.arange(n, n + 8))) for n in range(0, 40, 8)]
        with uproot.recreate(path) as file:
            add_tree(file, "tree", *clusters)
        chunks = list(reader("jetclass", entries=10).read(str(path)))
        assert [chunk.num_events for chunk in chunks] == [16, 16, 8]
        assert_same(read("jetclass", path, entries=10), jets, rtol=1e-6)

    def test_takes_some_jets_as_all_jets_have_them(self, jets, tmp_path):
        write_jetclass_root(tmp_path / "toy.root", jets)
        chunk = next(chunks := reader("jetclass").read(str(tmp_path / "toy.root")))
        rows = np.array([3, 7, 8, 39])
        assert_same(chunk.take(rows), jets.take(rows), rtol=1e-6)
        np.testing.assert_array_equal(chunk.column("mass"), jets.jets["mass"])
        chunks.close()

    def test_reads_no_constituents_unless_they_are_asked_for(self, jets, tmp_path, monkeypatch):
        write_jetclass_root(tmp_path / "toy.root", jets)
        asked = branches_read(monkeypatch)
        for chunk in reader("jetclass").read(str(tmp_path / "toy.root")):
            chunk.column("pt")
            assert asked == [(0, "jet_pt")]
            chunk.column("mass")
        assert (0, "part_energy") in asked

    def test_without_event_ids_an_entry_is_an_event_of_its_file(self, jets, tmp_path):
        for name in ("a.root", "b.root"):
            write_tree(tmp_path / name, "tree", branches=published_branches(jets))
        first, second = (read("jetclass", tmp_path / name).jets for name in ("a.root", "b.root"))
        assert first["event"].tolist() == list(range(40))
        assert set(first["run"]).isdisjoint(second["run"])

    def test_optional_columns_are_left_out_where_branches_are_missing(self, jets, tmp_path):
        branches = jetclass_branches(jets)
        branches["part"] = branches["part"][["px", "py", "pz", "energy", "charge"]]
        write_tree(tmp_path / "toy.root", "tree", branches=branches)
        particles = read("jetclass", tmp_path / "toy.root").constituents
        assert list(particles) == ["px", "py", "pz", "energy", "charge"]

    def test_a_charge_that_is_not_a_number_is_cut_and_named(self, jets, tmp_path):
        branches = jetclass_branches(jets)
        charge = ak.values_astype(branches["part"]["charge"], np.float32)
        odd = ak.where(np.arange(40) == 3, np.float32(np.nan), charge)
        branches["part"] = ak.with_field(branches["part"], odd, "charge")
        write_tree(tmp_path / "toy.root", "tree", branches=branches)
        cuts = Cuts("")
        (kept,) = (
            found
            for chunk in reader("jetclass").read(str(tmp_path / "toy.root"))
            for found in cuts.kept(chunk)
        )
        assert_same(kept, jets.take(np.delete(np.arange(40), 3)), rtol=1e-6)
        assert "charge in constituents as int8 of jet" in cuts.notes[0]

    def test_reads_the_newest_of_two_cycles_alone(self, jets, tmp_path):
        with uproot.recreate(tmp_path / "toy.root") as file:
            add_tree(file, "tree", jetclass_branches(jets.take(np.arange(30))))
            add_tree(file, "tree", jetclass_branches(jets))
        with uproot.open(tmp_path / "toy.root") as file:
            assert set(file.keys()) == {"tree;1", "tree;2"}
        assert_same(read("jetclass", tmp_path / "toy.root"), jets, rtol=1e-6)

    @pytest.mark.parametrize(
        "compression", [uproot.ZLIB(1), uproot.LZMA(1), uproot.ZSTD(1)], ids=lambda each: each.name
    )
    def test_names_file_tree_branch_and_entries_of_damage(self, jets, tmp_path, compression):
        with uproot.recreate(tmp_path / "toy.root", compression=compression) as file:
            add_tree(file, "tree", jetclass_branches(jets))
        content = (tmp_path / "toy.root").read_bytes()
        with uproot.open(tmp_path / "toy.root") as file:
            basket = file["tree"]["part_px"].basket(0)
            start = basket.cursor.index
        damaged = content[: start + 100] + b"\0" * 50 + content[start + 150 :]
        (tmp_path / "bad.root").write_bytes(damaged)
        where = "bad.root: tree 'tree', entries 0 to 40, branch 'part_px'"
        with pytest.raises(UnreadableFileError, match=where):
            read("jetclass", tmp_path / "bad.root")


class TestPFNano:
    @pytest.mark.parametrize("dialect", NANO_DIALECTS, ids=lambda names: names["links"])
    def test_links_candidates_to_jets_in_every_dialect(self, dialect, jets, tmp_path):
        write_tree(tmp_path / "toy.root", "Events", branches=nano_branches(jets, **dialect))
        read_back = read("pfnano", tmp_path / "toy.root", truth="qcd")
        event, jet_index = np.divmod(np.arange(40), 2)
        assert read_back.jets["event"].tolist() == event.tolist()
        assert read_back.jets["jet_index"].tolist() == jet_index.tolist()
        assert set(read_back.jets["weight"]) == {-2}
        assert set(read_back.jets["truth"]) == {TRUTH["qcd"]}
        for name in ("pt", "eta", "phi", "num_constituents"):
            np.testing.assert_array_equal(read_back.jets[name], jets.jets[name])
        np.testing.assert_allclose(read_back.jets["mass"], jets.jets["mass"], rtol=1e-3)
        for name, column in jets.constituents.items():
            np.testing.assert_allclose(
                read_back.constituents[name], column, rtol=1e-5, atol=1e-5, err_msg=name
            )

    def test_takes_some_jets_in_the_given_order(self, jets, tmp_path):
        branches = nano_branches(jets, **NANO_DIALECTS[0])
        write_tree(tmp_path / "toy.root", "Events", branches=branches)
        chunk = next(chunks := reader("pfnano").read(str(tmp_path / "toy.root")))
        rows = np.array([38, 3, 4])
        everything = chunk.take(np.arange(40))
        assert_same(chunk.take(rows), everything.take(rows))
        chunks.close()

    @pytest.mark.parametrize("rows", [[1, 2, 17, 38], [38, 3, 17]])
    def test_takes_some_jets_of_several_clusters(self, rows, jets, tmp_path):
        clusters = [jets.take(np.arange(first, first + 10)) for first in range(0, 40, 10)]
        branches = [nano_branches(cluster, **NANO_DIALECTS[0]) for cluster in clusters]
        with uproot.recreate(tmp_path / "toy.root") as file:
            add_tree(file, "Events", *branches)
        some = next(chunks := reader("pfnano").read(str(tmp_path / "toy.root")))
        every = next(others := reader("pfnano").read(str(tmp_path / "toy.root")))
        expected = every.take(np.arange(40)).take(np.array(rows))
        assert_same(some.take(np.array(rows)), expected)
        chunks.close()
        others.close()

    def test_unpacks_nothing_twice_for_a_selection_on_the_mass(self, jets, tmp_path, monkeypatch):
        branches = nano_branches(jets, **NANO_DIALECTS[0])
        write_tree(tmp_path / "toy.root", "Events", branches=branches)
        unpacked = []
        monkeypatch.setattr(
            baskets, "unpacked", lambda *block: unpacked.append(block) or blocks.unpacked(*block)
        )
        chunk = next(chunks := reader("pfnano").read(str(tmp_path / "toy.root")))
        chunk.column("mass")
        chunk.take(np.array([3, 4]))
        places = [packed.obj for packed, _ in unpacked]
        assert len(places) == len(set(places)) > 10
        chunks.close()

    @pytest.mark.parametrize("name", ["pFCandsIdx", "jetIdx"])
    def test_refuses_links_beyond_the_event(self, name, jets, tmp_path):
        branches = nano_branches(jets, **NANO_DIALECTS[0])
        links = branches["FatJetPFCands"]
        branches["FatJetPFCands"] = ak.with_field(links, links[name] + 1, name)
        write_tree(tmp_path / "toy.root", "Events", branches=branches)
        with pytest.raises(
            UnreadableFileError, match="FatJetPFCands_pFCandsIdx points beyond its event"
        ):
            read("pfnano", tmp_path / "toy.root")

    @pytest.mark.parametrize(
        ("collection", "field"), [("FatJetPFCands", "pFCandsIdx"), ("PFCands", "mass")]
    )
    def test_refuses_lists_of_different_lengths(self, collection, field, jets, tmp_path):
        branches = nano_branches(jets, **NANO_DIALECTS[0])
        whole = branches[collection]
        branches[collection] = ak.without_field(whole, field)
        branches[f"{collection}_{field}"] = whole[field][:, :-1]
        write_tree(tmp_path / "toy.root", "Events", branches=branches)
        with pytest.raises(UnreadableFileError, match=f"'{collection}_{field}' have different"):
            read("pfnano", tmp_path / "toy.root")

    def test_refuses_an_unknown_truth(self):
        with pytest.raises(ValueError, match="did you mean 't_bqq'"):
            plugins.config_of("datasets", "pfnano")(truth="t_bq")

    def test_takes_the_flavour_of_simulated_ak4_jets(self, jets, tmp_path):
        branches = nano_branches(
            jets, links="JetPFCands", index="pFCandsIdx", candidates="PFCands"
        )
        flavours = {
            "hadronFlavour": [5, 4, 0, 0, 0, 0],
            "partonFlavour": [5, 21, 21, -2, 0, 0],
            "genJetIdx": [0, 0, 0, 0, -1, 0],
        }
        few = {name: array[:3] for name, array in branches.items()}
        few["Jet"] = few.pop("FatJet")
        for name, values in flavours.items():
            few["Jet"] = ak.with_field(few["Jet"], ak.unflatten(np.array(values), 2), name)
        write_tree(tmp_path / "toy.root", "Events", branches=few)
        truth = read("pfnano", tmp_path / "toy.root", jets="AK4").jets["truth"]
        expected = ("bottom", "charm", "gluon", "light_quark", "pileup", "unknown")
        assert truth.tolist() == [TRUTH[name] for name in expected]


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"there is no folder {REAL_DATA}")
class TestRealFiles:
    @pytest.mark.parametrize(
        ("file", "jets", "puppi", "num_jets"),
        [
            ("pfnano.root", "AK8", "AK8", 24),
            ("pfnano.root", "AK4", "AK8", 64),
            ("nano_tt_v15.root", "AK8", "both", 64),
        ],
    )
    def test_constituents_add_up_to_the_jets_before_their_corrections(
        self, file, jets, puppi, num_jets
    ):
        path = REAL_DATA / file
        read_back = read("pfnano", path, jets=jets, puppi=puppi)
        assert len(read_back) == num_jets
        with uproot.open(path) as opened:
            collection = {"AK4": "Jet", "AK8": "FatJet"}[jets]
            raw, mass = (
                ak.to_numpy(ak.flatten(opened["Events"][f"{collection}_{name}"].array()))
                for name in ("rawFactor", "mass")
            )
        filled = read_back.jets["num_constituents"] > 0
        assert filled.sum() >= num_jets - 2
        momenta = jet_momenta(
            read_back.take(np.flatnonzero(filled)).constituents,
            counts=read_back.jets["num_constituents"][filled],
        )
        expected = read_back.jets["pt"] * (1 - raw)
        np.testing.assert_allclose(momenta["pt"], expected[filled], rtol=0.01)
        heavy = filled & (mass > 10)
        expected = mass * (1 - raw)
        np.testing.assert_allclose(read_back.jets["mass"][heavy], expected[heavy], rtol=0.02)

    def test_further_columns_are_as_in_nanoaod(self):
        column = "particleNet_QCD"
        path = REAL_DATA / "nano_tt_v15.root"
        found = read("pfnano", path, columns=[column]).jets[column]
        with uproot.open(path) as file:
            expected = ak.to_numpy(ak.flatten(file["Events"][f"FatJet_{column}"].array()))
        np.testing.assert_array_equal(found, expected.astype(np.float32))

    def test_names_the_nearest_further_column(self):
        with pytest.raises(UnreadableFileError, match="'FatJet_particleNet_QCDD'; did you mean"):
            read("pfnano", REAL_DATA / "nano_tt_v15.root", columns=["particleNet_QCDD"])

    @pytest.mark.slow  # NanoEvents lists the types of all 1,834 fields, in quadratic time
    def test_a_tree_and_an_rntuple_of_the_same_events_are_read_alike(self):
        tree, ntuple = (
            read("pfnano", REAL_DATA / name) for name in ("pfnano.root", "pfnano_rntuple.root")
        )
        assert_same(tree, ntuple)

    @pytest.mark.parametrize(
        ("file", "message"),
        [
            ("nano_tt_v12.root", "no constituents of AK8 jets"),
            ("nano_dy.root", "no constituents of AK8 jets"),
            ("nano_dy_empty.root", "no constituents of AK8 jets"),
            ("pfnano_skim.root", "no constituents of AK8 jets"),
            ("treemaker.root", "no tree 'Events'; known are: PreSelection"),
            ("bad_delphes.root", "no tree 'Events'"),
            ("nano_dy_malformed.parquet", "not a ROOT file"),
        ],
    )
    def test_refuses_by_name_what_it_cannot_use(self, file, message):
        with pytest.raises(UnreadableFileError, match=f"{file}.*{message}"):
            read("pfnano", REAL_DATA / file)
