"""DeepNTuples, in files of their form, against the jets that they were made of."""

import awkward as ak
import numpy as np
import pytest

from tagline.data.columns import TRUTH
from tagline.datasets import UnreadableFileError, ids_of_entries
from tagline.reading.cuts import Cuts
from tests.deepntuples_files import FIRST_EVENT, deepntuples_branches, write_deepntuples
from tests.readers import assert_same, branches_read, read, reader
from tests.toys import toy_jets, write_tree

NUM_JETS = 36  # each of the producer's twelve flags three times
CLUSTER = 12
MASSES = {211: 0.13957, 13: 0.10566, 11: 0.000511, 130: 0, 22: 0}  # as in a file of PFNano
TRUTH_OF_FLAGS = ["bottom"] * 5 + ["charm"] * 3 + ["light_quark"] * 2 + ["gluon", "unknown"]
INPUTS = {  # of DeepJet's training data structure, in its order
    "jets": (
        "nCpfcand nNpfcand nsv npv TagVarCSV_trackSumJetEtRatio TagVarCSV_trackSumJetDeltaR "
        "TagVarCSV_vertexCategory TagVarCSV_trackSip2dValAboveCharm "
        "TagVarCSV_trackSip2dSigAboveCharm TagVarCSV_trackSip3dValAboveCharm "
        "TagVarCSV_trackSip3dSigAboveCharm TagVarCSV_jetNSelectedTracks "
        "TagVarCSV_jetNTracksEtaRel"
    ),
    "charged": (
        "Cpfcan_BtagPf_trackEtaRel Cpfcan_BtagPf_trackPtRel Cpfcan_BtagPf_trackPPar "
        "Cpfcan_BtagPf_trackDeltaR Cpfcan_BtagPf_trackPParRatio Cpfcan_BtagPf_trackSip2dVal "
        "Cpfcan_BtagPf_trackSip2dSig Cpfcan_BtagPf_trackSip3dVal Cpfcan_BtagPf_trackSip3dSig "
        "Cpfcan_BtagPf_trackJetDistVal Cpfcan_ptrel Cpfcan_drminsv Cpfcan_VTX_ass "
        "Cpfcan_puppiw Cpfcan_chi2 Cpfcan_quality"
    ),
    "neutral": (
        "Npfcan_ptrel Npfcan_deltaR Npfcan_isGamma Npfcan_HadFrac Npfcan_drminsv Npfcan_puppiw"
    ),
    "vertices": (
        "sv_pt sv_deltaR sv_mass sv_ntracks sv_chi2 sv_normchi2 sv_dxy sv_dxysig sv_d3d "
        "sv_d3dsig sv_costhetasvpv sv_enratio"
    ),
}


@pytest.fixture(scope="module")
def jets():
    return toy_jets(NUM_JETS, seed=11)


@pytest.fixture(scope="module")
def branches(jets):
    return deepntuples_branches(jets)


@pytest.fixture(scope="module")
def path(branches, tmp_path_factory):
    path = tmp_path_factory.mktemp("deepntuples") / "ntuple_1.root"
    write_deepntuples(path, *in_clusters(branches))
    return path


@pytest.fixture
def written(tmp_path):
    """What writes branches, and returns where they are."""

    def write(branches, name="other.root"):
        write_deepntuples(tmp_path / name, branches)
        return tmp_path / name

    return write


@pytest.fixture
def asked(monkeypatch):
    """Which branches of which entries were read."""
    return branches_read(monkeypatch)


def in_clusters(branches):
    return [
        {name: values[start : start + CLUSTER] for name, values in branches.items()}
        for start in range(0, NUM_JETS, CLUSTER)
    ]


def without(branches, *names):
    return {name: values for name, values in branches.items() if name not in names}


def skimmed(path, selection, **options):
    """Return what passes a selection, and its account."""
    cuts = Cuts(selection)
    for chunk in reader("deepntuples", **options).read(str(path)):
        list(cuts.kept(chunk))
    return cuts


def test_gives_back_momenta_and_particles_charged_ones_first(path, jets):
    found = read("deepntuples", path)
    jet = np.repeat(np.arange(NUM_JETS), jets.jets["num_constituents"])
    order = np.lexsort([jets.constituents["charge"] == 0, jet])
    for name in ("px", "py", "pz", "energy", "dz"):
        np.testing.assert_allclose(
            found.constituents[name],
            jets.constituents[name][order],
            rtol=1e-5,
            atol=1e-4,
            err_msg=name,
        )
    for name in ("charge", "pdgid"):
        np.testing.assert_array_equal(found.constituents[name], jets.constituents[name][order])
    np.testing.assert_array_equal(found.constituents["d0"], np.abs(jets.constituents["d0"][order]))


def test_candidates_add_up_to_their_jets(path, jets):
    found = read("deepntuples", path)
    px, py = (
        np.add.reduceat(found.constituents[name], found.offsets[:-1]) for name in ("px", "py")
    )
    np.testing.assert_allclose(np.hypot(px, py), jets.jets["pt"], rtol=1e-5)
    np.testing.assert_allclose(found.jets["mass"], jets.jets["mass"], rtol=1e-3)
    for name in ("pt", "eta", "phi", "num_constituents"):
        np.testing.assert_array_equal(found.jets[name], jets.jets[name], err_msg=name)


def test_inputs_of_deepjet_come_first_and_in_its_order(path, branches):
    (chunk, *_) = reader("deepntuples").read(str(path))
    further = [column.name for column in chunk.further.jets]
    assert further[:13] == INPUTS["jets"].split()
    found = read("deepntuples", path)
    for name in further:
        np.testing.assert_array_equal(found.jets[name], branches[name], err_msg=name)
    assert [len(columns) for columns in found.tables.values()] == [16, 6, 12]
    for table, columns in found.tables.items():
        assert list(columns) == INPUTS[table].split()
        for name, column in columns.items():
            np.testing.assert_array_equal(column, ak.flatten(branches[name]), err_msg=name)


def test_lists_have_their_lengths_and_may_be_empty(path, branches):
    found = read("deepntuples", path).jets
    counters = {"num_charged": "nCpfcand", "num_neutral": "nNpfcand", "num_vertices": "nsv"}
    for name, counter in counters.items():
        np.testing.assert_array_equal(found[name], branches[counter], err_msg=name)
    np.testing.assert_array_equal(found["num_vertices"][:6], [0, 1, 2, 3, 4, 0])


def test_a_jet_may_have_neutral_candidates_alone(branches, jets, written):
    is_later = np.arange(NUM_JETS) > 0
    cut = branches | {
        name: values[ak.broadcast_arrays(is_later, values)[0]]
        for name, values in branches.items()
        if name.startswith("Cpfcan")
    }
    found, first = read("deepntuples", written(cut)), jets.take(np.array([0]))
    is_neutral = first.constituents["charge"] == 0
    assert found.jets["num_charged"][0] == 0
    assert found.jets["num_constituents"][0] == is_neutral.sum() > 0
    np.testing.assert_allclose(
        found.constituents["pz"][: is_neutral.sum()],
        first.constituents["pz"][is_neutral],
        rtol=1e-4,
    )


def test_tables_may_be_left_out(path):
    found = read("deepntuples", path, tables=["vertices"])
    assert set(found.tables) == {"vertices"}
    assert "num_charged" not in found.jets


def test_flags_say_what_a_jet_is(path):
    expected = [TRUTH[name] for name in TRUTH_OF_FLAGS] * (NUM_JETS // len(TRUTH_OF_FLAGS))
    np.testing.assert_array_equal(read("deepntuples", path).jets["truth"], expected)


def test_up_and_down_may_have_flags_of_their_own(branches, written):
    quarks = without(branches, "isUD") | {
        "isU": branches["isUD"] * (np.arange(NUM_JETS) < CLUSTER).astype(np.uint32),
        "isD": branches["isUD"] * (np.arange(NUM_JETS) >= CLUSTER).astype(np.uint32),
    }
    expected = read("deepntuples", written(branches)).jets["truth"]
    np.testing.assert_array_equal(read("deepntuples", written(quarks)).jets["truth"], expected)


def test_all_jets_may_be_said_to_be_the_same(branches, written):
    data = written(without(branches, "isB", "isG"))
    assert set(read("deepntuples", data, truth="qcd").jets["truth"]) == {TRUTH["qcd"]}


def test_jets_without_a_flavour_are_counted_once(path):
    assert skimmed(path, "truth != bottom").notes == ["3 jets without a known truth"]


@pytest.mark.parametrize("dtype", [np.uint32, np.int32])
def test_an_event_is_a_number_of_its_file(branches, written, dtype):
    numbers = {name: branches[name].astype(dtype) for name in ("event_no", "jet_no")}
    path = written(branches | numbers, "some.root")
    found = read("deepntuples", path).jets
    assert found["event"][:5].tolist() == [FIRST_EVENT + n for n in (0, 0, 1, 1, 2)]
    assert found["jet_index"][:5].tolist() == [0, 1, 0, 1, 0]
    other = read("deepntuples", written(branches, "more.root")).jets
    assert found["run"][0] != other["run"][0]


def test_an_event_is_an_entry_of_a_merged_file(branches, written):
    path = written(without(branches, "event_no", "jet_no"))
    found = read("deepntuples", path, events="entry", entries=5).jets
    for name, expected in ids_of_entries("other.root", range(NUM_JETS)).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


def test_weights_are_those_of_the_file_if_it_has_some(branches, path, written):
    assert set(read("deepntuples", path).jets["weight"]) == {1}
    weights = np.linspace(-1, 2, NUM_JETS, dtype=np.float32)
    found = read("deepntuples", written(branches | {"event_weight": weights}))
    np.testing.assert_array_equal(found.jets["weight"], weights)


def test_without_energies_candidates_have_the_masses_of_particle_flow(branches, written):
    path = written(without(branches, "Cpfcan_e", "Npfcan_e"))
    found = {
        name: column.astype(np.float64)
        for name, column in read("deepntuples", path).constituents.items()
    }
    momentum = np.sqrt(found["px"] ** 2 + found["py"] ** 2 + found["pz"] ** 2)
    for code, mass in MASSES.items():
        of_kind = (np.abs(found["pdgid"]) == code) & (momentum < 20)
        assert of_kind.any(), code
        square = (found["energy"] ** 2 - momentum**2)[of_kind]
        np.testing.assert_allclose(square, mass**2, atol=3e-4, err_msg=str(code))


def test_without_charges_there_are_no_ids(branches, written, path):
    found = read("deepntuples", written(without(branches, "Cpfcan_charge"))).constituents
    expected = read("deepntuples", path).constituents
    assert expected.keys() - found.keys() == {"charge", "pdgid"}
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_is_the_same_in_many_chunks(path):
    chunks = list(reader("deepntuples", entries=7).read(str(path)))
    assert [chunk.num_events for chunk in chunks] == [CLUSTER] * 3
    assert_same(read("deepntuples", path, entries=7), read("deepntuples", path))


def test_lists_are_read_only_where_a_jet_passes(path, asked):
    assert not skimmed(path, "pt > 1000", entries=CLUSTER).cut["all columns are finite"]
    assert asked == [(start, "jet_pt") for start in range(0, NUM_JETS, CLUSTER)]
    asked.clear()
    skimmed(path, f"event >= {FIRST_EVENT + 12}", entries=CLUSTER)
    assert {start for start, name in asked if name.startswith(("Cpf", "Npf", "sv"))} == {24}


def test_a_jet_with_a_nan_is_cut_and_named(branches, written):
    values = branches["Cpfcan_BtagPf_trackSip3dSig"]
    jet = np.arange(NUM_JETS) == 3
    odd = branches | {"Cpfcan_BtagPf_trackSip3dSig": ak.where(jet, np.float32(np.nan), values)}
    cuts = skimmed(written(odd), "pt > 0", truth="qcd")
    assert cuts.cut["all columns are finite"] == 1
    (note,) = cuts.notes
    assert f"event {FIRST_EVENT + 1}, jet_index 1 and 0 more" in note


@pytest.mark.parametrize(
    "branch", ["jet_phi", "Cpfcan_eta", "Npfcan_isGamma", "sv_pt", "isGCC", "isUD", "event_no"]
)
def test_names_the_branch_that_is_not_there(branches, written, branch):
    path = written(without(branches, branch))
    with pytest.raises(UnreadableFileError, match=rf"other.root: .*no branch '{branch}'"):
        read("deepntuples", path)


@pytest.mark.parametrize(
    ("branch", "counted_by"), [("Npfcan_eta", "Npfcan_pt"), ("sv_mass", "sv_pt")]
)
def test_refuses_lists_of_different_lengths(branches, tmp_path, branch, counted_by):
    path = tmp_path / "other.root"
    shortened = branches | {branch: branches[branch][:, 1:]}
    write_tree(path, "deepntuplizer/tree", branches=shortened)
    with pytest.raises(UnreadableFileError, match=f"{counted_by!r} and {branch!r} have different"):
        read("deepntuples", path)
