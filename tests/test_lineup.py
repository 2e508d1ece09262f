"""What a study can name as a tagger, what its seeds count, and what is behind it."""

import copy
import functools
import itertools
import math
from pathlib import Path

import pytest
import yaml

from tagline.settings import config
from tagline.settings.legend import legend_of
from tagline.settings.lineup import Member, subsets
from tests.test_config import merged, quickstart

OUTSIDE = {"scores": "their/scores.csv", "num_parameters": 10, "train_jets": 5, "title": "Theirs"}
MEAN = {"method": "mean", "members": ["pfn"], "subset": 2, "title": "PFN, mean of 2"}


def study(*, taggers: list[str], **changes) -> config.Config:
    """Return the quickstart with other taggers, an outside one and an ensemble of two of three."""
    entries = {
        "outside": {"theirs": dict(OUTSIDE)},
        "combinations": {"pfn_mean": dict(MEAN)},
        "study": {"taggers": taggers, "seeds": [1, 2, 3]},
    }
    values = merged(quickstart(), entries)
    return config.parse(merged(values, copy.deepcopy(changes)))


def test_an_ensemble_has_every_choice_of_trainings_in_lexicographic_order():
    lineup = study(taggers=["pfn_mean"]).lineup
    assert lineup.seeds_of("pfn_mean") == (0, 1, 2)
    assert [lineup.members_of("pfn_mean", seed) for seed in range(3)] == [
        [Member("pfn", first), Member("pfn", second)] for first, second in ((1, 2), (1, 3), (2, 3))
    ]


def test_the_landscape_has_84_subsets():
    found = subsets(tuple(range(1, 10)), 6, limit=0)
    assert list(found) == list(range(84))
    assert math.comb(9, 6) == 84
    assert list(found.values()) == list(itertools.combinations(range(1, 10), 6))


def test_a_limit_spaces_the_choices_evenly_and_keeps_their_places():
    every = subsets(tuple(range(1, 10)), 6, limit=0)
    some = subsets(tuple(range(1, 10)), 6, limit=4)
    assert list(some) == [0, 21, 42, 63]
    assert all(every[place] == chosen for place, chosen in some.items())
    assert subsets((1, 2), 1, limit=9) == {0: (1,), 1: (2,)}


def test_other_combinations_read_one_training_of_each_member_of_the_same_seed():
    changes = {"combinations": {"goat": {"members": ["pfn", "topodnn", "theirs"]}}}
    lineup = study(taggers=["goat"], **changes).lineup
    assert lineup.seeds_of("goat") == (1, 2, 3)
    assert lineup.members_of("goat", 3) == [
        Member("pfn", 3),
        Member("topodnn", 3),
        Member("theirs", 1),
    ]


def test_outside_scores_are_of_one_training_unless_their_paths_name_seeds():
    assert study(taggers=["theirs"]).lineup.seeds_of("theirs") == (1,)
    changes = {"outside": {"theirs": {"scores": "their/{seed}.csv"}}}
    assert study(taggers=["theirs"], **changes).lineup.seeds_of("theirs") == (1, 2, 3)


def test_what_is_made_elsewhere_has_no_trainings_of_a_decorrelation():
    lineup = study(taggers=["theirs"]).lineup
    named = {"none", "disco", "growing_disco", "ddt"}
    assert named & {*lineup.decorrelations_of("theirs")} == {"none", "ddt"}
    assert named & {*lineup.decorrelations_of("pfn_mean")} == named
    trained = {one for one, entry in lineup.decorrelations.items() if entry.when == "training"}
    assert trained.isdisjoint(lineup.decorrelations_of("theirs"))
    changes = {
        "outside": {"theirs": {"scores": {"test": "their/test.csv"}}},
        "combinations": {"pfn_mean": {"members": ["pfn", "theirs"]}},
    }
    lineup = study(taggers=["theirs"], **changes).lineup
    assert lineup.decorrelations_of("theirs") == ["none"]
    assert lineup.decorrelations_of("pfn_mean") == ["none"]


def test_members_that_the_study_does_not_name_are_behind_it():
    lineup = study(taggers=["pfn_mean", "theirs"]).lineup
    assert lineup.behind(["pfn_mean", "theirs"]) == ["pfn_mean", "theirs", "pfn"]


def test_the_legend_says_what_the_scores_are_of():
    legend = legend_of(study(taggers=["pfn", "pfn_mean", "theirs"]))
    assert [label.varied for label in legend.taggers.values()] == ["seed", "subset", "seed"]
    assert legend.taggers["theirs"].title == "Theirs"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("study/taggers", ["gaot"], "did you mean 'goat'"),
        ("combinations/goat/members", ["pnf"], "did you mean 'pfn'"),
        ("combinations/goat/members", ["pfn_mean_of_6"], "'pfn_mean_of_6' is not declared"),
        ("combinations/goat/members", ["pfn", "pfn"], "named twice"),
        ("combinations/goat/method", "gaot", "did you mean 'goat'"),
        ("combinations/goat/parameters", {"epoch": 1}, "did you mean 'epochs'"),
        ("combinations/goat/max_subsets", 3, "limits the choices of `subset`"),
        ("combinations/pfn", MEAN, "'pfn' is declared in `taggers` and in `combinations`"),
        ("study/taggers", ["pfn_mean_of_6"], "no 6 trainings of the 2 in study.seeds"),
        ("outside/pfn", OUTSIDE, "'pfn' is declared in `taggers` and in `outside`"),
        ("outside/theirs", {**OUTSIDE, "onnx": {}}, "theirs.onnx"),
        ("outside/theirs", {**OUTSIDE, "scores": None}, "either `scores` or `onnx`"),
        ("outside/theirs", {**OUTSIDE, "scores": "{sed}.csv"}, "may have {seed} and {task}"),
        ("outside/theirs", {**OUTSIDE, "train_jet": 5}, "did you mean 'train_jets'"),
    ],
)
def test_a_mistake_is_named(path, value, says):
    values = {"outside": {}} | quickstart()
    *parents, last = path.split("/")
    functools.reduce(dict.__getitem__, parents, values)[last] = value
    with pytest.raises(ValueError, match="(?s)" + says.replace("{", r"\{")):
        config.parse(values)


def test_a_tagger_that_can_have_no_decorrelation_of_the_study_is_named():
    changes = {"study": {"decorrelations": ["disco"]}}
    with pytest.raises(ValueError, match="'theirs' can have none of them, but none, ddt"):
        study(taggers=["pfn", "theirs"], **changes)


def test_titles_and_limits_change_no_result():
    plain = config.changes_results(study(taggers=["pfn_mean"]))
    changes = {"combinations": {"pfn_mean": {"title": "another", "max_subsets": 1}}}
    assert config.changes_results(study(taggers=["pfn_mean"], **changes)) == plain


@pytest.mark.parametrize("kind", ["combinations", "taggers"])
def test_every_published_system_of_the_catalogue_is_one_of_a_paper(kind):
    """A mistyped name would silently stand beside nothing."""
    root = Path(__file__).parents[1] / "config"
    systems = {
        number["system"]
        for path in (root / "published").glob("*.yaml")
        for comparison in yaml.safe_load(path.read_text())["published"].values()
        for number in comparison["numbers"]
    }
    entries = yaml.safe_load((root / f"{kind}.yaml").read_text())[kind]
    assert {entry["paper"] for entry in entries.values() if "paper" in entry} <= systems
