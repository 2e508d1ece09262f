"""The EnergyFlow archives, written by NumPy as the published ones were."""

import numpy as np
import pytest
import vector

from tagline.data.columns import TRUTH
from tagline.datasets import UnreadableFileError
from tagline.observables import species
from tests.published_files import energyflow_arrays, write_energyflow
from tests.readers import assert_same, read, reader
from tests.toys import toy_jets

NUM_JETS = 41
CHARGES = {11: -1, -11: 1, 13: -1, -13: 1, 22: 0, 130: 0, 211: 1, -211: -1, 321: 1, -321: -1}
CHARGES |= {2112: 0, -2112: 0, 2212: 1, -2212: -1}


@pytest.fixture(scope="module")
def jets():
    return toy_jets(NUM_JETS, seed=3)


@pytest.fixture(scope="module")
def path(jets, tmp_path_factory):
    path = tmp_path_factory.mktemp("energyflow") / "QG_jets.npz"
    write_energyflow(path, jets)
    return path


@pytest.fixture
def altered(jets, tmp_path):
    """Return an archive with some arrays replaced."""

    def write(**arrays):
        np.savez(tmp_path / "altered.npz", **(energyflow_arrays(jets) | arrays))
        return tmp_path / "altered.npz"

    return write


def test_gives_back_massless_momenta_ids_and_charges(jets, path):
    found = read("energyflow", path, masses="zero")
    for name in ("px", "py", "pz", "energy"):
        np.testing.assert_allclose(
            found.constituents[name], jets.constituents[name], rtol=1e-5, atol=1e-5
        )
    for name in ("pdgid", "charge"):
        np.testing.assert_array_equal(found.constituents[name], jets.constituents[name])
    for name in ("pt", "eta", "phi", "mass"):
        np.testing.assert_allclose(found.jets[name], jets.jets[name], rtol=1e-4, err_msg=name)
    quark = jets.jets["truth"] == TRUTH["t_bqq"]
    expected = np.where(quark, TRUTH["light_quark"], TRUTH["gluon"])
    np.testing.assert_array_equal(found.jets["truth"], expected)


def test_momenta_have_the_masses_of_their_ids(path):
    """Against `vector` from the same four numbers; pT, azimuth and rapidity stay what they are."""
    found = read("energyflow", path).constituents
    with np.load(path) as arrays:
        pt, rapidity, phi, pdgid = arrays["X"][arrays["X"][:, :, 0] > 0].T
    mass = np.array([species.SPECIES[abs(int(code))][0] for code in pdgid])
    momentum = vector.array(
        {name: found[name].astype(np.float64) for name in ("px", "py", "pz", "energy")}
    )
    np.testing.assert_allclose(momentum.pt, pt, rtol=1e-5)
    np.testing.assert_allclose(
        momentum.deltaphi(vector.array({"pt": pt, "phi": phi})), 0, atol=1e-5
    )
    np.testing.assert_allclose(momentum.rapidity, rapidity, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(momentum.mass2, mass**2, atol=1e-6 * momentum.energy.max() ** 2)
    heavy = mass > 0.1 * momentum.energy
    assert heavy.any()
    np.testing.assert_allclose(momentum.mass[heavy], mass[heavy], rtol=1e-3)


@pytest.mark.parametrize("entries", [1, 7, NUM_JETS - 1, NUM_JETS, 1000])
def test_is_the_same_in_chunks_of_any_size(path, entries):
    assert_same(read("energyflow", path, entries=entries), read("energyflow", path))


def test_reads_archives_that_are_not_compressed(path, altered):
    packed, plain = (read("energyflow", file).constituents for file in (path, altered()))
    for name in packed:
        np.testing.assert_array_equal(packed[name], plain[name])


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.int8])
def test_labels_may_be_of_any_type(path, altered, kind):
    with np.load(path) as arrays:
        labels = arrays["y"].astype(kind)
    found = read("energyflow", altered(y=labels)).jets["truth"]
    np.testing.assert_array_equal(found, read("energyflow", path).jets["truth"])


def test_a_row_is_an_event_of_its_file(path):
    ids = read("energyflow", path).jets
    assert ids["event"].tolist() == list(range(NUM_JETS))
    assert len(set(ids["run"])) == 1


def test_charges_follow_from_ids():
    codes = np.array(list(CHARGES))
    assert species.charges(codes).tolist() == list(CHARGES.values())


def test_notes_particles_that_it_does_not_know(jets, altered):
    particles = energyflow_arrays(jets)["X"].copy()
    particles[3, :2, 3] = 1000010020
    (chunk,) = reader("energyflow").read(str(altered(X=particles)))
    (note,) = chunk.notes
    assert note.endswith("since not known: 2 of id 1000010020")
    found = chunk.take(np.array([3])).constituents
    assert found["charge"][:2].tolist() == [0, 0]


def test_notes_padding_between_particles(jets, altered):
    particles = energyflow_arrays(jets)["X"].copy()
    particles[3, 1] = 0
    (chunk,) = reader("energyflow").read(str(altered(X=particles)))
    assert "1 empty constituents between others" in chunk.notes[0]


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"y": np.full(NUM_JETS, 2)}, "'y' is [2], not 0 or 1"),
        (
            {"y": np.zeros(NUM_JETS - 1)},
            f"different lengths: {{'X': {NUM_JETS}, 'y': {NUM_JETS - 1}}}",
        ),
        ({"X": np.zeros((NUM_JETS, 5, 3))}, f"'X' is ({NUM_JETS}, 5, 3), not (J, N, 4)"),
        (
            {"X": np.zeros((NUM_JETS, 5, 4), order="F")},
            "array 'X': ValueError: no rows of numbers",
        ),
        ({"X": np.array([None] * NUM_JETS)}, "array 'X': ValueError: no rows of numbers"),
    ],
)
def test_refuses_other_arrays(altered, arrays, says):
    with pytest.raises(UnreadableFileError) as refused:
        read("energyflow", altered(**arrays))
    assert says in str(refused.value)
    assert "altered.npz" in str(refused.value)


def test_names_the_nearest_array(jets, tmp_path):
    arrays = energyflow_arrays(jets)
    np.savez(tmp_path / "other.npz", x=arrays["X"], y=arrays["y"])
    with pytest.raises(UnreadableFileError, match=r"other.npz: no array 'X'; known are: x, y"):
        read("energyflow", tmp_path / "other.npz")


def test_notices_damage_anywhere_in_the_particles(altered):
    path = altered()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4] = b"\x7f\x7f\x7f\x7f"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"altered.npz: rows 0 to 41: BadZipFile"):
        read("energyflow", path)
