"""uBoost and boosting with a flatness loss: what they learn, what they keep uniform."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from benchmarks import dalitz
from tagline.data.inputs import Inputs
from tagline.learning.fitted import Fitted
from tagline.learning.two_classes import TwoClasses, two_classes
from tagline.learning.uniform_losses import FlatnessLoss
from tagline.measures.uniformity import (
    Groups,
    bins,
    cramer_von_mises,
    neighbourhoods,
    standard_deviation_of_efficiencies,
)
from tagline.taggers import boosted_trees, flatness_boosting, uboost
from tests.fitted import jets_of, logits_of

SMALL = {"leaves": 8, "depth": 3, "uniform": "signal"}
FLAT = flatness_boosting.Config(trees=40, neighbourhoods=500, **SMALL)
NEIGHBOURS = flatness_boosting.Config(
    trees=40, loss="neighbours", neighbours=10, learning_rate=0.4, **SMALL
)
UBOOST = uboost.Config(trees=20, efficiencies=(0.2, 0.4, 0.6, 0.8), **SMALL)
CONFIGS = {"flatness": FLAT, "neighbours": NEIGHBOURS, "uboost": UBOOST}
each_method = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def tagger_of(config, num_classes: int = 2, num_features: int = 2) -> Fitted:
    plugin = {
        boosted_trees.Config: boosted_trees,
        flatness_boosting.Config: flatness_boosting,
        uboost.Config: uboost,
    }[type(config)]
    names = tuple(f"x{column}" for column in range(num_features))
    return plugin.Tagger(config, Inputs(jet_features=names, num_classes=num_classes))


def fitted(config, features_JG, label_J, protected_JR, weight_J=None) -> Fitted:
    tagger = tagger_of(config, num_features=features_JG.shape[1])
    protected_JR = torch.from_numpy(np.asarray(protected_JR, np.float32))
    jets = replace(jets_of(features_JG, label_J, weight_J), protected_JR=protected_JR)
    tagger.fit(jets, seed=1)
    return tagger.eval()


def score_of(tagger: Fitted, features_JG):
    logits_JC = logits_of(tagger, features_JG).astype(np.float64)
    return logits_JC[:, 1] - logits_JC[:, 0]


def toy(num_jets: int = 2000, *, seed: int = 0):
    """Return features that tell the class and the mass, labels and masses, high in background."""
    random = np.random.default_rng(seed)
    label_J = random.integers(2, size=num_jets)
    mass_J = np.where(label_J == 1, random.uniform(size=num_jets), random.beta(3, 1, num_jets))
    features_JG = random.normal(size=(num_jets, 2))
    features_JG[:, 0] += 2 * label_J
    features_JG[:, 1] = mass_J + 0.1 * features_JG[:, 1]
    return features_JG.astype(np.float32), label_J, mass_J[:, None]


def rare(share):
    """Return a toy in which signal has about this share of the jets."""
    features_JG, label_J, mass_JR = toy(8000)
    random_J = np.random.default_rng(1).uniform(size=len(label_J))
    kept_J = (label_J == 0) | (random_J < share / (1 - share))
    return features_JG[kept_J], label_J[kept_J], mass_JR[kept_J]


def deviation(score_J, protected_JR, weight_J=None) -> float:
    return standard_deviation_of_efficiencies(
        score_J,
        np.ones(len(score_J)) if weight_J is None else weight_J,
        bins(protected_JR, 10),
        efficiencies=(0.5, 0.4, 0.3, 0.2, 0.1),
    )


def quality(config) -> tuple[float, float]:
    """Return the area under the curve, and how much signal efficiencies deviate with mass."""
    tagger = fitted(config, *toy())
    features_JG, label_J, mass_JR = toy(seed=1)
    score_J, is_signal_J = score_of(tagger, features_JG), label_J == 1
    return roc_auc_score(label_J, score_J), deviation(score_J[is_signal_J], mass_JR[is_signal_J])


USUAL = flatness_boosting.Config(trees=40, neighbourhoods=1, strength=0, **SMALL)


@each_method
def test_is_more_uniform_than_usual_boosting(config):
    usual_area, usual_deviation = quality(USUAL)
    area, found = quality(config)
    assert found < 0.6 * usual_deviation
    assert area > usual_area - 0.05


@each_method
def test_learns_signal_that_is_rare(config):
    background = config.model_copy(update={"uniform": "background"})
    for share in (0.05, 0.02):
        tagger = fitted(background, *rare(share))
        features_JG, label_J, _ = toy(seed=1)
        assert roc_auc_score(label_J, score_of(tagger, features_JG)) > 0.9


def test_classes_weigh_the_same_however_rare_signal_is():
    features_JG, label_J, mass_JR = rare(0.05)
    protected_JR = torch.from_numpy(mass_JR.astype(np.float32))
    jets = replace(jets_of(features_JG, label_J), protected_JR=protected_JR)
    classes = two_classes(jets, uniform="background")
    assert classes.weight_J @ classes.sign_J == pytest.approx(0, abs=1e-9)
    assert classes.weight_J.mean() == pytest.approx(1)


def test_jets_of_one_leaf_are_not_all_pulled_alike():
    """Of the signal, a half is in one leaf at low mass and a quarter at high mass."""
    mass_J, leaf_J = np.repeat([0.0, 1.0], 400), np.repeat([0.0, 1, 0, 1], [200, 200, 100, 300])
    every_J = np.arange(800)
    jets = TwoClasses(
        sign_J=np.ones(800),
        weight_J=np.ones(800),
        uniform_J=every_J,
        other_J=every_J[:0],
        protected_JR=mass_J[:, None],
    )
    groups = Groups(row_I=every_J, group_I=mass_J.astype(np.int64))
    loss = FlatnessLoss(jets, groups, np.random.default_rng(1), strength=3.0, power=1.3)
    target_J = loss.aim(leaf_J).target_J
    for place in (leaf_J + 2 * mass_J == place for place in range(4)):
        assert len(np.unique(target_J[place])) > 50
    assert target_J[mass_J == 0].mean() > target_J[mass_J == 1].mean() + 1
    np.testing.assert_array_equal(loss.aim(leaf_J).target_J, target_J)


def test_a_rate_of_zero_does_not_care_for_uniformity():
    none = UBOOST.model_copy(update={"uniforming_rate": 0.0})
    assert quality(none)[1] > 1.2 * quality(UBOOST)[1]


@each_method
def test_jets_that_weigh_nothing_do_no_harm(config):
    features_JG, label_J, mass_JR = toy()
    weight_J = np.where(mass_JR[:, 0] > 0.3, 1.0, 0.0)
    tagger = fitted(config, features_JG, label_J, mass_JR, weight_J)
    features_JG, label_J, _ = toy(seed=1)
    assert roc_auc_score(label_J, score_of(tagger, features_JG)) > 0.8


def test_background_can_be_what_is_uniform():
    def of_background(config):
        features_JG, label_J, mass_JR = toy()
        tagger = fitted(config, features_JG, 1 - label_J, mass_JR)
        is_background_J = label_J == 1
        score_J = score_of(tagger, features_JG[is_background_J])
        return deviation(-score_J, mass_JR[is_background_J])

    for config in (FLAT, UBOOST):
        background = config.model_copy(update={"uniform": "background"})
        assert of_background(background) < 0.8 * of_background(USUAL)


def test_probabilities_of_uboost_are_shares_of_cuts_passed():
    features_JG, label_J, mass_JR = toy()
    steps = UBOOST.model_copy(update={"smoothing": 1e-6, "efficiencies": (0.25, 0.5, 0.75)})
    tagger = fitted(steps, features_JG, label_J, mass_JR)
    share_J = softmax(logits_of(tagger, features_JG), axis=1)[:, 1]
    num_passed_J = 4 * share_J - 0.5  # one of four cuts is passed by half
    assert num_passed_J.min() == pytest.approx(0, abs=1e-5)
    assert num_passed_J.max() == pytest.approx(3, abs=1e-5)
    assert num_passed_J[label_J == 1].mean() == pytest.approx(0.25 + 0.5 + 0.75, abs=0.03)


def weighted_toy(*, seed=0):
    """Return a toy, and weights that are small where jets of high mass look like signal."""
    features_JG, label_J, mass_JR = toy(6000, seed=seed)
    is_light_J = (features_JG[:, 0] > 2) & (mass_JR[:, 0] > 0.5)
    return features_JG, label_J, mass_JR, np.where(is_light_J, 0.2, 1.0)


def test_so_much_weight_of_signal_passes_the_cuts_of_uboost():
    features_JG, label_J, mass_JR, weight_J = weighted_toy()
    steps = UBOOST.model_copy(update={"smoothing": 1e-6, "efficiencies": (0.25, 0.5, 0.75)})
    tagger = fitted(steps, features_JG, label_J, mass_JR, weight_J)
    num_passed_J = 4 * softmax(logits_of(tagger, features_JG), axis=1)[:, 1] - 0.5
    is_signal_J = label_J == 1
    mean = np.average(num_passed_J[is_signal_J], weights=weight_J[is_signal_J])
    assert mean == pytest.approx(0.25 + 0.5 + 0.75, abs=0.05)


def test_it_is_the_weighted_signal_that_uboost_makes_uniform():
    features_JG, label_J, mass_JR, weight_J = weighted_toy(seed=1)
    is_signal_J, deviations = label_J == 1, []
    for fitted_on in (weighted_toy(), toy(6000)):
        score_J = score_of(fitted(UBOOST, *fitted_on), features_JG[is_signal_J])
        deviations.append(deviation(score_J, mass_JR[is_signal_J], weight_J[is_signal_J]))
    assert deviations[0] < 0.6 * deviations[1]


HEP_ML_CUTS = {  # `score_cut` of uBoostBDT in hep_ml 0.8.0, at 25, 50 and 75 % of the class
    "signal": [1.3419480821297896, 0.9130184026553784, 0.5915912667719403],
    "background": [-0.6114334526632427, -0.6882606652391773, -1.4387327215822747],
}


@pytest.mark.parametrize("uniform", HEP_ML_CUTS)
def test_uboost_ends_with_the_cuts_of_hep_ml(uniform):
    """In 20 trees of depth 2, with 50 neighbours and a smoothing of 0.5; of rounded features."""
    random = np.random.default_rng(3)
    label_J = np.arange(2000) % 2
    mass_J = np.where(label_J, random.uniform(size=2000), random.beta(3, 1, 2000))
    mass_J = mass_J.astype(np.float32)
    features_JG = random.normal(size=(2000, 2))
    features_JG[:, 0] += 2 * label_J
    features_JG[:, 1] = mass_J + 0.1 * features_JG[:, 1]
    sizes = {"trees": 20, "leaves": 4, "depth": 2, "smallest_leaf": 0}
    config = uboost.Config(uniform=uniform, efficiencies=(0.25, 0.5, 0.75), **sizes)
    tagger = fitted(config, (features_JG * 32).round() / 32, label_J, mass_J[:, None])
    np.testing.assert_allclose(tagger.cut_E.detach().numpy(), HEP_ML_CUTS[uniform], rtol=1e-3)


@each_method
def test_jets_without_weight_do_not_count(config):
    features_JG, label_J, mass_JR = toy(1000)
    doubled_JG, both_J = np.tile(features_JG, (2, 1)), np.concatenate([label_J, 1 - label_J])
    weight_J = np.repeat([1.0, 0.0], len(label_J))
    tagger = fitted(config, doubled_JG, both_J, np.tile(mass_JR, (2, 1)), weight_J)
    assert roc_auc_score(label_J, score_of(tagger, features_JG)) > 0.75


@each_method
def test_is_the_same_for_the_same_seed(config):
    jets = toy(500)
    first, second = (score_of(fitted(config, *jets), jets[0]) for _ in range(2))
    assert (first == second).all()


@each_method
def test_what_is_missing_is_said(config):
    features_JG, label_J, mass_JR = toy(100)
    with pytest.raises(ValueError, match="needs protected columns"):
        fitted(config, features_JG, label_J, np.zeros((100, 0)))
    with pytest.raises(ValueError, match="uniformity needs training jets of both classes"):
        fitted(config, features_JG, np.zeros(100), mass_JR)
    with pytest.raises(ValueError, match="two classes, not 3"):
        tagger_of(config, num_classes=3)


MEASURES = ("deviation", "distance")  # SDE and CvM


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not dalitz.SAMPLE.exists(), reason="no Dalitz sample of the uBoost paper")
def test_signal_is_uniform_in_the_dalitz_plot():
    decays = dalitz.read()
    rows = np.random.default_rng(1).permutation(len(decays.label_J))[:20_000]
    train, test = (decays.take(half) for half in np.split(rows, 2))
    sizes = {"trees": 60, "leaves": 16, "depth": 4, "smallest_leaf": 0}
    usual = boosted_trees.Config(patience=60, **sizes)
    flat = flatness_boosting.Config(uniform="signal", **sizes)
    is_signal_J = test.label_J == 1
    areas, deviations, distances = [], [], []
    for config in (usual, flat):
        tagger = fitted(config, train.features_JG, train.label_J, train.dalitz_JR)
        areas.append(roc_auc_score(test.label_J, score_of(tagger, test.features_JG)))
        score_J = score_of(tagger, test.features_JG[is_signal_J])
        plane_JR = test.dalitz_JR[is_signal_J]
        deviations.append(deviation(score_J, plane_JR))
        groups = neighbourhoods(plane_JR, 50)
        distances.append(cramer_von_mises(score_J, np.ones(len(score_J)), groups))
    assert deviations[1] <= 0.5 * deviations[0]
    assert distances[1] <= 0.5 * distances[0]
    assert areas[1] >= areas[0] - 0.03


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.timeout(600)
@pytest.mark.skipif(not dalitz.SAMPLE.exists(), reason="no Dalitz sample of the uBoost paper")
@pytest.mark.parametrize("name", ["gradient boosting", "uGB+knnAda", "uGB+FL"])
def test_signal_is_as_uniform_as_published(name):
    """SDE and CvM are within 10 % of hep_ml's notebook, on its split and with its settings.

    Published, and here as the median of three seeds: gradient boosting .1325 and .0225, .1314 and
    .0225; uGB+knnAda .0880 and .0130, .0886 and .0125; uGB+FL .0424 and .0052, .0407 and .0052.
    Seeds choose the neighbourhoods of uGB+FL, which has an SDE of .0407, .0422 and .0371.
    """
    found, published = [dalitz.measured(name, seed=n) for n in (1, 2, 3)], dalitz.PUBLISHED[name]
    deviation, distance = (np.median([getattr(one, what) for one in found]) for what in MEASURES)
    assert deviation == pytest.approx(published.deviation, rel=0.1)
    assert distance == pytest.approx(published.distance, rel=0.1)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.timeout(600)
@pytest.mark.skipif(not dalitz.SAMPLE.exists(), reason="no Dalitz sample of the uBoost paper")
def test_uboost_is_more_uniform_than_published():
    """uBoost has an SDE of .0438, 21 % below the .0556 of hep_ml, and a CvM of .0055 to its .0064.

    That is not within 10 %. The published number is one draw: each tree depends on all before, and
    hep_ml itself has .0486 without 2 % of the decays, .0568 with all. The rest is the 255 bins in
    which observables are: with scikit-learn's exact trees it is .0490 and .0060 here.
    """
    found, published = dalitz.measured("uBoost", seed=1), dalitz.PUBLISHED["uBoost"]
    assert 0.75 * published.deviation < found.deviation < 1.1 * published.deviation
    assert 0.75 * published.distance < found.distance < 1.1 * published.distance
    assert found.area > 0.9
