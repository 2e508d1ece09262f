"""The figures of a comparison look as they did, survive tiny test sets, and repeat to the byte."""

import ast

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from tagline import figures
from tagline.compare import Comparison, Key
from tagline.interpretation.attributions import Interpretation
from tagline.measures.metrics import Estimate
from tagline.reporting.score_tables import ScoreTables
from tagline.reporting.style import SETTINGS
from tagline.settings import plugins
from tests.interpretations import of_trees, toy_interpretation
from tests.scores import (
    challenge_score_tables,
    searched_comparison,
    sized_comparison,
    toy_comparison,
    toy_score_tables,
    varied_comparison,
)

SOURCES = {"metrics", "scores", "attributions", "images", "recipes", "ledgers"}
SOURCES |= {"sampling", "benchmarks", "decorrelated_scores"}


def reading(source: str) -> list[str]:
    names = plugins.names("figures")
    return [name for name in names if plugins.constant_of("figures", name, "READS") == source]


FROM_METRICS = reading("metrics")
FROM_SCORES = [*reading("scores"), *reading("decorrelated_scores")]
FROM_ATTRIBUTIONS = reading("attributions")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return toy_comparison(num_jets=4000, replicas=20)


@pytest.fixture(scope="module")
def score_tables(tmp_path_factory) -> ScoreTables:
    return toy_score_tables(tmp_path_factory.mktemp("scores"), num_jets=2000)


@pytest.fixture(scope="module")
def tiny_comparison() -> Comparison:
    return toy_comparison(num_jets=20, replicas=5)


@pytest.mark.parametrize("name", plugins.names("figures"))
def test_says_what_it_reads_and_shows_as_literals(name):
    tree = ast.parse((plugins.PACKAGE / "figures" / f"{name}.py").read_text())
    literals = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id in ("READS", "CAPTION")
    }
    assert literals["READS"] in SOURCES
    assert literals["CAPTION"].endswith(".")


@pytest.mark.parametrize("name", FROM_METRICS)
@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_looks_as_before(name, comparison) -> Figure:
    return plugins.load("figures", name).draw(comparison)


@pytest.mark.parametrize("name", FROM_ATTRIBUTIONS)
@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_attributions_look_as_before(name) -> Figure:
    return plugins.load("figures", name).draw(toy_interpretation())


def test_trees_have_no_gradients_to_rank_by():
    left, right = plugins.load("figures", "feature_ranking").draw(of_trees()).axes
    assert left.get_title(loc="left").endswith("no gradients)")
    assert [text.get_text() for text in right.texts] == ["no gradients"]
    assert not right.patches


def test_only_what_was_found_is_drawn():
    interpretation = toy_interpretation()
    images, _, observables = interpretation.found
    for name, key in (("feature_ranking", images), ("saliency", observables)):
        alone = Interpretation(interpretation.legend, {key: interpretation.found[key]})
        with pytest.raises(ValueError, match=r"study\.interpret"):
            plugins.load("figures", name).draw(alone)


@pytest.mark.parametrize("name", FROM_METRICS)
def test_survives_a_test_set_of_a_few_jets(name, tiny_comparison):
    plugins.load("figures", name).draw(tiny_comparison).draw_without_rendering()


@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_training_sizes_lead_to_the_published_one() -> Figure:
    comparison = sized_comparison((5_000, 20_000, 60_000, 200_000), num_jets=20_000)
    return plugins.load("figures", "training_sizes").draw(comparison)


@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_searches_of_many_jets_look_as_before(comparison) -> Figure:
    many = searched_comparison(comparison, num_jets=200_000)
    return plugins.load("figures", "bump_hunt").draw(many)


@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_variations_stand_beside_their_task(comparison) -> Figure:
    return plugins.load("figures", "robustness").draw(varied_comparison(comparison))


@pytest.mark.parametrize("without", [{"cnn"}, {"pfn", "cnn", "topodnn"}])
def test_what_has_no_epochs_has_no_learning_curve(without, tiny_comparison):
    metrics = {
        key: {
            seed: one.model_copy(update={"history": {"train_jets": 1}})
            if key.tagger in without
            else one
            for seed, one in seeds.items()
        }
        for key, seeds in tiny_comparison.metrics.items()
    }
    comparison = Comparison(tiny_comparison.legend, metrics)
    figure = plugins.load("figures", "learning_curves").draw(comparison)
    figure.draw_without_rendering()
    assert len(figure.axes) == max(1, 3 - len(without))


@pytest.mark.parametrize("name", FROM_SCORES)
@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_looks_as_before_with_scores(name, score_tables) -> Figure:
    return plugins.load("figures", name).draw(score_tables)


@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_a_control_channel_is_judged_beside_what_is_published(tmp_path) -> Figure:
    tables = challenge_score_tables(tmp_path, num_events=5000)
    return plugins.load("figures", "flavours_of_physics").draw(tables)


@pytest.mark.parametrize("name", FROM_SCORES)
def test_survives_a_few_scored_jets(name, tmp_path):
    tables = toy_score_tables(tmp_path, num_jets=4)
    plugins.load("figures", name).draw(tables).draw_without_rendering()


@pytest.mark.parametrize("name", FROM_METRICS)
def test_survives_a_tagger_that_was_made_elsewhere(name, tiny_comparison):
    """It has one training, no epochs, no decorrelation of its own, and perhaps no parameters."""
    metrics = {
        key: seeds
        for key, seeds in tiny_comparison.metrics.items()
        if key.tagger != "cnn" or key.decorrelation == "none"
    }
    key = Key("tops", "cnn", "none")
    zero = Estimate(value=0, low=0, high=0)
    one = metrics[key][1].model_copy(update={"history": {"train_jets": 0, "num_parameters": 0}})
    metrics[key] = {1: one.model_copy(update={"values": one.values | {"parameters": zero}})}
    comparison = Comparison(tiny_comparison.legend, metrics)
    plugins.load("figures", name).draw(comparison).draw_without_rendering()


def test_the_same_numbers_give_the_same_bytes(comparison, tmp_path):
    for copy in ("first", "second"):
        figure = plugins.load("figures", "frontier").draw(comparison)
        figures.save(figure, png=tmp_path / f"{copy}.png", pdf=tmp_path / f"{copy}.pdf")
    for suffix in ("png", "pdf"):
        first, second = (tmp_path / f"{copy}.{suffix}" for copy in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_drawing_leaves_the_global_style_alone(comparison):
    mpl.use("agg")  # a backend that is not chosen yet would be, by looking
    before = mpl.rcParams.copy()
    plugins.load("figures", "roc").draw(comparison)
    assert mpl.rcParams == before
