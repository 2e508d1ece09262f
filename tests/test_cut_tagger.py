"""The mass window and the cut on tau32: what passes first, and how the window is found."""

import numpy as np
import pytest

from tagline.data.inputs import Inputs
from tagline.taggers.cuts import Config, Tagger, narrowest_window
from tests.fitted import jets_of, logits_of

TOP = 173.0
MEAN, SCALE = np.array([100.0, 0.7]), np.array([50.0, 0.2])
INPUTS = Inputs(jet_features=("mass", "tau32"), statistics={"mean": MEAN, "scale": SCALE})


@pytest.fixture(scope="module")
def tagger():
    rng = np.random.default_rng(1)
    label_J = np.arange(4000) % 2
    mass_J = np.where(label_J, rng.normal(TOP, 20, 4000), rng.exponential(100, 4000))
    tau32_J = np.clip(rng.normal(0.75 - 0.25 * label_J, 0.15), 0, 1)
    tagger = Tagger(Config(), INPUTS)
    tagger.fit(jets_of(standardised(mass_J, tau32_J), label_J), seed=1)
    return tagger.eval()


def standardised(mass_J, tau32_J):
    return (np.column_stack([mass_J, tau32_J]) - MEAN) / SCALE


def log_odds(tagger, mass_J, tau32_J):
    logits_JC = logits_of(tagger, standardised(mass_J, tau32_J))
    return logits_JC[:, 1] - logits_JC[:, 0]


def test_the_window_is_one_sigma_on_either_side_of_a_normal_peak(tagger):
    np.testing.assert_allclose(tagger.window_2.detach(), [TOP - 20, TOP + 20], atol=3)


def test_jets_in_the_window_pass_before_all_others(tagger):
    worst_inside, best_outside = log_odds(tagger, [TOP, 60], [0.99, 0.01])
    assert worst_inside > best_outside


@pytest.mark.parametrize("mass", [TOP, 60])
def test_jets_pass_in_the_order_of_tau32(tagger, mass):
    odds = log_odds(tagger, np.full(50, mass), np.linspace(0, 1, 50))
    assert (np.diff(odds) < 0).all()


def test_the_window_is_the_narrowest_with_the_share_of_the_weight():
    mass, weight = np.array([30, 11, 1, 2, 10, 10.5, 9.9]), np.array([1, 1, 1, 1, 1, 1, 0.0])
    assert narrowest_window(mass, weight, 0.5) == (10, 11)


def test_a_ratio_that_grows_towards_the_signal_is_not_turned_round():
    label_J = np.arange(400) % 2
    tagger = Tagger(Config(), INPUTS)
    tagger.fit(jets_of(standardised(np.full(400, TOP), 0.3 + 0.4 * label_J), label_J), seed=1)
    assert np.diff(log_odds(tagger, [TOP, TOP], [0.3, 0.7])) < 0


def test_more_than_two_classes_are_refused():
    with pytest.raises(ValueError, match="two classes apart, not 3"):
        Tagger(Config(), Inputs(jet_features=("mass", "tau32"), num_classes=3))


@pytest.mark.parametrize(
    ("label_J", "weight_J"), [([0, 0], [1, 1]), ([1, 1], [1, 1]), ([0, 1], [1, 0])]
)
def test_jets_of_one_class_do_not_suffice(label_J, weight_J):
    train = jets_of(standardised([TOP, 60], [0.3, 0.7]), label_J, weight_J)
    with pytest.raises(ValueError, match="cuts needs training jets of both classes"):
        Tagger(Config(), INPUTS).fit(train, seed=1)
