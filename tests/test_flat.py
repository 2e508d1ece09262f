"""Files that the configuration describes, of every kind that it can describe."""

import os
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from tagline.data.columns import TRUTH, Column
from tagline.data.jets import concatenate
from tagline.datasets import UnreadableFileError
from tagline.reading.cuts import Cuts
from tests.readers import assert_same, branches_read, read, reader
from tests.toys import add_tree, jetclass_branches, toy_jets, write_tree

REAL_DATA = Path(os.environ.get("TAGLINE_REAL_DATA", "../shared/data"))
NUM_JETS = 24
IDS = ("run", "luminosity_block", "event", "jet_index")
AXIS = {name: f"jet_{name}" for name in ("pt", "eta", "phi")}
MOMENTA = {name: f"part_{name}" for name in ("px", "py", "pz", "energy")}
FLAGS = {"qcd": "label_QCD", "t_bqq": "label_Tbqq"}
IMPACT = {"d0": "d0val", "d0_error": "d0err", "dz": "dzval", "dz_error": "dzerr"}
COLUMNS = MOMENTA | {
    "charge": "part_charge",
    **{name: {"branch": f"part_{branch}", "scale": 0.1} for name, branch in IMPACT.items()},
}
OPTIONS = {
    "jets": {name: name for name in IDS} | AXIS,
    "truth": {"flags": FLAGS},
    "constituents": {"columns": COLUMNS},
}


@pytest.fixture
def jets():
    whole = toy_jets(NUM_JETS, seed=5)
    del whole.constituents["pdgid"]  # which OPTIONS do not describe
    return whole


@pytest.fixture
def branches():
    """What is in a file of them, lists as awkward arrays."""
    whole = jetclass_branches(toy_jets(NUM_JETS, seed=5))
    particles = whole.pop("part")
    return whole | {f"part_{name}": particles[name] for name in ak.fields(particles)}


def options(**changes):
    return OPTIONS | changes


def with_constituents(columns, **more):
    return options(constituents={"columns": columns, **more})


def write_hdf5(path, branches, *, records=False, slots=80):
    """Write flat arrays and padded lists, or records of them."""
    with h5py.File(path, "w") as file:
        flat = {name: values for name, values in branches.items() if not is_list(values)}
        lists = {name: pad(values, slots) for name, values in branches.items() if is_list(values)}
        counts = ak.to_numpy(ak.num(branches["part_px"]))
        flat["num"], lists["valid"] = counts, np.arange(slots) < counts[:, None]
        for group, arrays in {"jets": flat, "parts": lists}.items():
            for name, values in {} if records else arrays.items():
                file[name] = values
            if records:
                file[group] = as_records(arrays)


def skimmed(path, selection="", **described):
    """Return what passes a selection, and its account."""
    cuts = Cuts(selection)
    chunks = reader("flat", **described).read(str(path))
    return concatenate([jets for chunk in chunks for jets in cuts.kept(chunk)]), cuts


def is_list(values):
    return isinstance(values, ak.Array)


def pad(values, slots):
    return ak.to_numpy(ak.fill_none(ak.pad_none(values, slots, clip=True), 0))


def as_records(arrays):
    first = next(iter(arrays.values()))
    records = np.zeros(first.shape, [(name, values.dtype) for name, values in arrays.items()])
    for name, values in arrays.items():
        records[name] = values
    return records


def test_reads_lists_of_a_tree(jets, branches, tmp_path):
    write_tree(tmp_path / "toy.root", "tree", branches=branches)
    assert_same(read("flat", tmp_path / "toy.root", **OPTIONS), jets, rtol=1e-6)


def test_reads_lists_of_an_rntuple(jets, branches, tmp_path):
    with uproot.recreate(tmp_path / "toy.root") as file:
        file.mkrntuple("tree", branches)
    assert_same(read("flat", tmp_path / "toy.root", **OPTIONS), jets, rtol=1e-6)


def test_reads_fixed_arrays_of_a_tree(jets, branches, tmp_path):
    fixed = {name: pad(v, 80) if is_list(v) else v for name, v in branches.items()}
    fixed["num"] = ak.to_numpy(ak.num(branches["part_px"]))
    write_tree(tmp_path / "toy.root", "tree", branches=fixed)
    found = read("flat", tmp_path / "toy.root", **with_constituents(COLUMNS, count="num"))
    assert_same(found, jets, rtol=1e-6)


@pytest.mark.parametrize("filled", [{"count": "num"}, {"valid": "valid"}])
def test_reads_padded_arrays_of_hdf5(filled, jets, branches, tmp_path):
    write_hdf5(tmp_path / "toy.h5", branches)
    found = read("flat", tmp_path / "toy.h5", tree="/", **with_constituents(COLUMNS, **filled))
    assert_same(found, jets, rtol=1e-6)


def test_a_slot_is_filled_where_both_count_and_flag_say_so(jets, branches, tmp_path):
    write_hdf5(tmp_path / "toy.h5", branches)
    counts = jets.jets["num_constituents"]
    num, valid = np.arange(NUM_JETS) % 4, np.arange(80) < counts[:, None]
    valid[:, 1] = False
    with h5py.File(tmp_path / "toy.h5", "r+") as file:
        file["num"][:], file["valid"][:] = num, valid
    filled = {"count": "num", "valid": "valid"}
    found = read("flat", tmp_path / "toy.h5", tree="/", **with_constituents(MOMENTA, **filled))
    expected = [
        value
        for values, n in zip(ak.to_list(branches["part_px"]), num, strict=True)
        for place, value in enumerate(values[:n])
        if place != 1
    ]
    np.testing.assert_array_equal(found.constituents["px"], np.float32(expected))


def test_padding_without_a_count_is_left_out_and_counted(jets, branches, tmp_path):
    write_hdf5(tmp_path / "toy.h5", branches)
    chunks = reader("flat", tree="/", **with_constituents(COLUMNS)).read(str(tmp_path / "toy.h5"))
    cuts = Cuts(f"num_constituents < {jets.jets['num_constituents'].max() + 1}")
    (found,) = (kept for chunk in chunks for kept in cuts.kept(chunk))
    assert_same(found, jets, rtol=1e-6)
    num_empty = 80 * NUM_JETS - len(jets.constituents["px"])
    assert cuts.notes == [f"{num_empty} constituents without pt, left out"]


def test_reads_records_of_hdf5(jets, branches, tmp_path):
    write_hdf5(tmp_path / "toy.h5", branches, records=True)
    found = read(
        "flat",
        tmp_path / "toy.h5",
        tree="/",
        jets={name: f"jets/{branch}" for name, branch in OPTIONS["jets"].items()},
        truth={"flags": {name: f"jets/{branch}" for name, branch in FLAGS.items()}},
        constituents={
            "columns": {name: f"parts/{branch}" for name, branch in MOMENTA.items()},
            "valid": "parts/valid",
        },
        entries=7,
    )
    for name in MOMENTA:
        np.testing.assert_allclose(found.constituents[name], jets.constituents[name], rtol=1e-6)


@pytest.mark.parametrize("rows", [5, 1000])
def test_reads_lists_of_parquet(rows, jets, branches, tmp_path):
    table = pa.table({name: pa.array(ak.to_list(v)) for name, v in branches.items()})
    pq.write_table(table, tmp_path / "toy.parquet", row_group_size=rows)
    found = read("flat", tmp_path / "toy.parquet", entries=1, **OPTIONS)
    assert_same(found, jets, rtol=1e-6)


def test_a_null_of_parquet_is_not_a_number(branches, tmp_path):
    columns = {name: ak.to_list(values) for name, values in branches.items()}
    columns["jet_eta"][3] = columns["part_px"][4][0] = columns["part_py"][5] = None
    pq.write_table(pa.table(columns), tmp_path / "toy.parquet")
    with pytest.raises(UnreadableFileError, match="'part_px' and 'part_py' have different length"):
        read("flat", tmp_path / "toy.parquet", **OPTIONS)
    columns["part_py"][5] = columns["part_px"][5]
    pq.write_table(pa.table(columns), tmp_path / "toy.parquet")
    found = read("flat", tmp_path / "toy.parquet", **OPTIONS)
    assert np.flatnonzero(np.isnan(found.jets["eta"])).tolist() == [3]
    assert np.flatnonzero(np.isnan(found.constituents["px"])).tolist() == [found.offsets[4]]


@pytest.mark.parametrize("friend", ["more", "{folder}/{stem}_more.root:more"])
def test_a_friend_has_further_branches_of_the_same_entries(friend, jets, branches, tmp_path):
    own = {name: values for name, values in branches.items() if not is_list(values)}
    others = {name: values for name, values in branches.items() if is_list(values)}
    if friend == "more":
        with uproot.recreate(tmp_path / "toy.root") as file:
            add_tree(file, "tree", own)
            add_tree(file, "more", others)
    else:
        write_tree(tmp_path / "toy.root", "tree", branches=own)
        write_tree(tmp_path / "toy_more.root", "more", branches=others)
    found = read("flat", tmp_path / "toy.root", friends=[friend], **OPTIONS)
    assert_same(found, jets, rtol=1e-6)


def test_a_friend_of_other_entries_is_refused(branches, tmp_path):
    with uproot.recreate(tmp_path / "toy.root") as file:
        add_tree(file, "tree", branches)
        add_tree(file, "more", {"one": np.zeros(3)})
    with pytest.raises(UnreadableFileError, match=f"tree 'more' has 3 entries, not {NUM_JETS}"):
        read("flat", tmp_path / "toy.root", friends=["more"], **OPTIONS)


def test_an_entry_may_be_an_event_with_lists_of_jets(jets, branches, tmp_path):
    sizes = [3, 0, 5, NUM_JETS - 8]
    per_jet = {name: ak.unflatten(values, sizes) for name, values in branches.items()}
    per_jet |= {"run": np.full(4, 7), "event": np.arange(4), "luminosity_block": np.ones(4)}
    del per_jet["jet_index"]
    table = pa.table({name: pa.array(ak.to_list(v)) for name, v in per_jet.items()})
    pq.write_table(table, tmp_path / "toy.parquet")
    names = {name: name for name in IDS[:3]} | AXIS
    found = read("flat", tmp_path / "toy.parquet", entry="event", **options(jets=names))
    assert found.jets["event"].tolist() == np.repeat(np.arange(4), sizes).tolist()
    assert found.jets["jet_index"].tolist() == [i for size in sizes for i in range(size)]
    for name, column in jets.constituents.items():
        np.testing.assert_allclose(found.constituents[name], column, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("entries", [1, 100])
def test_jets_of_an_event_are_told_apart_in_the_order_of_the_file(entries, branches, tmp_path):
    """Events cross chunks, one is spread over the file, and some chunks have no passing jet."""
    events = np.repeat(np.arange(NUM_JETS // 3), 3)
    events[[0, 23]] = 3
    columns = {name: ak.to_list(values) for name, values in branches.items()}
    table = pa.table(columns | {"event": events})
    pq.write_table(table, tmp_path / "toy.parquet", row_group_size=5)
    changed = options(jets=AXIS | {"event": "event"}, entries=entries)
    found = read("flat", tmp_path / "toy.parquet", **changed).jets["jet_index"]
    expected = [int((events[:place] == event).sum()) for place, event in enumerate(events)]
    assert found.tolist() == expected
    kept, _ = skimmed(tmp_path / "toy.parquet", "event == 3", **changed)
    assert kept.jets["jet_index"].tolist() == [0, 1, 2, 3, 4]


def test_a_number_of_too_many_jets_is_not_that_of_an_event(tmp_path):
    num = 2**16 + 1
    flat = dict.fromkeys((*AXIS.values(), "event"), np.ones(num))
    lists = dict.fromkeys(MOMENTA.values(), np.ones((num, 1), np.float32))
    with h5py.File(tmp_path / "toy.h5", "w") as file:
        for name, values in (flat | lists).items():
            file[name] = values
    changed = {"jets": AXIS | {"event": "event"}, "constituents": {"columns": MOMENTA}}
    with pytest.raises(UnreadableFileError, match="branch 'event': more than 65536 jets have the"):
        read("flat", tmp_path / "toy.h5", tree="/", **changed)


def test_momenta_may_be_polar(jets, branches, tmp_path):
    px, py, pz = (branches[f"part_{name}"] for name in ("px", "py", "pz"))
    pt = np.hypot(px, py)
    polar = {"p_pt": pt, "p_eta": np.arcsinh(pz / pt), "p_phi": np.arctan2(py, px)}
    write_tree(tmp_path / "toy.root", "tree", branches=branches | polar)
    named = {name.removeprefix("p_"): name for name in polar}
    found = read("flat", tmp_path / "toy.root", **with_constituents(named))
    for name in MOMENTA:
        np.testing.assert_allclose(
            found.constituents[name], jets.constituents[name], rtol=1e-4, atol=1e-4
        )


def test_columns_and_tables_of_ones_own_are_declared_and_read(branches, tmp_path):
    write_tree(tmp_path / "toy.root", "tree", branches=branches)
    own = {"branch": "jet_energy", "unit": "GeV", "meaning": "its energy"}
    tracks = {"columns": {"dz": {"branch": "part_dzval", "unit": "mm"}}}
    changed = options(jets=OPTIONS["jets"] | {"energy": own}, tables={"tracks": tracks})
    (chunk,) = reader("flat", **changed).read(str(tmp_path / "toy.root"))
    assert chunk.further.jets == (Column("energy", "float32", "GeV", "its energy", False),)
    found = read("flat", tmp_path / "toy.root", **changed)
    np.testing.assert_array_equal(found.jets["energy"], branches["jet_energy"])
    np.testing.assert_array_equal(found.tables["tracks"]["dz"], ak.flatten(branches["part_dzval"]))
    np.testing.assert_array_equal(found.jets["num_tracks"], found.jets["num_constituents"])


def test_what_stands_for_nothing_is_replaced_and_counted(branches, tmp_path):
    eta = branches["jet_eta"].copy()
    eta[:3], eta[5] = -999, np.nan
    write_tree(tmp_path / "toy.root", "tree", branches=branches | {"jet_eta": eta})
    entry = {"branch": "jet_eta", "missing": [-999], "nan_is_missing": True, "instead": 9}
    chunks = reader("flat", **options(jets=OPTIONS["jets"] | {"eta": entry}, entries=5))
    cuts = Cuts("abs(eta) < 10")
    (kept,) = (jets for c in chunks.read(str(tmp_path / "toy.root")) for jets in cuts.kept(c))
    assert np.flatnonzero(kept.jets["eta"] == 9).tolist() == [0, 1, 2, 5]
    assert cuts.notes == ["4 values of 'jet_eta' that stand for nothing, taken as 9"]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_stands_for_nothing_is_as_the_type_of_a_branch_has_it(dtype, branches, tmp_path):
    values = np.full(NUM_JETS, 0.3, dtype)
    values[[2, 3]] = -99.9
    write_hdf5(tmp_path / "toy.h5", branches | {"depth": values})
    depth = {"branch": "depth", "missing": [-99.9]}
    changed = with_constituents(MOMENTA, count="num") | {"jets": AXIS | {"depth": depth}}
    kept, cuts = skimmed(tmp_path / "toy.h5", tree="/", **changed)
    assert np.flatnonzero(kept.jets["depth"] == 0).tolist() == [2, 3]
    assert "2 values of 'depth' that stand for nothing, taken as 0" in cuts.notes


def test_a_scale_keeps_what_doubles_hold(branches, tmp_path):
    values = np.linspace(1, 2, NUM_JETS)
    write_tree(tmp_path / "toy.root", "tree", branches=branches | {"length": values})
    length = {"branch": "length", "scale": 0.001, "dtype": "float64"}
    found = read("flat", tmp_path / "toy.root", **options(jets=AXIS | {"length": length}))
    np.testing.assert_array_equal(found.jets["length"], values * 0.001)


@pytest.mark.parametrize(
    ("column", "dtype", "value"),
    [
        ("run", "uint32", -1),
        ("event", "uint64", -1),
        ("event", "uint64", 2.0**64),
        ("jet_index", "uint16", 65536),
        ("hits", "int8", 300),
        ("hits", "int8", np.float16(300)),
        ("hits", "int32", 2.0**31),
        ("hits", "int32", np.float32(np.nan)),
        ("hits", "int64", -np.inf),
    ],
)
def test_a_jet_with_what_integers_cannot_hold_is_cut_and_named(
    column, dtype, value, branches, tmp_path
):
    values = np.arange(NUM_JETS).astype(np.asarray(value).dtype)
    if column == "event" and value == -1:
        values += 2**60 + 1  # which only integers hold
    expected = np.delete(values, 2).astype(dtype)
    values[2] = value
    write_hdf5(tmp_path / "toy.h5", branches | {"odd": values})
    own = {"branch": "odd"} | ({"dtype": dtype} if column == "hits" else {})
    changed = with_constituents(MOMENTA, count="num") | {"jets": OPTIONS["jets"] | {column: own}}
    kept, cuts = skimmed(tmp_path / "toy.h5", tree="/", **changed)
    assert kept.jets[column].dtype == dtype
    np.testing.assert_array_equal(kept.jets[column], expected)
    assert cuts.cut["all columns are finite"] == 1
    (note,) = cuts.notes
    assert note.startswith(f"not finite: {column} as {dtype} of jet run ")


def test_a_jet_with_a_charge_that_is_not_a_number_is_cut_and_named(branches, tmp_path):
    charge = ak.to_numpy(ak.flatten(branches["part_charge"])).astype(np.float32)
    counts = ak.num(branches["part_px"])
    charge[ak.sum(counts[:5])] = np.nan
    odd = branches | {"part_charge": ak.unflatten(charge, counts)}
    write_tree(tmp_path / "toy.root", "tree", branches=odd)
    kept, cuts = skimmed(tmp_path / "toy.root", **OPTIONS)
    assert len(kept) == NUM_JETS - 1
    assert kept.constituents["charge"].dtype == np.int8
    assert "charge in constituents as int8 of jet" in cuts.notes[0]


def test_codes_say_what_jets_are_and_others_are_counted(branches, tmp_path):
    codes = np.arange(NUM_JETS) % 3 + 4
    write_tree(tmp_path / "toy.root", "tree", branches=branches | {"flavour": codes})
    truth = {"branch": "flavour", "codes": {4: "charm", 5: "bottom"}}
    chunk = next(chunks := reader("flat", **options(truth=truth)).read(str(tmp_path / "toy.root")))
    expected = np.array([TRUTH["charm"], TRUTH["bottom"], TRUTH["unknown"]])[codes - 4]
    np.testing.assert_array_equal(chunk.column("truth"), expected)
    chunk.read("truth")  # as a selection does, too
    assert chunk.odd["jets without a known truth"] == NUM_JETS // 3
    chunks.close()


def test_reads_only_what_is_asked_for(branches, tmp_path, monkeypatch):
    write_tree(tmp_path / "toy.root", "tree", branches=branches)
    asked = branches_read(monkeypatch)
    for chunk in reader("flat", **OPTIONS).read(str(tmp_path / "toy.root")):
        assert list(Cuts("pt > 1e6").kept(chunk)) == []
    assert asked == [(0, "jet_pt")]


@pytest.mark.parametrize("name", ["toy.h5", "toy.parquet"])
def test_only_root_files_are_read_from_afar(name):
    with pytest.raises(UnreadableFileError, match=f"https://host/{name}: only ROOT files"):
        list(reader("flat", **OPTIONS).read(f"https://host/{name}"))


def test_deepntuples_are_described_by_flags_and_counted_arrays(branches, tmp_path):
    """Branches as DeepNTuples writes them: offsets of -1 and -0.5 are of its features."""
    pt = branches["part_px"]
    flags = {name: np.arange(NUM_JETS) % 3 == n for n, name in enumerate(("isB", "isC", "isUD"))}
    deep = {name: branches[f"jet_{name}"] for name in ("pt", "eta", "phi")}
    deep = {f"jet_{name}": values for name, values in deep.items()} | {
        name: flag.astype(np.int32) for name, flag in flags.items()
    }
    deep |= {"Cpfcan_pt": np.abs(pt), "Cpfcan_eta": np.sign(pt), "Cpfcan_phi": -np.sign(pt)}
    deep |= {"Cpfcan_ptrel": np.abs(pt) / 1000 - 1, "Npfcan_ptrel": pt[:, :2] / 1000 - 1}
    with uproot.recreate(tmp_path / "deep.root") as file:
        types = {name: v.type if is_list(v) else v.dtype for name, v in deep.items()}
        file.mktree("deepntuplizer/tree", types).extend(deep)
    found = read(
        "flat",
        tmp_path / "deep.root",
        tree="deepntuplizer/tree",
        jets=AXIS,
        truth={"flags": {"bottom": "isB", "charm": "isC", "light_quark": "isUD"}},
        constituents={
            "columns": {name: f"Cpfcan_{name}" for name in ("pt", "eta", "phi", "ptrel")}
        },
        tables={"neutrals": {"columns": {"ptrel": "Npfcan_ptrel"}}},
    )
    names = ("bottom", "charm", "light_quark")
    assert found.jets["truth"].tolist() == [TRUTH[names[n % 3]] for n in range(NUM_JETS)]
    np.testing.assert_array_equal(found.constituents["ptrel"], ak.flatten(deep["Cpfcan_ptrel"]))
    assert set(found.jets["num_neutrals"]) == {2}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jets": AXIS | {"pt": "jet_ptt"}}, "no branch 'jet_ptt'; did you mean 'jet_pt'"),
        ({"jets": AXIS | {"pt": "part_px"}}, "branch 'part_px': .* is not one number an entry"),
        ({"constituents": {"columns": MOMENTA | {"px": "jet_pt"}}}, "not one list of numbers"),
        (
            {"constituents": {"columns": MOMENTA, "valid": "flags"}},
            "'flags' and 'part_px' have different lengths",
        ),
        ({"entry": "event"}, "branch 'jet_pt': .* is not one list of numbers"),
        ({"friends": ["moer"]}, "no tree 'moer'"),
    ],
)
def test_a_wrong_description_names_file_and_branch(changes, says, branches, tmp_path):
    flags = ak.ones_like(branches["part_px"])[:, 1:]
    write_tree(tmp_path / "toy.root", "tree", branches=branches | {"flags": flags})
    with pytest.raises(UnreadableFileError, match=f"toy.root.*{says}"):
        read("flat", tmp_path / "toy.root", **options(**changes))


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"there is no folder {REAL_DATA}")
def test_reads_jets_with_vectors_of_tracks_as_another_program():
    path = REAL_DATA / "b-jet-tracks/test_data.root"
    found = read(
        "flat",
        path,
        jets=AXIS | {"jet_mass": "jet_M"},
        truth={"branch": "jet_flav", "codes": {0: "light_quark", 4: "charm", 5: "bottom"}},
        constituents={"columns": {name: f"trk_{name}" for name in ("pt", "eta", "phi", "charge")}},
    )
    with uproot.open(path) as file:
        expected = file["tree"].arrays(library="ak")
    assert len(found) == len(expected) == 2845
    assert set(found.jets["truth"]) == {TRUTH[name] for name in ("light_quark", "charm", "bottom")}
    np.testing.assert_array_equal(found.jets["jet_mass"], expected.jet_M)
    np.testing.assert_array_equal(found.jets["num_constituents"], ak.num(expected.trk_pt))
    sums = np.hypot(found.constituents["px"], found.constituents["py"])
    np.testing.assert_allclose(sums, ak.flatten(expected.trk_pt), rtol=1e-5)


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason=f"there is no folder {REAL_DATA}")
def test_reads_vectors_of_vectors_over_the_jets_of_events():
    """Of PHYSLITE, which has a number for each jet and vertex of an event."""
    path = REAL_DATA / "coffea-samples/PHYSLITE_example.root"
    jets, nested = "AnalysisJetsAuxDyn", "AnalysisJetsAuxDyn.SumPtTrkPt500"
    found = read(
        "flat",
        path,
        tree="CollectionTree",
        entry="event",
        jets={name: f"{jets}.{name}" for name in ("pt", "eta", "phi")}
        | {"event": "EventInfoAuxDyn.eventNumber"},
        constituents={"columns": dict.fromkeys(MOMENTA, nested)},
        tables={"vertices": {"columns": {"sum_pt": {"branch": nested, "scale": 0.001}}}},
    )
    with uproot.open(path) as file:
        tree = file["CollectionTree"]
        sums, event = tree[nested].array(), tree["EventInfoAuxDyn.eventNumber"].array()
    flat = ak.to_numpy(ak.flatten(sums, axis=None))
    np.testing.assert_allclose(found.tables["vertices"]["sum_pt"], flat / 1000, rtol=1e-6)
    assert found.jets["num_vertices"].tolist() == ak.num(ak.flatten(sums)).tolist()
    np.testing.assert_array_equal(found.jets["event"], np.repeat(event, ak.num(sums)))
