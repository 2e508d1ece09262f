import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from tagline.reporting.style import SETTINGS
from tagline.settings import plugins
from tagline.settings.task import Task
from tagline.splitting.balance import balanced
from tagline.splitting.sampling import draw_jets, grid_of
from tagline.splitting.spectra import account_of_sampling
from tests.toy_splits import momenta_alone, toy_split_jets

SIZES = {"train": 6_000, "validation": 1_500, "test": 1_000}
CLASSES = {"qcd": {"datasets": ("jets",)}, "top": {"datasets": ("jets",)}}
METHODS = ("weights", "downsample", "importance")
PT, ETA = (500, 600, 700, 800, 1000), (-2, -1, 0, 1, 2)


def task_of(method, **options):
    sampling = {"method": method, "bins": {"pt": PT, "eta": ETA}} | options
    return Task(classes=CLASSES, sampling=sampling)


@pytest.fixture(scope="module")
def jets():
    """Columns of the jets of each split, all of weight one."""
    return {
        name: momenta_alone(num, seed=seed).jets for seed, (name, num) in enumerate(SIZES.items())
    }


def with_weights(jets, weight_of):
    return {name: split | {"weight": weight_of(split)} for name, split in jets.items()}


def shares(split, task):
    """Return the share of each class's weight in each cell: (C, K)."""
    cell = grid_of(split, task).cells(split)
    found = []
    for label in (0, 1):
        chosen = (split["label"] == label) & (cell >= 0)
        counts = np.bincount(cell[chosen], split["weight"][chosen], 16)
        found.append(counts / counts.sum())
    return np.array(found)


def sampled(jets, task):
    return jets | {
        name: {column: values[draw.rows_K] for column, values in jets[name].items()}
        | {"weight": draw.weight_K}
        for name, draw in draw_jets(jets, task).items()
    }


def test_the_spectra_differ_before(jets):
    qcd, top = shares(jets["train"], task_of("weights"))
    assert np.abs(qcd - top).sum() > 0.3


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize("method", METHODS)
def test_all_classes_get_the_same_spectra(jets, method, split):
    task = task_of(method)
    qcd, top = shares(sampled(jets, task)[split], task)
    if (method, split) == ("downsample", "validation") or split == "train":
        np.testing.assert_allclose(qcd, top, atol=1e-6 if method != "importance" else 1e-3)
    else:  # with the factors of the training jets
        np.testing.assert_allclose(qcd, top, atol=5 * np.sqrt(0.1 / 500))


@pytest.mark.parametrize("method", METHODS)
def test_pt_and_eta_no_longer_tell_the_classes_apart(method):
    many = {name: momenta_alone(100_000, seed=seed).jets for seed, name in enumerate(SIZES)}
    assert auc_of_kinematics(many) > 0.65
    fine = {"pt": tuple(range(500, 1300, 20)), "eta": tuple(np.linspace(-2, 2, 17))}
    task = task_of(method, bins=fine)
    assert auc_of_kinematics(sampled(many, task)) == pytest.approx(0.5, abs=0.02)


def auc_of_kinematics(jets):
    """Train trees on pT and eta alone, and measure them on jets that are sampled likewise."""
    train, test = (jets[name] for name in ("train", "validation"))
    trees = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, random_state=1)
    inputs, others = (np.column_stack([split["pt"], split["eta"]]) for split in (train, test))
    trees.fit(inputs, train["label"], sample_weight=train["weight"])
    score = trees.predict_proba(others)[:, 1]
    return roc_auc_score(test["label"], score, sample_weight=test["weight"])


@pytest.mark.parametrize("method", METHODS)
def test_the_test_set_stays_as_it_is(jets, method):
    assert draw_jets(jets, task_of(method)).keys() == {"train", "validation"}


def test_without_sampling_all_jets_are_drawn_as_they_are(jets):
    weighted = with_weights(jets, lambda columns: 1 + columns["label"])
    for name, draw in draw_jets(weighted, Task(classes=CLASSES)).items():
        np.testing.assert_array_equal(draw.rows_K, np.arange(SIZES[name]))
        np.testing.assert_array_equal(draw.weight_K, weighted[name]["weight"])


def test_the_signal_keeps_its_spectrum_and_its_weights(jets):
    bins = {"pt": (0, 600, 10_000)}
    draw = draw_jets(jets, task_of("weights", bins=bins))["train"]
    is_top = jets["train"]["label"][draw.rows_K] == 1
    np.testing.assert_allclose(draw.weight_K[is_top], 1)
    assert not np.allclose(draw.weight_K[~is_top], 1)


def test_sums_of_weights_of_a_class_stay(jets):
    weighted = with_weights(jets, lambda columns: 1 + columns["label"])
    bins = {"pt": 4}
    after = sampled(weighted, task_of("weights", bins=bins))["train"]
    before = weighted["train"]
    for label in (0, 1):
        sums = [jets["weight"][jets["label"] == label].sum() for jets in (before, after)]
        assert sums[1] == pytest.approx(sums[0], rel=1e-5)


def test_flat_gives_every_cell_the_same(jets):
    task = task_of("weights", like="flat", bins={"pt": 8})
    cell = grid_of(jets["train"], task).cells(jets["train"])
    draw = draw_jets(jets, task)["train"]
    sums = np.bincount(cell[draw.rows_K], draw.weight_K)
    np.testing.assert_allclose(sums, sums.mean())


def test_downsampling_takes_no_more_than_it_must(jets):
    task = task_of("downsample")
    cell = grid_of(jets["train"], task).cells(jets["train"])
    label = jets["train"]["label"]
    draw = draw_jets(jets, task)["train"]
    for number in range(16):
        there = [int(((cell == number) & (label == of_class)).sum()) for of_class in (0, 1)]
        chosen = cell[draw.rows_K] == number
        taken = [int((chosen & (label[draw.rows_K] == of_class)).sum()) for of_class in (0, 1)]
        assert taken == [min(there)] * 2


def test_a_jet_comes_as_often_as_its_weight_says(jets):
    weights = draw_jets(jets, task_of("weights"))["train"]
    draw = draw_jets(jets, task_of("importance"))["train"]
    label = jets["train"]["label"]
    copies = np.bincount(draw.rows_K, minlength=len(label))
    expected = np.zeros(len(label))
    expected[weights.rows_K] = weights.weight_K
    for of_class in (0, 1):
        chosen = label == of_class
        scaled = expected[chosen] * chosen.sum() / expected[chosen].sum()
        assert np.abs(copies[chosen] - scaled).max() < 1
        assert copies[chosen].sum() == chosen.sum()


def test_jets_stay_whole():
    whole = {name: toy_split_jets(200, seed=seed) for seed, name in enumerate(SIZES)}
    task = task_of("importance", bins={"pt": 3})
    draw = draw_jets({name: split.jets for name, split in whole.items()}, task)["train"]
    after, before = (
        np.add.reduceat(split.constituents["px"], split.offsets[:-1])
        for split in (draw.of(whole["train"]), whole["train"])
    )
    assert len(np.unique(draw.rows_K)) < len(draw.rows_K)
    np.testing.assert_array_equal(after, before[draw.rows_K])


def test_classes_are_balanced_afterwards(jets):
    draws = draw_jets(jets, task_of("downsample", bins={"pt": PT}))
    train = balanced(jets, draws)["train"]
    sums = np.bincount(jets["train"]["label"][train.rows_K], train.weight_K)
    assert sums[0] == pytest.approx(sums[1])


class TestAccount:
    """Every jet is accounted for."""

    @pytest.fixture(params=METHODS)
    def account(self, jets, request):
        task = task_of(request.param)
        return account_of_sampling(jets, draw_jets(jets, task), task=task), request.param

    def test_adds_up(self, account, jets):
        numbers = account[0]["numbers"]
        for name in ("train", "validation"):
            for label, counted in enumerate(numbers[name]):
                total = counted["beyond_edges"] + counted["left_out"] + counted["used"]
                assert total == counted["jets"] == (jets[name]["label"] == label).sum()

    def test_effective_numbers_are_below_those_used(self, account):
        numbers, method = account[0]["numbers"]["train"], account[1]
        qcd, top = numbers
        assert qcd["effective"] < qcd["jets"]
        assert (qcd["copies"] > 0) == (method == "importance")
        if method == "downsample":
            assert qcd["effective"] == pytest.approx(qcd["used"])
            assert qcd["used"] == top["used"]
        else:
            assert qcd["effective"] < 0.9 * qcd["used"]

    def test_spectra_agree_afterwards_alone(self, account):
        of_pt, of_eta, of_mass = account[0]["spectra"]
        columns = [of_pt["column"], of_eta["column"], of_mass["column"]]
        assert columns == ["pt", "eta", "mass"]
        before, after = (np.abs(np.subtract(*of_pt[when])).sum() for when in ("before", "after"))
        assert after < before / 2


def test_copies_count_as_one_jet_of_their_weight(jets):
    """The effective number is that of the weights, but for rounding to whole numbers."""
    effective = []
    for method in ("weights", "importance"):
        task = task_of(method)
        account = account_of_sampling(jets, draw_jets(jets, task), task=task)
        qcd, _ = account["numbers"]["train"]
        effective.append(qcd["effective"])
    assert effective[1] == pytest.approx(effective[0], rel=0.15)
    assert effective[1] < effective[0]


@pytest.mark.parametrize(
    ("method", "options", "said"),
    [
        ("weights", {"bins": {"pt": (0, 1)}}, "no bin has jets of all classes"),
        ("downsample", {"bins": {"pt": (0, 1)}}, "no bin has jets of all classes"),
    ],
)
def test_what_cannot_be_sampled_is_told(jets, method, options, said):
    with pytest.raises(ValueError, match=said):
        draw_jets(jets, task_of(method, **options))


def test_downsampling_refuses_weights(jets):
    weighted = with_weights(jets, lambda columns: columns["pt"])
    with pytest.raises(ValueError, match="those of 'qcd' have weights"):
        draw_jets(weighted, task_of("downsample"))


def test_negative_weights_cannot_be_drawn(jets):
    signs = np.where(np.arange(max(SIZES.values())) % 7, 1, -1)
    signed = with_weights(jets, lambda columns: signs[: len(columns["pt"])])
    draw_jets(signed, task_of("weights", bins={"pt": 2}))
    with pytest.raises(ValueError, match="negative weights: use `weights`"):
        draw_jets(signed, task_of("importance", bins={"pt": 2}))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"like": "tpo"}, "sampling.like: no class 'tpo'; did you mean 'top'"),
        ({"bins": {"pt": 1}}, "bins.pt: 1 is not a number of bins"),
        ({"bins": {"pt": (2, 1)}}, "bins.pt: edges must be two or more that rise"),
        ({"method": "downsample", "like": "top"}, "`downsample` takes the smallest spectrum"),
        ({"bins": {}}, "at least 1 item"),
    ],
)
def test_a_sampling_that_makes_no_sense_is_refused(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        task_of(**({"method": "weights"} | options))


@pytest.mark.mpl_image_compare(style=SETTINGS, tolerance=3, savefig_kwargs={"dpi": 60})
def test_sampling_looks_as_before() -> Figure:
    jets = {name: momenta_alone(20_000, seed=seed).jets for seed, name in enumerate(SIZES)}
    classes = {name: {"datasets": ("jets",)} for name in ("qcd", "top")}
    bins = {"pt": tuple(range(500, 1100, 50)), "eta": (-2, -1, 0, 1, 2)}
    accounts = {}
    for method in ("weights", "downsample"):
        task = Task(classes=classes, sampling={"method": method, "bins": bins})
        accounts[method] = account_of_sampling(jets, draw_jets(jets, task), task=task)
    return plugins.load("figures", "sampling").draw(accounts)
