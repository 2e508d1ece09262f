"""Evaluation: the intervals cover, infinities are limits, and the file holds what it says."""

import json

import numpy as np
import pytest

from tagline.artefacts.files import write_json
from tagline.compare import Comparison
from tagline.data.jets import write_columns
from tagline.evaluate import evaluate, inverse, measure
from tagline.measures.measured_jets import select
from tagline.measures.metrics import Estimate, read_metrics
from tagline.settings import plugins
from tests.scores import history, score_table, toy_comparison

HISTORY = history(seed=1, floor=0.2)


def measured(
    num_jets, *, protected=("mass",), seed=1, quality=2.5, sculpting=0.5, replicas=50, **changes
):
    table = score_table(num_jets, seed=seed, quality=quality, sculpting=sculpting) | changes
    return measure(
        table,
        protected=protected,
        replicas=replicas,
        random=np.random.default_rng(seed),
        history=HISTORY,
    )


def test_writes_a_file_that_reads_back(tmp_path):
    table = score_table(1000, seed=1, quality=2.5, sculpting=0.5)
    write_columns(table, tmp_path / "test.parquet", provenance={})
    write_json(HISTORY, tmp_path / "history.json")
    evaluate(
        tmp_path / "test.parquet",
        tmp_path / "history.json",
        protected=["mass"],
        replicas=50,
        seed=1,
        metrics_file=tmp_path / "1.json",
    )
    assert read_metrics(tmp_path / "1.json") == measured(1000)
    json.loads((tmp_path / "1.json").read_text(), parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def many_test_sets():
    return [measured(2000, seed=seed) for seed in range(24)]


@pytest.mark.parametrize("metric", ["auc", "accuracy", "rejection_at_0.5", "ks", "jsd"])
def test_intervals_are_as_wide_as_the_spread_of_many_test_sets(metric, many_test_sets):
    estimates = [metrics.values[metric] for metrics in many_test_sets]
    spread = np.std([estimate.value for estimate in estimates], ddof=1)
    half_width = np.median([(estimate.high - estimate.low) / 2 for estimate in estimates])
    assert half_width == pytest.approx(spread, rel=0.45)


def test_seeds_fix_the_intervals():
    assert measured(500) == measured(500)


def test_an_interval_contains_its_value():
    for name, estimate in measured(2000).values.items():
        assert estimate.low <= estimate.value <= estimate.high, name


def test_no_background_left_gives_a_lower_limit_with_the_poisson_limit_of_none_seen():
    rejection = measured(2000, quality=20).values["rejection_at_0.3"]
    assert rejection.value is None
    assert rejection.high is None
    assert rejection.low == pytest.approx(1000 / -np.log(0.32))


def test_the_inverse_swaps_the_ends():
    found = inverse(Estimate(value=0.01, low=0.0, high=0.02))
    assert (found.value, found.low, found.high) == (100, 50, None)


def test_sculpting_shows_and_its_absence_is_like_chance():
    sculpted, flat = (measured(20_000, sculpting=strength).values for strength in (0.7, 0.0))
    assert sculpted["jsd"].low > sculpted["jsd_limit"].high
    assert flat["jsd"].low < flat["jsd_limit"].high
    assert flat["distance_correlation"].value < 0.05 < sculpted["distance_correlation"].value


def test_jets_of_one_event_fluctuate_together():
    alone = measured(4000, replicas=200).values["accuracy"]
    event_id = np.arange(4000, dtype=np.uint64) // 40
    score = np.repeat(np.random.default_rng(2).uniform(size=100), 40).astype(np.float32)
    label = (np.repeat(np.random.default_rng(3).uniform(size=100), 40) < score).astype(np.int64)
    changes = {"event_id": event_id, "score": score, "label": label}
    together = measured(4000, replicas=200, **changes).values["accuracy"]
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_a_scale_of_the_weights_changes_nothing():
    one, two = (
        measured(1000, weight=np.full(1000, weight, np.float32)).values for weight in (1, 2)
    )
    assert one == two


def test_only_background_and_the_last_class_count():
    table = score_table(900, seed=1, quality=2.5, sculpting=0.5)
    table["label"] = np.arange(900) % 3
    assert len(select(table, protected=["mass"]).score_J) == 600


def test_refuses_scores_of_one_class():
    table = score_table(100, seed=1, quality=2.5, sculpting=0.5)
    table["label"][:] = 0
    with pytest.raises(ValueError, match="of a signal"):
        select(table, protected=["mass"])


def test_histograms_hold_all_jets_and_the_passing_ones():
    metrics = measured(2000)
    assert sum(metrics.scores["signal"].sums) == metrics.counts["signal"] == 1000
    for of_class in (metrics.protected, metrics.protected_signal):
        everything, passing = (np.array(of_class[name].sums) for name in ("all", "passing_0.5"))
        assert np.all(passing <= everything)
    assert sum(metrics.protected["passing_0.5"].sums) <= metrics.counts["background_passing_0.5"]
    assert passing.sum() == pytest.approx(0.5 * everything.sum(), abs=1)


class TestTwoColumns:
    """The first is measured as if it were alone, the second likewise in bins of its own."""

    COLUMNS = ("mass", "pt")

    @pytest.fixture(scope="class")
    @classmethod
    def pt(cls):
        """Exponential, and independent of everything."""
        return 500 + np.random.default_rng(5).exponential(100, 20_000)

    @pytest.fixture(scope="class")
    @classmethod
    def both(cls, pt):
        return measured(20_000, protected=cls.COLUMNS, quality=1, pt=pt)

    def test_the_first_is_measured_as_if_alone(self, both):
        alone = measured(20_000, quality=1)
        for name, estimate in alone.values.items():
            assert both.values[name].value == estimate.value or "limit" in name, name
        assert both.protected == alone.protected
        assert not alone.further

    def test_the_second_is_measured_as_the_first_would_be(self, both, pt):
        alone = measured(20_000, protected=["pt"], quality=1, pt=pt).values
        for name in ("ks", "distance_correlation"):
            assert both.values[f"{name}_pt"].value == alone[name].value

    def test_what_is_independent_is_like_chance(self, both):
        values = both.values
        assert values["jsd_pt"].low < values["jsd_limit_pt"].high < values["jsd"].value / 10
        assert values["inverse_jsd_pt"].value == pytest.approx(1 / values["jsd_pt"].value)

    def test_sculpting_shows(self, pt):
        mass = score_table(20_000, seed=1, quality=1, sculpting=0.5)["mass"]
        sculpted = measured(20_000, protected=self.COLUMNS, quality=1, pt=pt + 3 * mass).values
        assert sculpted["jsd_pt"].low > sculpted["jsd_limit_pt"].high

    def test_bins_hold_equally_many_jets_and_all_of_them(self, both):
        sums = np.array(both.further["pt"]["all"].sums)
        assert len(sums) == 24
        assert sums.sum() == both.counts["background"]
        assert np.ptp(sums) <= 2

    def test_ties_make_fewer_bins(self):
        few = measured(2000, protected=self.COLUMNS, pt=np.arange(2000) % 2)
        assert sum(few.further["pt"]["all"].sums) == few.counts["background"]
        level = measured(2000, protected=self.COLUMNS, pt=np.full(2000, 7.0)).values
        assert level["jsd_pt"].value == level["ks_pt"].value == 0


class TestLightMasses:
    """A mass of which the background is not between 50 and 300 GeV has bins of its own jets."""

    @pytest.fixture(scope="class")
    @classmethod
    def light(cls):
        mass = np.random.default_rng(6).uniform(1.6, 2.0, 2000)
        return measured(2000, quality=1, mass=mass)

    def test_its_bins_hold_equally_many_jets(self, light):
        sums = np.array(light.protected["all"].sums)
        assert len(sums) == 24
        assert sums.sum() == light.counts["background"]
        assert light.values["jsd"].value < 2 * light.values["jsd_limit"].value

    @pytest.mark.parametrize("figure", ["bump_hunt", "mass_sculpting"])
    def test_figures_of_jet_masses_refuse_it(self, light, figure):
        toy = toy_comparison(num_jets=100, replicas=2)
        comparison = Comparison(toy.legend, {next(iter(toy.metrics)): {1: light}})
        with pytest.raises(ValueError, match="needs a mass from 50 to 300 GeV"):
            plugins.load("figures", figure).draw(comparison)
