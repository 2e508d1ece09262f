"""Every decorrelation keeps its promise on toy jets whose score leans on their mass."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from sklearn.metrics import roc_auc_score

from tagline.data.batch import Batch
from tagline.data.jets import Columns, read_columns, write_columns
from tagline.decorrelate import decorrelate
from tagline.decorrelation import BaseDecorrelation, method_of
from tagline.measures.distance_correlation import distance_correlation, rank
from tagline.settings import plugins
from tagline.settings.catalogue import Decorrelation
from tests.clouds import without_particles
from tests.scores import score_table

METHODS = plugins.names("decorrelation")
CATALOGUE = Path(__file__).parents[1] / "config" / "decorrelations.yaml"
ENTRIES = {
    name: Decorrelation(**entry)
    for name, entry in yaml.safe_load(CATALOGUE.read_text())["decorrelations"].items()
}
STEPS, STEPS_OF_EPOCH = 150, 10
INDEPENDENT = [  # of those that act; what has an order allows that much dependence
    name
    for name, entry in ENTRIES.items()
    if entry.when != "never" and not entry.parameters.get("order")
]
HOOKS = {"training": ("weight", "begin", "penalty"), "post_hoc": ("fit", "transform")}


def stages(method: str) -> set[str]:
    """Return the stages of which a method overrides a hook."""
    plugin = plugins.load("decorrelation", method).Decorrelation
    return {
        stage
        for stage, hooks in HOOKS.items()
        if any(getattr(plugin, hook) is not getattr(BaseDecorrelation, hook) for hook in hooks)
    }


def correlation_with_mass(table: Columns) -> float:
    background = table["label"] == 0
    score, mass = (rank(table[name][background]) for name in ("score", "mass"))
    return distance_correlation(score, mass, np.ones(background.sum()))


def batch_of(table: Columns) -> Batch:
    """Return a batch of jets without constituents, whose features are logit and mass."""
    logit = np.log(table["score"] / (1 - table["score"]))
    mass = torch.from_numpy(table["mass"])
    return without_particles(
        torch.from_numpy(table["label"]),
        weight_B=torch.from_numpy(table["weight"]),
        protected_BR=mass[:, None],
        features_BG=torch.stack([torch.from_numpy(logit), mass / 100, (mass / 100) ** 2], dim=1),
    )


def train(method: BaseDecorrelation, table: Columns) -> Columns:
    """Train a linear tagger with the hooks of a method, and return its scores."""
    batch = batch_of(table)
    protected, label = table["mass"][:, None].astype(float), table["label"]
    weight = torch.from_numpy(method.weight(protected, label, table["weight"].astype(float)))
    torch.manual_seed(1)
    method.begin(protected, label)
    network = torch.nn.Linear(3, 2)
    torch.nn.init.zeros_(network.weight)
    torch.nn.init.zeros_(network.bias)
    adversary = method.adversary or torch.nn.Identity()
    optimiser = torch.optim.Adam([*network.parameters(), *adversary.parameters()], lr=0.1)
    for step in range(STEPS):
        method.epoch = step / STEPS_OF_EPOCH
        logits = network(batch.features_BG)
        losses = torch.nn.functional.cross_entropy(logits, batch.label_B, reduction="none")
        loss = (losses * weight).mean() + method.penalty(logits, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        score = network(batch.features_BG).softmax(dim=1)[:, 1].numpy()
    return table | {"score": score}


def fit(method: BaseDecorrelation, table: Columns) -> Mapping[str, np.ndarray]:
    rows = table["label"] == 0
    score, mass, weight = (table[name][rows].astype(float) for name in ("score", "mass", "weight"))
    return method.fit(score, mass[:, None], weight)


@pytest.fixture(scope="module")
def table() -> Columns:
    return score_table(1000, seed=11, quality=2.5, sculpting=0.8)


@pytest.fixture(scope="module")
def undecorrelated(table) -> Columns:
    return train(BaseDecorrelation(), table)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_in_the_catalogue(method):
    assert method in {entry.method for entry in ENTRIES.values()}


@pytest.mark.parametrize("name", ENTRIES)
def test_acts_when_its_entry_says(name):
    expected = set() if ENTRIES[name].when == "never" else {ENTRIES[name].when}
    assert stages(ENTRIES[name].method) == expected


@pytest.mark.parametrize("name", INDEPENDENT)
def test_lowers_the_correlation_and_keeps_the_tagger(name, table, undecorrelated):
    method = method_of(ENTRIES[name])
    scores = train(method, table)
    protected, label = table["mass"][:, None].astype(float), table["label"]
    fitted = fit(method, scores)
    scores["score"] = method.transform(scores["score"].astype(float), protected, fitted)
    assert correlation_with_mass(scores) < 0.6 * correlation_with_mass(undecorrelated)
    assert roc_auc_score(label, scores["score"]) > (
        roc_auc_score(label, undecorrelated["score"]) - 0.08
    )


def test_none_changes_nothing(table):
    method = method_of(ENTRIES["none"])
    score = table["score"].astype(float)
    protected = table["mass"][:, None].astype(float)
    assert method.penalty(torch.ones(4, 2), batch_of(table)) == 0
    np.testing.assert_array_equal(method.transform(score, protected, {}), score)


def test_disco_looks_at_the_background_alone(table):
    method = method_of(Decorrelation(method="disco", when="training", title="", parameters={}))
    batch = batch_of(table)
    logits = torch.nn.functional.one_hot(batch.label_B) + batch.features_BG[:, :2] / 10
    logits.requires_grad_()
    method.penalty(logits, batch).backward()
    assert (logits.grad[batch.label_B == 1] == 0).all()
    assert (logits.grad[batch.label_B == 0] != 0).any()


def test_growing_disco_waits_until_the_network_knows_something(table):
    method = method_of(ENTRIES["growing_disco"])
    batch = batch_of(table)
    logits = torch.nn.functional.one_hot(batch.label_B) * batch.protected_BR / 100
    penalties = [method.penalty(scale * logits, batch).item() for scale in (-1.0, 0.01, 1.0)]
    assert penalties[0] == 0 < penalties[1] < penalties[2] / 10


def test_disco_does_not_depend_on_the_scale_of_the_score(table):
    method = method_of(ENTRIES["disco"])
    batch = batch_of(table)
    logits = torch.nn.functional.one_hot(batch.label_B) * batch.protected_BR / 100
    penalties = [method.penalty(scale * logits, batch).item() for scale in (1e-3, 2e-3)]
    assert penalties[0] == pytest.approx(penalties[1], rel=1e-3)


def test_disco_ignores_a_batch_without_background(table):
    method = method_of(Decorrelation(method="disco", when="training", title="", parameters={}))
    tops = {name: column[table["label"] == 1] for name, column in table.items()}
    assert method.penalty(torch.randn(len(tops["label"]), 2), batch_of(tops)) == 0


@pytest.mark.parametrize("efficiencies", [[0.1], [0.4, 0.1, 0.2]])
def test_ddt_passes_the_same_share_of_the_background_in_each_bin(table, efficiencies):
    parameters = {"efficiencies": efficiencies, "bins": 8}
    method = method_of(
        Decorrelation(method="ddt", when="post_hoc", title="", parameters=parameters)
    )
    mass = table["mass"].astype(float)
    score, label = table["score"].astype(float), table["label"]
    fitted = fit(method, table)
    decorrelated = method.transform(score, mass[:, None], fitted)
    background = label == 0
    passes = decorrelated > np.quantile(decorrelated[background], 0.9)
    edges = np.quantile(mass[background], np.linspace(0, 1, 9))
    share, _ = np.histogram(mass[background & passes], edges)
    np.testing.assert_allclose(share / np.histogram(mass[background], edges)[0], 0.1, atol=0.02)


def test_ddt_refuses_two_protected_columns(table):
    method = method_of(Decorrelation(method="ddt", when="post_hoc", title="", parameters={}))
    two = np.ones((len(table["label"]), 2))
    with pytest.raises(ValueError, match="one column"):
        method.fit(table["score"].astype(float), two, np.ones(len(two)))


def test_the_stage_fits_on_validation_and_changes_only_scores(tmp_path):
    splits = {name: tmp_path / f"{name}.parquet" for name in ("validation", "test")}
    outputs = {name: tmp_path / f"{name}_ddt.parquet" for name in splits}
    for seed, path in enumerate(splits.values()):
        table = score_table(2000, seed=seed, quality=2.5, sculpting=0.8)
        write_columns(table, path, provenance={})
    decorrelate(splits, decorrelation=ENTRIES["ddt"], protected=["mass"], outputs=outputs)
    before, after = read_columns(splits["test"]), read_columns(outputs["test"])
    assert correlation_with_mass(after) < correlation_with_mass(before)
    assert before.pop("score").dtype == after.pop("score").dtype == np.float32
    for name, column in before.items():
        np.testing.assert_array_equal(column, after[name])


def test_a_method_is_told_columns_that_are_not_protected(tmp_path):
    """The score follows pT alone: no cut on it is flat there that knows the mass alone."""
    files = {name: tmp_path / f"{name}.parquet" for name in ("validation", "test")}
    for seed, path in enumerate(files.values()):
        table = score_table(4000, seed=seed, quality=0.0, sculpting=0.0)
        table["pt"] = np.random.default_rng(seed).uniform(300, 600, 4000).astype(np.float32)
        logit = np.log(table["score"] / (1 - table["score"])) + table["pt"] / 50
        table["score"] = (1 / (1 + np.exp(9 - logit))).astype(np.float32)
        write_columns(table, path, provenance={})
    shares = {}
    for told in ((), ("pt",)):
        parameters = {"told": told, "share": 0.05}
        entry = Decorrelation(method="knn", when="post_hoc", parameters=parameters)
        outputs = {name: tmp_path / f"{name}_{len(told)}.parquet" for name in files}
        decorrelate(files, decorrelation=entry, protected=["mass"], outputs=outputs)
        after = read_columns(outputs["test"])
        background = after["label"] == 0
        passes = after["score"][background] > np.quantile(after["score"][background], 0.84)
        shares[told] = passes[after["pt"][background] > 500].mean()
    assert shares[()] > 0.35
    assert shares[("pt",)] < 0.2


def test_a_column_to_be_told_that_is_not_there_is_named(table, tmp_path):
    files = {split: tmp_path / f"{split}.parquet" for split in ("validation", "test")}
    for path in files.values():
        write_columns(table, path, provenance={})
    entry = Decorrelation(method="knn", when="post_hoc", parameters={"told": ["spin"]})
    with pytest.raises(ValueError, match="scores have no column 'spin'; they have event_id"):
        decorrelate(files, decorrelation=entry, protected=["mass"], outputs=files)


@pytest.mark.parametrize("label", [1, 2])
def test_nothing_is_fitted_without_background(label, table, tmp_path):
    files = {split: tmp_path / f"{split}.parquet" for split in ("validation", "test")}
    none = {name: column[table["label"] == label] for name, column in table.items()}
    write_columns(none, files["validation"], provenance={})
    write_columns(table, files["test"], provenance={})
    with pytest.raises(ValueError, match=r"validation\.parquet: no background to fit on"):
        decorrelate(files, decorrelation=ENTRIES["ddt"], protected=["mass"], outputs=files)


def stage(table, folder, entry: Decorrelation) -> Columns:
    """Return the decorrelated test scores of a method that is fitted on the same jets."""
    files = {split: folder / f"{split}.parquet" for split in ("validation", "test")}
    outputs = {split: folder / f"{split}_out.parquet" for split in files}
    for path in files.values():
        write_columns(table, path, provenance={})
    decorrelate(files, decorrelation=entry, protected=["mass"], outputs=outputs)
    return read_columns(outputs["test"])


POST_HOC = [name for name, entry in ENTRIES.items() if entry.when == "post_hoc"]


@pytest.mark.parametrize("name", POST_HOC)
def test_background_of_negative_weight_is_refused_by_name(name, table, tmp_path):
    weight = np.where((table["label"] == 0) & (np.arange(1000) % 100 == 0), -1, 1)
    negative = table | {"weight": weight.astype(np.float32)}
    with pytest.raises(ValueError, match=r"validation\.parquet: 10 background jets have negative"):
        stage(negative, tmp_path, ENTRIES[name])


@pytest.mark.parametrize("name", ["css", "ddt", "knn", "quantile_regression"])
def test_background_that_weighs_nothing_is_not_there(name, table, tmp_path):
    """So a place around which no jet weighs anything has the score of the nearest that do."""
    is_empty = (table["label"] == 0) & (table["mass"] < 100)
    weight = np.where(is_empty, 0, 1).astype(np.float32)
    weightless = stage(table | {"weight": weight}, tmp_path, ENTRIES[name])
    fewer = {column: values[~is_empty] for column, values in table.items()}
    expected = stage(fewer, tmp_path, ENTRIES[name])
    np.testing.assert_array_equal(weightless["score"][~is_empty], expected["score"])
    assert np.isfinite(weightless["score"]).all()
