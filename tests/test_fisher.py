"""Fisher's discriminant, against scikit-learn and Gaussian jets whose odds are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets
from tagline.taggers.fisher import Config, Tagger


def jets_of(features_JG, label_J, weight_J=None):
    num = len(label_J)
    nothing_J = torch.zeros(num, dtype=torch.int64)
    return PackedJets(
        constituents_PF=torch.zeros(0, 0),
        first_constituent_J=nothing_J,
        num_constituents_J=nothing_J,
        features_JG=torch.as_tensor(features_JG, dtype=torch.float32),
        label_J=torch.as_tensor(label_J),
        weight_J=torch.ones(num) if weight_J is None else weight_J,
        protected_JR=torch.zeros(num, 0),
        event_id_J=nothing_J,
    )


def gaussian_jets(num, *, num_classes=2, num_features=6, seed=1):
    """Return jets whose features are correlated in the same way in each class."""
    generator = np.random.default_rng(seed)
    label_J = generator.integers(num_classes, size=num)
    mixing_GG = generator.normal(size=(num_features, num_features))
    mean_CG = generator.normal(size=(num_classes, num_features))
    features_JG = generator.normal(size=(num, num_features)) @ mixing_GG + mean_CG[label_J]
    return jets_of(features_JG, label_J)


def fitted(jets, *, num_classes=2, **config):
    names = tuple(f"f{feature}" for feature in range(jets.features_JG.shape[1]))
    tagger = Tagger(Config(**config), Inputs(jet_features=names, num_classes=num_classes))
    tagger.fit(jets, seed=1)
    return tagger


def logits_of(tagger, jets):
    with torch.inference_mode():
        return tagger(jets.take(torch.arange(len(jets))))


def with_dependent_features(jets):
    """Add a sum, a copy and a constant, all but for the rounding to single precision."""
    first_J, second_J = jets.features_JG.T[:2]
    more = [first_J + 2 * second_J, first_J, torch.full_like(first_J, 3.0)]
    return replace(jets, features_JG=torch.column_stack([jets.features_JG, *more]))


@pytest.mark.parametrize("num_classes", [2, 3])
@pytest.mark.parametrize("change", [lambda jets: jets, with_dependent_features])
def test_agrees_with_scikit_learn(num_classes, change):
    """Up to a scale of all weights: older versions divide the covariance by n - C instead of n."""
    jets = change(gaussian_jets(500, num_classes=num_classes))
    log_odds = fitted(jets, num_classes=num_classes).log_odds
    theirs = LinearDiscriminantAnalysis(solver="svd", tol=Config().tolerance)
    theirs.fit(jets.features_JG.double().numpy(), jets.label_J.numpy())
    their_weight_CG, their_bias_C = theirs.coef_, theirs.intercept_
    if num_classes > 2:  # a row for class 0, too
        their_weight_CG = their_weight_CG[1:] - their_weight_CG[0]
        their_bias_C = their_bias_C[1:] - their_bias_C[0]
    log_prior_C = np.log(theirs.priors_[1:] / theirs.priors_[0])
    ours = np.column_stack(
        [log_odds.weight.detach().numpy(), log_odds.bias.detach().numpy() - log_prior_C]
    )
    expected = np.column_stack([their_weight_CG, their_bias_C - log_prior_C])
    scale = np.linalg.norm(ours) / np.linalg.norm(expected)
    assert scale == pytest.approx(1, abs=num_classes / len(jets))
    np.testing.assert_allclose(ours, expected * scale, rtol=1e-8, atol=1e-10)


def test_features_that_depend_on_others_change_nothing():
    jets = gaussian_jets(500)
    expected_BC = logits_of(fitted(jets), jets)
    more = with_dependent_features(jets)
    torch.testing.assert_close(logits_of(fitted(more), more), expected_BC, rtol=1e-4, atol=1e-4)


def test_the_scale_of_features_does_not_matter():
    jets = gaussian_jets(500)
    scaled = replace(jets, features_JG=jets.features_JG * 2.0 ** torch.arange(-12, 12, 4))
    torch.testing.assert_close(logits_of(fitted(scaled), scaled), logits_of(fitted(jets), jets))


def test_a_weight_of_two_is_a_jet_twice():
    jets = gaussian_jets(300)
    heavy_J = torch.arange(300) % 3 == 0
    rows_J = torch.cat([torch.arange(300), heavy_J.nonzero()[:, 0]])
    twice = jets_of(jets.features_JG[rows_J], jets.label_J[rows_J])
    weighted = replace(jets, weight_J=1.0 + heavy_J)
    torch.testing.assert_close(
        logits_of(fitted(weighted), jets), logits_of(fitted(twice), jets), rtol=1e-5, atol=1e-5
    )


def test_logits_are_the_log_odds_of_gaussian_jets():
    """Means +-(1, 1/2) of unit covariance, classes 3 : 1."""
    generator = np.random.default_rng(2)
    mean_G = np.array([1.0, 0.5])
    label_J = (generator.random(200_000) < 0.25).astype(np.int64)
    features_JG = generator.normal(size=(200_000, 2)) + np.outer(2 * label_J - 1, mean_G)
    jets = jets_of(features_JG, label_J)
    log_odds_J = logits_of(fitted(jets), jets).double() @ torch.tensor([-1.0, 1.0]).double()
    expected_J = torch.as_tensor(features_JG @ (2 * mean_G) + np.log(1 / 3))
    torch.testing.assert_close(log_odds_J, expected_J, rtol=0.02, atol=0.05)


def test_names_a_class_without_jets():
    jets = gaussian_jets(20)
    with pytest.raises(ValueError, match="class 2 have a weight of 0 in all"):
        fitted(jets, num_classes=3)
