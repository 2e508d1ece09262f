"""Scores from outside: every jet gets its own, and what is wrong with a table is counted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tagline.artefacts.files import read_json
from tagline.data.jets import Columns, read_columns
from tagline.import_scores import import_scores
from tagline.settings.contenders import Outside
from tests.toy_splits import SIZES, toy_split_jets, write_toy_split

FILES = ("validation", "test")


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> Path:
    """A split whose jets come in pairs of one event, in an order of their own."""
    replaced = {}
    for seed, name in enumerate(SIZES):
        jets = toy_split_jets(SIZES[name], seed=seed)
        number = np.arange(len(jets))
        event_id = np.random.default_rng(seed).integers(2**63, 2**64, len(jets), np.uint64)
        identity = {
            "event_id": event_id[number // 2 * 2],
            "jet_index": (number % 2).astype(np.uint16),
        }
        jets.jets.update(identity)
        replaced[name] = jets
    return write_toy_split(tmp_path_factory.mktemp("task") / "split", **replaced)


def theirs(split: Path, *names: str) -> pd.DataFrame:
    """Return made-up scores of all jets of some splits, shuffled."""
    tables = [read_columns(split / name / "jets.parquet") for name in names]
    frame = pd.concat(
        pd.DataFrame({name: table[name] for name in ("event_id", "jet_index")}) for table in tables
    )
    frame["score"] = np.random.default_rng(1).uniform(size=len(frame))
    return frame.sample(frac=1, random_state=2)


def imported(split: Path, files: dict[str, Path], **changes) -> dict[str, Columns]:
    folder = split.parent / "out"
    outside = Outside(**{"scores": "x.csv", "num_parameters": 10, "train_jets": 5} | changes)
    outputs = {name: folder / f"{name}.parquet" for name in FILES}
    import_scores(
        files,
        split,
        outside=outside,
        protected=["mass"],
        outputs=outputs,
        history_file=folder / "history.json",
    )
    return {name: read_columns(path) for name, path in outputs.items()}


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_every_jet_gets_its_own_score(suffix, split, tmp_path):
    frame = theirs(split, "validation", "test")
    file = write(frame, tmp_path / f"scores.{suffix}")
    tables = imported(split, dict.fromkeys(FILES, file))
    expected = frame.set_index(["event_id", "jet_index"])["score"]
    for name, table in tables.items():
        jets = read_columns(split / name / "jets.parquet")
        for column in ("event_id", "jet_index", "label", "weight", "pt", "mass"):
            np.testing.assert_array_equal(table[column], jets[column])
        keys = list(zip(table["event_id"], table["jet_index"], strict=True))
        np.testing.assert_allclose(table["score"], expected.loc[keys], rtol=1e-6)
    assert read_json(split.parent / "out/history.json") == {
        "num_parameters": 10,
        "train_jets": 5,
        "scores_left_out": 0,
    }


def test_the_score_may_have_another_name_and_the_files_may_be_two(split, tmp_path):
    files = {
        name: write(
            theirs(split, name).rename(columns={"score": "p_top"}), tmp_path / f"{name}.csv"
        )
        for name in FILES
    }
    tables = imported(split, files, column="p_top")
    assert {name: len(table["score"]) for name, table in tables.items()} == {
        name: SIZES[name] for name in FILES
    }


def test_scores_of_other_jets_are_left_out_and_counted(split, tmp_path):
    file = write(theirs(split, "train", "validation", "test"), tmp_path / "scores.parquet")
    imported(split, dict.fromkeys(FILES, file))
    history = read_json(split.parent / "out/history.json")
    assert history["scores_left_out"] == SIZES["train"]


@pytest.mark.parametrize("given", [{"test"}, {"validation", "test"}])
def test_validation_jets_may_be_missing_as_a_whole(given, split, tmp_path):
    file = write(theirs(split, "test"), tmp_path / "scores.csv")
    tables = imported(split, dict.fromkeys(given, file))
    assert len(tables["validation"]["score"]) == 0
    assert list(tables["validation"]) == list(tables["test"])
    assert len(tables["test"]["score"]) == SIZES["test"]


def without_a_few(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[3:]


def with_doubles(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[:2]])


def with_floats(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"event_id": float})


def with_logits(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(score=8 * frame["score"] - 4)


def with_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(score=frame["score"].where(frame["score"] > 0.1))


def without_index(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="jet_index")


def with_another_name(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns={"score": "scores"})


def with_large_indices(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({"jet_index": int}).assign(jet_index=2**16)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (without_a_few, r"3 of 50 test jets lack a score; the first: event_id \d+, jet_index"),
        (with_doubles, r"2 rows are of a jet that has one before; the first is event_id \d+"),
        (with_floats, r"column 'event_id' is of type double, but identities are integers"),
        (with_logits, r"test jets: \d+ of 50 scores are not between 0 and 1, such as .* give the"),
        (with_gaps, r"column 'score' has \d+ gaps"),
        (without_index, r"has no column 'jet_index', but there are test jets of one event"),
        (with_another_name, r"no column 'score': did you mean 'scores'"),
        (with_large_indices, r"column 'jet_index' is not between 0 and 65535"),
    ],
)
def test_a_mistake_is_named_and_counted(spoil, says, split, tmp_path):
    file = write(spoil(theirs(split, "test")), tmp_path / "scores.parquet")
    with pytest.raises(ValueError, match=rf"scores\.parquet.*{says}"):
        imported(split, {"test": file})


def test_validation_jets_may_not_be_missing_in_part(split, tmp_path):
    frame = pd.concat([theirs(split, "validation").iloc[:7], theirs(split, "test")])
    file = write(frame, tmp_path / "scores.csv")
    with pytest.raises(ValueError, match="33 of 40 validation jets lack a score"):
        imported(split, dict.fromkeys(FILES, file))


def test_ids_that_went_through_floating_point_are_named_in_csv_too(split, tmp_path):
    file = write(with_floats(theirs(split, "test")), tmp_path / "scores.csv")
    with pytest.raises(ValueError, match=r"scores\.csv: .*event_id|scores\.csv: .*uint64"):
        imported(split, {"test": file})


def test_another_format_is_refused(split, tmp_path):
    file = tmp_path / "scores.npy"
    file.write_bytes(b"")
    with pytest.raises(ValueError, match=r"scores\.npy: scores are read from \.parquet and \.csv"):
        imported(split, {"test": file})


def test_an_index_is_not_needed_where_an_event_has_one_jet(tmp_path):
    split = write_toy_split(tmp_path / "split")
    frame = without_index(theirs(split, "test"))
    table = imported(split, {"test": write(frame, tmp_path / "scores.csv")})["test"]
    expected = frame.set_index("event_id")["score"].loc[table["event_id"]]
    np.testing.assert_allclose(table["score"], expected, rtol=1e-6)
