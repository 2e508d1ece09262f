"""A variation tests the taggers of a task on other jets, and shares nothing of their training."""

from dataclasses import replace

import numpy as np
import pytest

from tagline.artefacts.files import read_json
from tagline.data.jets import read_jets
from tagline.datasets import momentum_sums
from tagline.settings import config
from tagline.settings.task import Noise, Task
from tagline.split import split
from tagline.splitting.noise import with_noise
from tagline.variation import vary
from tests.test_config import quickstart, with_entry
from tests.toy_splits import write_skim
from tests.toys import toy_jets

NOMINAL = {
    "qcd": {"datasets": ("ours",), "select": "truth == qcd"},
    "top": {"datasets": ("ours",), "select": "truth == t_bqq"},
}
OTHER = {
    "qcd": {"datasets": ("theirs",), "select": "truth == qcd"},
    "top": {"datasets": ("theirs",), "select": "truth == t_bqq"},
}
NOISE = Noise(density=10)


@pytest.fixture
def varied(tmp_path):
    """Return a function that splits a task of 400 jets and a variation of it, both read back."""
    task = Task(classes=NOMINAL)
    skims = {
        name: [write_skim(tmp_path / name, toy_jets(400, seed=seed))]
        for seed, name in enumerate(("ours", "theirs"))
    }
    split(
        {"ours": skims["ours"]},
        task=task,
        folder=tmp_path / "nominal",
        sampling=tmp_path / "sampling.json",
    )

    def vary_task(**options):
        variation = Task(**({"classes": NOMINAL, "variation_of": "nominal"} | options))
        vary(
            {name: skims[name] for name in variation.datasets},
            variation=variation,
            nominal=task,
            nominal_split=tmp_path / "nominal",
            folder=tmp_path / "variation",
        )
        return (
            {name: read_jets(tmp_path / folder / name) for name in ("train", "validation", "test")}
            for folder in ("nominal", "variation")
        )

    return vary_task


def assert_equal(first, second):
    for name in first.jets:
        np.testing.assert_array_equal(first.jets[name], second.jets[name], err_msg=name)


def test_without_a_difference_it_is_the_task(varied):
    nominal, variation = varied()
    for name in nominal:
        assert_equal(nominal[name], variation[name])


def test_noise_reaches_the_test_jets_alone(varied):
    nominal, variation = varied(noise=NOISE)
    for name in ("train", "validation"):
        assert_equal(nominal[name], variation[name])
    for name in ("event_id", "label", "weight"):
        np.testing.assert_array_equal(nominal["test"].jets[name], variation["test"].jets[name])
    assert (variation["test"].jets["mass"] > nominal["test"].jets["mass"]).mean() > 0.95


def test_all_jets_of_other_datasets_are_test_jets(varied, tmp_path):
    _, variation = varied(classes=OTHER)
    assert len(variation["test"]) == 400
    assert read_json(tmp_path / "variation/ledger.json")["test"] == {
        name: int((variation["test"].jets["label"] == label).sum())
        for label, name in enumerate(OTHER)
    }


def test_at_most_so_many_jets_of_each_class_are_taken(varied):
    _, variation = varied(classes=OTHER, max_jets={"test": 50})
    assert np.bincount(variation["test"].jets["label"]).tolist() == [50, 50]


def test_jets_that_were_trained_on_can_be_refused(varied, tmp_path):
    ours = toy_jets(400, seed=0)
    write_skim(tmp_path / "theirs", ours)  # the same jets in another dataset
    with pytest.raises(ValueError, match="in two splits"):
        varied(classes=OTHER, refuse_twins=True)


def test_events_of_like_numbers_are_counted(varied, tmp_path):
    """All test jets are of other datasets, whose events have the numbers of the task's."""
    nominal, _ = varied(classes=OTHER)
    assert read_json(tmp_path / "variation/ledger.json")["events_of_like_numbers"] == {
        "train and validation": 0,
        "train and test": len(nominal["train"]),
        "validation and test": len(nominal["validation"]),
    }


def test_noise_adds_the_momentum_density_that_it_says():
    jets = toy_jets(2000, seed=3)
    before, after = (
        np.bincount(
            np.repeat(np.arange(2000), each.jets["num_constituents"]),
            np.hypot(each.constituents["px"], each.constituents["py"]),
        )
        for each in (jets, with_noise(jets, NOISE))
    )
    expected = NOISE.density * np.pi * NOISE.radius**2
    error = np.sqrt(2 * expected * NOISE.mean_pt / 2000)  # of a compound Poisson sum, exponential
    assert (after - before).mean() == pytest.approx(expected, abs=4 * error)


def test_jets_with_noise_are_the_sums_of_their_constituents():
    noisy = with_noise(toy_jets(50, seed=4), NOISE)
    sums = momentum_sums(noisy.jets["num_constituents"], noisy.constituents)
    np.testing.assert_allclose(noisy.jets["pt"], np.hypot(sums["px"], sums["py"]), rtol=1e-5)
    mass2 = sums["energy"] ** 2 - sums["px"] ** 2 - sums["py"] ** 2 - sums["pz"] ** 2
    np.testing.assert_allclose(noisy.jets["mass"], np.sqrt(mass2), rtol=1e-3)


def test_noise_keeps_every_particle_and_the_order_of_their_momenta():
    jets = toy_jets(50, seed=5)
    noisy = with_noise(jets, NOISE)
    assert np.isin(jets.constituents["px"], noisy.constituents["px"]).all()
    pt = np.hypot(noisy.constituents["px"], noisy.constituents["py"])
    is_first = np.isin(np.arange(len(pt)), noisy.offsets)[1:]
    assert (np.diff(pt)[~is_first[: len(pt) - 1]] <= 0).all()


def test_empty_jets_survive_noise():
    jets = toy_jets(3, seed=6)
    empty = replace(
        jets,
        jets=jets.jets | {"num_constituents": np.zeros(3, np.int32)},
        constituents={name: column[:0] for name, column in jets.constituents.items()},
    )
    noisy = with_noise(empty, Noise(density=1e-9))
    assert np.isfinite(noisy.jets["eta"]).all()


def test_a_variation_takes_from_its_task_what_it_does_not_give():
    values = with_entry(
        "tasks/noisy", {"variation_of": "top_tagging", "noise": {"density": 10}, "title": "noisy"}
    )
    tasks = config.parse(values).tasks
    assert tasks["noisy"].classes == tasks["top_tagging"].classes
    assert tasks["noisy"].fractions == tasks["top_tagging"].fractions
    assert config.parse(values).nominal("noisy") == "top_tagging"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"variation_of": "top_taging"}, "did you mean 'top_tagging'"),
        ({"variation_of": "top_tagging", "protected": ["pt"]}, "takes `protected` from its task"),
        (
            {"variation_of": "top_tagging", "classes": {"one": {"datasets": ["landscape_qcd"]}}},
            "at least 2",
        ),
        (
            {
                "variation_of": "top_tagging",
                "classes": {
                    "top": {"datasets": ["landscape_top"]},
                    "qcd": {"datasets": ["landscape_qcd"]},
                },
            },
            "has the classes of its task, qcd, top, found top, qcd",
        ),
    ],
)
def test_a_mistake_in_a_variation_is_named(entry, says):
    values = quickstart()
    if "classes" not in entry and entry["variation_of"] == "top_taging":
        entry = entry | {"classes": values["tasks"]["top_tagging"]["classes"]}
    values["tasks"]["varied"] = entry
    with pytest.raises(ValueError, match=says):
        config.parse(values)


def test_noise_needs_a_task_to_vary():
    with pytest.raises(ValueError, match="say of which task"):
        config.parse(with_entry("tasks/top_tagging/noise", {"density": 10}))
