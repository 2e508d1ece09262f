"""The tables say what was measured, combine seeds as stated, and judge fairly."""

import csv

import numpy as np
import pytest

from tagline.compare import Combined, Comparison, Key, combine, load
from tagline.measures.metrics import Estimate
from tagline.reporting.verdict import verdict
from tagline.settings.legend import TaskLabel
from tagline.settings.published import Published, PublishedNumber
from tagline.tables import METRICS, Row, markdown, note, rows, show, write
from tests.scores import toy_comparison, toy_legend, write_metrics_files

PLAIN = Key("tops", "pfn", "none")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return toy_comparison(num_jets=1000, replicas=10)


def test_finds_the_keys_in_the_paths(comparison, tmp_path):
    files = write_metrics_files(comparison, tmp_path)
    assert load(reversed(files), toy_legend()).metrics == comparison.metrics


def test_seeds_combine_to_the_median_and_add_their_spread_in_quadrature():
    estimates = [Estimate(value=value, low=value - 3, high=value + 6) for value in (10, 14, 18)]
    combined = combine(estimates)
    assert (combined.value, combined.spread, combined.num_seeds) == (14, 4, 3)
    assert combined.low == pytest.approx(14 - np.hypot(3, 4))
    assert combined.high == pytest.approx(14 + np.hypot(6, 4))


def test_one_seed_has_no_spread_and_keeps_its_interval():
    combined = combine([Estimate(value=0.5, low=0.4, high=0.7)])
    assert combined[:3] == (0.5, pytest.approx(0.4), pytest.approx(0.7))
    assert np.isnan(combined.spread)


def test_infinite_seeds_stay_lower_limits():
    infinite = Estimate(value=None, low=800, high=None)
    assert combine([infinite, infinite])[:3] == (np.inf, 800, np.inf)


def test_every_number_is_a_line_of_the_csv(comparison, tmp_path):
    write(comparison, tmp_path)
    with (tmp_path / "comparison.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 3 * 3 * len(METRICS)
    expected = comparison.value(PLAIN, "auc")
    line = next(line for line in lines if line["metric"] == "auc")
    assert float(line["value"]) == expected.value
    assert (line["tagger"], line["seeds"], line["train_jets"]) == ("PFN", "2", "20000")


def test_further_protected_columns_have_columns_of_their_own(comparison):
    """Which are empty for what was not measured in them."""
    (first, *_), others = comparison.metrics[PLAIN].values(), comparison.metrics
    estimates = dict.fromkeys(
        ("jsd_pt", "inverse_jsd_pt", "inverse_jsd_limit_pt"), Estimate(value=40, low=30, high=50)
    )
    further = first.model_copy(update={"values": first.values | estimates})
    table = rows(Comparison(comparison.legend, others | {PLAIN: {1: further}}))
    assert [row.metric for row in table if row.key == table[0].key][-3:] == list(estimates)
    header, _, *lines = markdown(comparison.legend, table).splitlines()[4:]
    column = header.split(" | ").index("1/JSD of pt")
    assert "1/JSD_limit" not in header
    cells = [line.split(" | ")[column] for line in lines[: lines.index("")]]
    assert cells[0] == "40 ± 10"
    assert set(cells[1:]) == {""}


def test_markdown_and_latex_show_each_combination_once(comparison, tmp_path):
    write(comparison, tmp_path)
    markdown = (tmp_path / "comparison.md").read_text()
    latex = (tmp_path / "comparison.tex").read_text()
    assert markdown.count("| CNN | DDT |") == 1
    assert latex.count("CNN & DDT &") == 1
    assert "±" not in latex


def test_what_does_not_go_together_is_said_to_be_left_out(comparison, tmp_path):
    left_out = (("cnn", "disco"), ("topodnn", "disco"))
    legend = comparison.legend.model_copy(update={"left_out": left_out})
    metrics = {key: seeds for key, seeds in comparison.metrics.items() if key[1:] not in left_out}
    write(Comparison(legend, metrics), tmp_path)
    table = (tmp_path / "comparison.md").read_text()
    assert "do not go together: CNN with DisCo, TopoDNN with DisCo." in table
    assert [line.split(" | ")[1] for line in table.splitlines() if "| DisCo |" in line] == ["PFN"]


def test_variants_of_a_method_are_left_out_together(comparison):
    labels = {
        name: label.model_copy(update={"family": "penalty"}) if name != "none" else label
        for name, label in comparison.legend.decorrelations.items()
    }
    left_out = (("cnn", "disco"), ("cnn", "ddt"))
    update = {"left_out": left_out, "decorrelations": labels}
    assert "together: CNN with penalty." in note(comparison.legend.model_copy(update=update), [])


def test_no_table_of_published_numbers_where_there_are_none(comparison):
    legend = comparison.legend.model_copy(update={"published": ()})
    alone = Comparison(legend, comparison.metrics)
    headers = [line for line in markdown(legend, rows(alone)).splitlines() if "| --- |" in line]
    assert len(headers) == 1


def test_published_numbers_stand_beside_the_undecorrelated_tagger_alone(comparison):
    published = [row for row in rows(comparison) if row.published is not None]
    assert {(row.tagger, row.decorrelation) for row in published} == {
        (title, "no decorrelation") for title in ("PFN", "CNN", "TopoDNN")
    }


def test_subsets_are_not_called_seeds(comparison):
    label = comparison.legend.taggers["cnn"].model_copy(update={"varied": "subset"})
    taggers = {**comparison.legend.taggers, "cnn": label}
    legend = comparison.legend.model_copy(update={"taggers": taggers})
    ensemble = Comparison(legend, comparison.metrics)
    text = markdown(legend, rows(ensemble))
    assert "| 2 subsets |" in text
    assert "share trainings" in text
    assert "subset" not in markdown(comparison.legend, rows(comparison))
    assert ensemble.describe(Key("tops", "cnn", "none")).endswith("2 subsets")
    assert ensemble.describe(PLAIN).endswith("2 seeds")


def row(value: float, low: float, high: float) -> Row:
    sizes = {"seeds": 1, "train_jets": 1, "test_jets": 1, "spread": np.nan}
    names = {"task": "", "tagger": "", "decorrelation": "", "metric": "", "source": ""}
    names["varied"] = "seed"
    published = {"published": None, "published_uncertainty": None, "verdict": ""}
    return Row(value=value, low=low, high=high, **sizes, **names, **published)


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.98123, 0.98101, 0.98145, "0.98123 ± 0.00022"),
        (914.2, 880.0, 960.0, "914 +46 -34"),
        (914.2, 880.0, np.inf, "914 +inf -34"),
        (np.inf, 877.0, np.inf, "> 877"),
        (82_458.0, 82_458.0, 82_458.0, "82,458"),
    ],
)
def test_shows_two_digits_of_the_uncertainty(value, low, high, expected):
    assert show(row(value, low, high)) == expected


def judge(
    monkeypatch, measured: Combined, published: float, *, train_jets: int, caveat: str = ""
) -> str:
    """Return the verdict on a rejection with a published uncertainty of 3."""
    number = PublishedNumber(
        system="PFN",
        metric="rejection_at_0.3",
        value=published,
        uncertainty=3,
        source="",
        location="",
        caveat=caveat,
    )
    source = Published(title="", source="", train_jets=600, test_jets=1, numbers=(number,))
    legend = toy_legend().model_copy(
        update={"published": (source,), "tasks": {"tops": TaskLabel(title="tops")}}
    )
    monkeypatch.setattr(Comparison, "value", lambda *_: measured)
    monkeypatch.setattr(Comparison, "train_jets", lambda *_: train_jets)
    return verdict(Comparison(legend, {}), PLAIN, "rejection_at_0.3")


@pytest.mark.parametrize(
    ("value", "train_jets", "expected"),
    [
        (108.0, 600, "agrees (+1.6 sigma)"),
        (120.0, 600, "above (+4.0 sigma)"),
        (80.0, 600, "below (-4.0 sigma)"),
        (80.0, 10, "below (-4.0 sigma); trained on 1/60 of the jets"),
        (108.0, 1200, "agrees (+1.6 sigma); trained on 2 times the jets"),
    ],
)
def test_verdicts_count_both_uncertainties_and_name_the_training_size(
    monkeypatch, value, train_jets, expected
):
    measured = Combined(value=value, low=value - 4, high=value + 4, spread=np.nan, num_seeds=1)
    assert judge(monkeypatch, measured, 100.0, train_jets=train_jets) == expected


def test_a_verdict_repeats_the_caveat_of_the_number(monkeypatch):
    measured = Combined(value=100.0, low=96, high=104, spread=np.nan, num_seeds=1)
    judged = judge(monkeypatch, measured, 100.0, train_jets=0, caveat="trained on test jets")
    assert judged == "agrees (+0.0 sigma); not trained; trained on test jets"


@pytest.mark.parametrize(("low", "expected"), [(90, "only a lower limit"), (110, "above")])
def test_a_lower_limit_is_judged_by_its_end(monkeypatch, low, expected):
    measured = Combined(value=np.inf, low=low, high=np.inf, spread=np.nan, num_seeds=1)
    assert judge(monkeypatch, measured, 100.0, train_jets=600) == expected


def test_simulated_jets_are_named(comparison):
    assert "own simulated jets" in verdict(comparison, PLAIN, "rejection_at_0.3")
