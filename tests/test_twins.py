"""Jets of the same constituents, which have other event ids and another order of particles."""

import numpy as np
import pytest

from tagline.artefacts.files import read_json
from tagline.data.jets import Jets, concatenate
from tagline.data.twins import content_hashes
from tagline.settings.task import Task
from tagline.split import split
from tests.toy_splits import permuted, write_skim
from tests.toys import toy_jets

DATASETS = ("one", "two", "three")
TASK = {
    "classes": {
        "qcd": {"datasets": DATASETS, "select": "truth == qcd"},
        "top": {"datasets": DATASETS, "select": "truth == t_bqq"},
    },
    "splits": {"train": ("one",), "validation": ("two",), "test": ("three",)},
}


@pytest.fixture
def leaking():
    """Three datasets; two jets of the first and three of the second are in the third."""
    first, second, third = (toy_jets(200, seed=seed) for seed in range(3))
    copies = [first.take(np.array([3, 5])), permuted(second.take(np.array([1, 2, 8])), seed=1)]
    third = concatenate([third, *copies, third.take(np.array([7]))])
    third.jets["event"] = np.arange(len(third)).astype(np.uint64)
    return {"one": first, "two": second, "three": third}


@pytest.fixture
def run(tmp_path):
    """Return the ledger of a split into tmp_path/split, of which each dataset is a part."""

    def split_jets(jets, **options):
        skims = {name: [write_skim(tmp_path / name, jets[name])] for name in jets}
        split(
            skims,
            task=Task(**TASK, **options),
            folder=tmp_path / "split",
            sampling=tmp_path / "sampling.json",
        )
        return read_json(tmp_path / "split/ledger.json")

    return split_jets


def test_twins_are_counted_in_the_ledger_and_the_log(leaking, run, caplog):
    assert run(leaking)["twins"] == {
        "train": 0,
        "validation": 0,
        "test": 1,
        "train and validation": 0,
        "train and test": 2,
        "validation and test": 3,
    }
    assert "'train and test': 2" in caplog.text


def test_events_of_two_datasets_are_refused_on_both_sides(run):
    """Of 200 events each, the last 20 of the first are the first of the second."""
    jets = {name: toy_jets(200, seed=seed) for seed, name in enumerate(DATASETS)}
    for number, name in enumerate(DATASETS):
        jets[name].jets["event"] += np.uint64(1000 * number)
    run(jets, refuse_shared_events=True)
    jets["two"].jets["event"] -= np.uint64(820)
    with pytest.raises(ValueError, match=r"two splits: .*'train and validation': 20, 'train and"):
        run(jets, refuse_shared_events=True)


def test_twins_across_splits_are_refused_on_demand(leaking, run, tmp_path):
    with pytest.raises(ValueError, match=r"in two splits: .*'validation and test': 3"):
        run(leaking, refuse_twins=True)
    assert not (tmp_path / "split").exists()


def test_twins_within_a_split_are_not_refused(run):
    one = toy_jets(100, seed=0)
    one = concatenate([one, one.take(np.array([4]))])
    one.jets["event"] = np.arange(101).astype(np.uint64)
    jets = {"one": one, "two": toy_jets(100, seed=1), "three": toy_jets(100, seed=2)}
    assert run(jets, refuse_twins=True)["twins"]["train"] == 1


def test_no_twins_are_jets_that_differ_in_the_last_bit_of_one_particle():
    jets = toy_jets(50, seed=1)
    changed = jets.constituents["pz"].copy()
    changed[jets.offsets[:-1]] = np.nextafter(changed[jets.offsets[:-1]], np.float32(np.inf))
    others = Jets(jets.jets, jets.constituents | {"pz": changed})
    assert not np.isin(content_hashes(others), content_hashes(jets)).any()


def test_no_twins_are_made_by_swapping_momenta_between_particles():
    """Sums over particles stay the same, the particles do not."""
    jets = toy_jets(50, seed=1)
    swapped = jets.constituents["px"].copy()
    first = jets.offsets[:-1]
    swapped[first], swapped[first + 1] = swapped[first + 1], swapped[first]
    others = Jets(jets.jets, jets.constituents | {"px": swapped})
    assert not np.isin(content_hashes(others), content_hashes(jets)).any()
