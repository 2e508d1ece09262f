"""A single observable keeps its order, whichever side signal is on."""

import numpy as np
import pytest

from tagline.data.inputs import Inputs
from tagline.taggers.single_observable import Config, Tagger
from tests.fitted import jets_of, logits_of

INPUTS = Inputs(jet_features=("mass", "d2"))


def fitted(difference, *, num_jets=4000, weight_J=None):
    """Return a tagger of D2, normal in both classes at so many deviations from each other."""
    label_J = np.arange(num_jets) % 2
    d2_J = np.random.default_rng(1).normal(difference * label_J, 1)
    tagger = Tagger(Config(observable="d2"), INPUTS)
    tagger.fit(jets_of(np.column_stack([0 * d2_J, d2_J]), label_J, weight_J), seed=1)
    return tagger.eval()


def log_odds(tagger, d2_J):
    logits_JC = logits_of(tagger, np.column_stack([np.full(len(d2_J), 9.0), d2_J]))
    return logits_JC[:, 1] - logits_JC[:, 0]


@pytest.mark.parametrize("difference", [-1.5, 1.5])
def test_the_log_odds_are_those_of_normal_classes(difference):
    """Means 0 and d, deviations 1: log odds are d x - d^2 / 2."""
    d2_J = np.linspace(-2, 2, 5)
    expected = difference * d2_J - difference**2 / 2
    np.testing.assert_allclose(log_odds(fitted(difference), d2_J), expected, atol=0.2)


def test_the_log_odds_are_a_straight_line():
    odds = log_odds(fitted(1.0), np.linspace(-3, 3, 7))
    np.testing.assert_allclose(np.diff(odds, n=2), 0, atol=1e-5)


def test_weights_shift_the_odds():
    heavy = np.where(np.arange(4000) % 2, 5.0, 1.0)
    shift = log_odds(fitted(1.0, weight_J=heavy), [0.0]) - log_odds(fitted(1.0), [0.0])
    assert shift == pytest.approx(np.log(5), abs=0.1)


def test_jets_of_one_class_do_not_suffice():
    tagger = Tagger(Config(observable="d2"), INPUTS)
    with pytest.raises(ValueError, match="training jets of both classes"):
        tagger.fit(jets_of(np.ones((4, 2)), np.zeros(4)), seed=1)


def test_more_than_two_classes_are_refused():
    with pytest.raises(ValueError, match="knows two classes, not 3"):
        Tagger(Config(observable="d2"), Inputs(jet_features=("mass", "d2"), num_classes=3))
