"""Every combination keeps its promise on toy scores, and never learns from test jets."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from tagline.artefacts.files import read_json, write_json
from tagline.combinations import BaseCombination, Members
from tagline.combinations.goat import Config as GoatConfig
from tagline.combine import combine, load
from tagline.data.jets import Columns, read_columns, write_columns
from tagline.settings import plugins
from tagline.settings.contenders import Combination
from tests.scores import score_table

CATALOGUE = Path(__file__).parents[1] / "config" / "combinations.yaml"
ENTRIES = {
    name: Combination(**entry)
    for name, entry in yaml.safe_load(CATALOGUE.read_text())["combinations"].items()
}
METHODS = plugins.names("combinations")
NUM_MEMBERS = 4


@pytest.fixture(params=METHODS, scope="module")
def combination(request) -> Combination:
    return Combination(method=request.param, members=["pfn"])


def tables(num_jets: int, *, seed: int) -> list[Columns]:
    """Return the same jets scored by taggers with noise of their own."""
    return [
        score_table(num_jets, seed=seed + member, quality=2.0, sculpting=0.0)
        for member in range(NUM_MEMBERS)
    ]


def members_of(scored: list[Columns], **replaced) -> Members:
    first = scored[0]
    columns = {
        "score_JM": np.stack([table["score"] for table in scored], axis=1).astype(float),
        "label_J": first["label"],
        "weight_J": first["weight"].astype(float),
        "event_id_J": first["event_id"],
    }
    return Members(**columns | replaced)


@pytest.fixture(scope="module")
def validation() -> Members:
    return members_of(tables(1500, seed=10))


@pytest.fixture(scope="module")
def other_scores() -> np.ndarray:
    return members_of(tables(1000, seed=20)).score_JM


@pytest.fixture(scope="module")
def method(combination, validation) -> BaseCombination:
    method = load(combination)
    method.fit(validation, seed=1)
    return method


@pytest.mark.parametrize("method_name", METHODS)
def test_every_method_is_in_the_catalogue(method_name):
    assert method_name in {entry.method for entry in ENTRIES.values()}


def test_gives_every_jet_a_probability(method, validation, other_scores):
    for score_J, of in (
        (method.transform(other_scores), other_scores),
        (method.out_of_fold(validation), validation.score_JM),
    ):
        assert score_J.shape == (len(of),)
        assert np.all((score_J >= 0) & (score_J <= 1))


def test_is_better_than_its_members(method, validation, other_scores):
    label = tables(1000, seed=20)[0]["label"]
    best = max(roc_auc_score(label, score_J) for score_J in other_scores.T)
    assert roc_auc_score(label, method.transform(other_scores)) > best + 0.02
    of_validation = method.out_of_fold(validation)
    assert roc_auc_score(validation.label_J, of_validation) > best + 0.02


def test_a_jet_does_not_depend_on_the_others(method, other_scores):
    order = np.random.default_rng(1).permutation(len(other_scores))
    np.testing.assert_allclose(
        method.transform(other_scores[order]), method.transform(other_scores)[order], rtol=1e-5
    )


def test_the_seed_fixes_the_scores(combination, method, validation, other_scores):
    again = load(combination)
    torch.rand(1)
    again.fit(validation, seed=1)
    np.testing.assert_array_equal(again.transform(other_scores), method.transform(other_scores))


def test_the_label_of_a_validation_jet_does_not_reach_its_own_score(combination):
    few = members_of(tables(200, seed=10))
    flipped_J = np.where(np.arange(200) == 7, 1 - few.label_J, few.label_J)
    scores = []
    for label_J in (few.label_J, flipped_J):
        method = load(combination)
        members = Members(**{**vars(few), "label_J": label_J})
        method.fit(members, seed=1)
        scores.append(method.out_of_fold(members)[7])
    assert scores[0] == scores[1]


def written(folder: Path, scored: list[Columns], split: str) -> list[Path]:
    files = []
    for member, table in enumerate(scored):
        path = folder / str(member) / f"{split}.parquet"
        write_columns(table, path, provenance={})
        files.append(path)
    return files


def combined(folder: Path, combination: Combination, test: list[Columns]) -> Path:
    """Write the members of a combination and combine them; return the folder."""
    files = {"validation": written(folder, tables(600, seed=10), "validation")}
    files["test"] = written(folder, test, "test")
    histories = []
    for member in range(NUM_MEMBERS):
        histories.append(folder / f"{member}/history.json")
        write_json({"num_parameters": 100, "train_jets": 7000 + member}, histories[-1])
    outputs = {split: folder / f"out/{split}.parquet" for split in files}
    combine(
        files,
        histories,
        combination=combination,
        seed=1,
        outputs=outputs,
        history_file=folder / "out/history.json",
    )
    return folder / "out"


def test_writes_a_table_like_those_of_its_members(combination, tmp_path):
    test = tables(300, seed=20)
    out = combined(tmp_path, combination, test)
    table = read_columns(out / "test.parquet")
    assert list(table) == list(test[0])
    for name in set(table) - {"score"}:
        np.testing.assert_array_equal(table[name], test[0][name])
    assert table["score"].dtype == np.float32
    assert len(read_columns(out / "validation.parquet")["score"]) == 600


def test_the_labels_of_test_jets_play_no_part(combination, tmp_path):
    test = tables(300, seed=20)
    unlabelled = [table | {"label": np.zeros_like(table["label"])} for table in test]
    scores = [
        read_columns(combined(tmp_path / str(number), combination, of) / "test.parquet")["score"]
        for number, of in enumerate((test, unlabelled))
    ]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize("name", ["mean", "median"])
def test_an_ensemble_is_the_function_of_the_same_name(name, other_scores):
    method = load(Combination(method=name, members=["pfn"]))
    np.testing.assert_array_equal(
        method.transform(other_scores), getattr(np, name)(other_scores, axis=1)
    )


def test_the_history_of_an_ensemble_adds_up(tmp_path):
    out = combined(tmp_path, ENTRIES["pfn_mean_of_6"], tables(100, seed=20))
    history = read_json(out / "history.json")
    assert history["num_parameters"] == 400
    assert history["train_jets"] == 7003
    assert history["validation_jets"] == 600


def test_members_of_other_jets_are_refused(tmp_path):
    test = tables(300, seed=20)
    test[2] = {name: column[::-1] for name, column in test[2].items()}
    with pytest.raises(ValueError, match=r"2/test\.parquet is not of the jets of .*0/test"):
        combined(tmp_path, ENTRIES["pfn_mean_of_6"], test)


def goat(**parameters) -> BaseCombination:
    return load(Combination(method="goat", members=["pfn"], parameters=parameters))


def test_goat_reaches_what_independent_members_know_together(validation):
    """Logits are their likelihood ratios but for a factor: no score is better than the sum."""
    method = goat()
    method.fit(validation, seed=1)
    others = members_of(tables(20_000, seed=30))
    best = roc_auc_score(others.label_J, logit(others.score_JM).sum(axis=1))
    assert best - 0.001 < roc_auc_score(others.label_J, method.transform(others.score_JM)) < best


def test_goat_is_the_published_network():
    """The paper has 15 or 135 inputs and prints 35k parameters."""
    method = goat()
    method.networks.append(method._network(135))
    assert method.num_parameters([1]) == pytest.approx(35_000, rel=0.03)
    assert GoatConfig().hidden == (100, 100, 100, 20)


def test_goat_keeps_the_jets_of_an_event_together(validation):
    event_id_J = np.repeat(np.arange(750, dtype=np.uint64), 2)
    fold_J = goat().folds(Members(**{**vars(validation), "event_id_J": event_id_J}))
    np.testing.assert_array_equal(fold_J[::2], fold_J[1::2])
    assert set(fold_J) == set(range(5))


def test_goat_stops_after_two_epochs_without_a_better_loss(validation):
    for losses in goat(learning_rate=0.03).fit(validation, seed=1)["fold_losses"]:
        assert len(losses) < 50
        assert np.argmin(losses) == len(losses) - 3


@pytest.mark.parametrize("num_jets", [0, 4])
def test_goat_names_folds_without_a_class(num_jets, validation):
    few = Members(**{name: column[:num_jets] for name, column in vars(validation).items()})
    with pytest.raises(ValueError, match=rf"of {num_jets} validation jets in 5 folds"):
        goat().fit(few, seed=1)
