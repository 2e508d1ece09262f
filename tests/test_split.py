import re
from hashlib import blake2b
from itertools import combinations

import numpy as np
import pytest

from tagline.artefacts.files import read_json
from tagline.data.event_ids import event_ids
from tagline.data.jets import Jets, read_jets
from tagline.settings.task import Task
from tagline.split import SPLITS, split
from tagline.splitting import gathering
from tests.toy_splits import write_skim
from tests.toys import toy_jets

CLASSES = {
    "qcd": {"datasets": ("one", "two"), "select": "truth == qcd"},
    "top": {"datasets": ("one", "two"), "select": "truth == t_bqq"},
}
OF_THREE = {
    "qcd": {"datasets": ("one", "two", "three"), "select": "truth == qcd"},
    "top": {"datasets": ("three", "two", "one"), "select": "truth == t_bqq"},
}
AUTHORS_SPLITS = {"train": ("two",), "validation": ("one",), "test": ("three",)}
SEEDS = {"train": 1, "validation": 0, "test": 2}
MASK = 2**64 - 1


def pairs_of_jets(num_events, *, seed):
    """Return two jets an event."""
    jets = toy_jets(2 * num_events, seed=seed)
    event, jet_index = np.divmod(np.arange(2 * num_events), 2)
    jets.jets.update(event=event.astype(np.uint64), jet_index=jet_index.astype(np.uint16))
    return jets


@pytest.fixture
def skims(tmp_path):
    """Two datasets of 300 events with two jets each."""
    return {
        name: [write_skim(tmp_path / name, pairs_of_jets(300, seed=seed))]
        for seed, name in enumerate(("one", "two"))
    }


@pytest.fixture
def run(tmp_path):
    """Return a split into tmp_path/split, read back."""

    def split_jets(skims, **options):
        task = Task(**({"classes": CLASSES} | options))
        split(skims, task=task, folder=tmp_path / "split", sampling=tmp_path / "sampling.json")
        return {name: read_jets(tmp_path / "split" / name) for name in SPLITS}

    return split_jets


def column(jets, name):
    return np.concatenate([jets[split].jets[name] for split in SPLITS])


def assert_same(first, second):
    for name in SPLITS:
        for columns, others in [
            (first[name].jets, second[name].jets),
            (first[name].constituents, second[name].constituents),
        ]:
            for key in columns:
                np.testing.assert_array_equal(columns[key], others[key], err_msg=key)


def test_no_event_is_in_two_splits_and_no_jet_is_lost(skims, run):
    jets = run(skims)
    events = [set(jets[name].jets["event_id"].tolist()) for name in SPLITS]
    assert sum(map(len, events)) == len(set.union(*events)) == 600
    assert len(column(jets, "pt")) == 1200
    all_pt = np.concatenate([pairs_of_jets(300, seed=seed).jets["pt"] for seed in (0, 1)])
    np.testing.assert_array_equal(np.sort(column(jets, "pt")), np.sort(all_pt))


def test_constituents_stay_with_their_jets(skims, run):
    for jets in run(skims).values():
        starts = jets.offsets[:-1]
        px, py = (np.add.reduceat(jets.constituents[name], starts) for name in ("px", "py"))
        np.testing.assert_allclose(np.hypot(px, py), jets.jets["pt"], rtol=1e-4)


def test_each_split_is_in_the_order_of_event_ids_and_jets(skims, run):
    for jets in run(skims).values():
        order = np.lexsort([jets.jets["jet_index"], jets.jets["event_id"]])
        np.testing.assert_array_equal(order, np.arange(len(jets)))


def test_shares_of_events_are_the_fractions(tmp_path, run):
    jets = run({"one": [write_skim(tmp_path / "one", pairs_of_jets(4000, seed=1))], "two": []})
    shares = [len(jets[name]) / 8000 for name in SPLITS]
    assert shares == pytest.approx([0.6, 0.15, 0.25], abs=5 * np.sqrt(0.25 / 4000))


def test_depends_neither_on_the_order_of_files_nor_on_their_size(skims, run, tmp_path):
    expected = run(skims)
    jets = pairs_of_jets(300, seed=0)
    pieces = [jets.take(np.arange(start, start + 120)) for start in range(0, 600, 120)]
    several = [
        write_skim(tmp_path / "more" / "0000", *pieces[:1:-1]),
        write_skim(tmp_path / "more" / "0001", *pieces[:2]),
    ]
    assert_same(run({"two": skims["two"], "one": several}), expected)


@pytest.mark.parametrize("most_buckets", [2, 1000])
@pytest.mark.parametrize("method", [None, "importance"])
def test_is_the_same_through_many_buckets(skims, run, monkeypatch, method, most_buckets):
    options = {"sampling": {"method": method, "bins": {"pt": 3}}} if method else {}
    plain = run(skims, **options)
    monkeypatch.setattr(gathering, "JETS_PER_BUCKET", 11)
    monkeypatch.setattr(gathering, "MOST_BUCKETS", most_buckets)
    monkeypatch.setattr(gathering, "JETS_PER_PIECE", 13)
    assert_same(run(skims, **options), plain)


def test_leaves_no_buckets_behind(skims, run, tmp_path):
    run(skims)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", "split", "sampling.json"}


def test_names_the_columns_there_are_if_sampling_needs_another(skims, run):
    with pytest.raises(ValueError, match="sampling: no jet column 'spin'; there are run, "):
        run(skims, sampling={"method": "weights", "bins": {"spin": 4}})


def test_labels_are_the_order_of_the_classes(skims, run):
    jets = run(skims, classes={name: CLASSES[name] for name in ("top", "qcd")})
    np.testing.assert_array_equal(column(jets, "label"), column(jets, "truth") == 1)


def test_jets_without_a_class_are_left_out(skims, run, tmp_path):
    narrow = {
        name: entry | {"select": f"{entry['select']} and abs(eta) < 1"}
        for name, entry in CLASSES.items()
    }
    jets = run(skims, classes=narrow)
    assert 0 < len(column(jets, "eta")) < 1200
    assert np.abs(column(jets, "eta")).max() < 1
    ledger = read_json(tmp_path / "split" / "ledger.json")
    assert ledger["without_class"] == 1200 - len(column(jets, "eta"))


def test_limits_keep_the_first_jets_of_each_class(skims, run, tmp_path):
    everything = run(skims, balance=False)
    limited = run(skims, balance=False, max_jets={"train": 50, "test": 20})
    ledger = read_json(tmp_path / "split" / "ledger.json")
    for name, limit in {"train": 50, "validation": 10**6, "test": 20}.items():
        for label in (0, 1):
            rows = np.flatnonzero(everything[name].jets["label"] == label)[:limit]
            kept = limited[name].jets["label"] == label
            expected = everything[name].jets["pt"][rows]
            np.testing.assert_array_equal(limited[name].jets["pt"][kept], expected)
    for name, total in ledger["jets"].items():
        used = sum(ledger[split][name] for split in SPLITS)
        assert total == used + ledger["beyond_max_jets"][name]


def test_balanced_classes_have_equal_weights_in_training(skims, run):
    mostly_top = CLASSES | {"qcd": {"datasets": ("one",), "select": "truth == qcd and pt > 600"}}
    jets = run(skims, classes=mostly_top)
    label, weight = (jets["train"].jets[name] for name in ("label", "weight"))
    sums = np.bincount(label, weight)
    assert sums[0] == pytest.approx(sums[1])
    assert weight.mean() == pytest.approx(1)
    validation = jets["validation"].jets
    for number in (0, 1):
        assert set(validation["weight"][validation["label"] == number]) == set(
            weight[label == number]
        )
    assert set(jets["test"].jets["weight"]) == {1}


def test_weights_are_those_of_the_input_without_balance(skims, run):
    assert set(column(run(skims, balance=False), "weight")) == {1}


def test_refuses_a_jet_of_two_classes(skims, run):
    overlapping = CLASSES | {"heavy": {"datasets": ("two",), "select": "mass > 100"}}
    with pytest.raises(
        ValueError, match=r"two/0000: jet \d+ is of two classes, '\w+' and 'heavy'"
    ):
        run(skims, classes=overlapping)


def test_refuses_a_jet_that_is_there_twice(run, tmp_path):
    jets = pairs_of_jets(100, seed=1)
    skim = write_skim(tmp_path / "one", jets, jets.take(np.array([7])))
    with pytest.raises(ValueError, match=r"1 jets are there twice.*'event': 3, 'jet_index': 1"):
        run({"one": [skim], "two": []})


def test_refuses_a_class_without_jets(skims, run):
    with pytest.raises(ValueError, match="class 'empty' has no jets for train, of 0 in all"):
        run(skims, classes=CLASSES | {"empty": {"datasets": ("one",), "select": "truth == tau"}})


class TestSharedEvents:
    @pytest.fixture
    def run_two(self, run, tmp_path):
        """Return the ledger of the jets of 300 events in two datasets, of each event one each."""

        def split_files(*files):
            jets = pairs_of_jets(300, seed=0)
            skims = {
                name: [write_skim(tmp_path / name, jets.take(np.arange(row, 600, 2)), **file)]
                for row, (name, file) in enumerate(zip(("one", "two"), files, strict=True))
            }
            splits = run(skims)
            ledger = read_json(tmp_path / "split/ledger.json")
            events = {name: set(splits[name].jets["event"].tolist()) for name in SPLITS}
            return ledger, {
                f"{first} and {second}": len(events[first] & events[second])
                for first, second in combinations(SPLITS, 2)
            }

        return split_files

    def test_of_two_datasets_of_one_file_are_counted_and_warned_of(self, run_two, caplog):
        file = {"source": "raw/a.root", "source_bytes": "17"}
        ledger, expected = run_two(file, file)
        assert ledger["shared_events"] == ledger["events_of_like_numbers"] == expected
        assert min(expected.values()) > 0
        assert f"events of the same input file are in two splits: {expected}" in caplog.text

    def test_are_those_of_copies_of_one_file(self, run_two):
        """As of two datasets that download the same file."""
        copies = [{"source": f"{name}/a.root", "source_bytes": "17"} for name in ("one", "two")]
        ledger, expected = run_two(*copies)
        assert ledger["shared_events"] == expected

    def test_are_none_where_two_samples_number_events_alike(self, run_two, caplog):
        files = [{"source": "raw/0000.root", "source_bytes": size} for size in ("17", "18")]
        ledger, expected = run_two(*files)
        assert set(ledger["shared_events"].values()) == {0}
        assert ledger["events_of_like_numbers"] == expected
        assert not caplog.records


def test_refuses_skims_without_jets(run, tmp_path):
    (tmp_path / "one").mkdir()
    with pytest.raises(ValueError, match="no jets in the skims of one, two"):
        run({"one": [tmp_path / "one"], "two": []})


def test_keeps_the_columns_that_all_datasets_have(skims, run, tmp_path, caplog):
    jets = pairs_of_jets(300, seed=0)
    del jets.constituents["charge"]
    narrow = run({"one": [write_skim(tmp_path / "narrow", jets)], "two": skims["two"]})
    assert set(narrow["train"].constituents) == set(jets.constituents)
    assert "['charge']" in caplog.text


def test_refuses_weights_that_cannot_be_balanced(run, tmp_path):
    jets = pairs_of_jets(100, seed=1)
    negative = Jets(jets.jets | {"weight": -jets.jets["weight"]}, jets.constituents)
    with pytest.raises(ValueError, match="cannot balance classes"):
        run({"one": [write_skim(tmp_path / "one", negative)], "two": []})


def test_names_the_columns_there_are_if_a_selection_needs_another(skims, run):
    groomed = CLASSES | {"qcd": {"datasets": ("one",), "select": "softdrop_mass > 5"}}
    with pytest.raises(ValueError, match="no jet column 'softdrop_mass'; it has run, "):
        run(skims, classes=groomed)


def test_event_ids_are_splitmix64_of_the_event_in_its_dataset():
    """Against the generator in plain integers, Steele, Lea and Flood (2014), figure 17."""
    state = int.from_bytes(blake2b(b"one", digest_size=8).digest(), "little")
    for part in (1, 20, 2**64 - 3):
        state = (state + part + 0x9E3779B97F4A7C15) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    jets = {
        "run": np.array([1], np.uint32),
        "luminosity_block": np.array([20], np.uint32),
        "event": np.array([2**64 - 3], np.uint64),
    }
    assert event_ids("one", jets).tolist() == [state]
    assert event_ids("two", jets).tolist() != [state]


class TestAuthorsSplit:
    @pytest.fixture
    def three(self, tmp_path):
        return {
            name: [write_skim(tmp_path / name, pairs_of_jets(100 + seed, seed=seed))]
            for seed, name in enumerate(("one", "two", "three"))
        }

    def test_keeps_every_jet_in_its_split(self, three, run):
        jets = run(three, classes=OF_THREE, splits=AUTHORS_SPLITS)
        for name, seed in SEEDS.items():
            expected = pairs_of_jets(100 + seed, seed=seed).jets["pt"]
            np.testing.assert_array_equal(np.sort(jets[name].jets["pt"]), np.sort(expected))

    def test_shuffles_each_split(self, three, run):
        jets = run(three, classes=OF_THREE, splits=AUTHORS_SPLITS)
        for share in jets.values():
            order = np.lexsort([share.jets["jet_index"], share.jets["event_id"]])
            np.testing.assert_array_equal(order, np.arange(len(share)))
            assert (np.diff(share.jets["event"].astype(int)) < 0).sum() > 30

    def test_counts_no_twins_where_there_are_none(self, three, run, tmp_path):
        run(three, classes=OF_THREE, splits=AUTHORS_SPLITS)
        assert set(read_json(tmp_path / "split/ledger.json")["twins"].values()) == {0}

    @pytest.mark.parametrize(
        ("splits", "says"),
        [
            ({"train": ("tow",)}, "splits.train: no class has 'tow'; did you mean 'two'?"),
            ({"test": ("three", "two")}, "splits.test: 'two' is in 'train' already"),
            ({"train": ("one",), "validation": ("two",), "test": ("one",)}, "'one' is in 'train'"),
            ({"trian": ("two",)}, "did you mean 'train'?"),
        ],
    )
    def test_a_mistake_is_named(self, splits, says):
        with pytest.raises(ValueError, match=re.escape(says)):
            Task(classes=OF_THREE, splits=AUTHORS_SPLITS | splits)

    def test_a_dataset_of_no_split_is_named(self):
        classes = OF_THREE | {"more": {"datasets": ("four",), "select": "truth == tau"}}
        with pytest.raises(ValueError, match="splits: 'four' is in none of them"):
            Task(classes=classes, splits=AUTHORS_SPLITS)

    def test_refuses_fractions_besides(self):
        fractions = {"train": 0.5, "validation": 0.1, "test": 0.4}
        with pytest.raises(ValueError, match="either `splits` or `fractions`"):
            Task(classes=OF_THREE, splits=AUTHORS_SPLITS, fractions=fractions)

    def test_a_task_is_the_same_after_it_was_written(self):
        task = Task(classes=OF_THREE, splits=AUTHORS_SPLITS)
        assert Task(**task.model_dump(mode="json")) == task
