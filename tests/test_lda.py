"""LDA: themes that are known, and what must not matter."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tagline.data.inputs import Inputs
from tagline.learning.delivery import PackedJets, batches
from tagline.learning.model import num_parameters
from tagline.taggers.lda import Config, Tagger

NUM_WORDS = 12
LIGHT = np.array([8, 6, 5, 4, 3, 3, 2, 1, 1, 0.5, 0.5, 0.5])
THEMES = np.stack([LIGHT, LIGHT[::-1]]) / LIGHT.sum()
MASS = 35 + 10.0 * np.arange(NUM_WORDS)  # the second theme is the heavier one


def inputs_of(mass=MASS, **other):
    return Inputs(("word",), max_constituents=100, statistics={"mass": mass}, **other)


def packed(words, weight=None):
    """Return jets of these words."""
    num_J = torch.tensor([len(each) for each in words])
    num_jets = len(words)
    return PackedJets(
        constituents_PF=torch.from_numpy(np.concatenate(words)).float()[:, None],
        first_constituent_J=num_J.cumsum(0) - num_J,
        num_constituents_J=num_J,
        features_JG=torch.zeros(num_jets, 0),
        label_J=torch.zeros(num_jets, dtype=torch.int64),
        weight_J=torch.ones(num_jets) if weight is None else torch.tensor(weight),
        protected_JR=torch.zeros(num_jets, 0),
        event_id_J=torch.arange(num_jets),
    )


def documents(num, *, seed, length=30):
    """Draw jets as the model has it: a share of each theme, then a theme and a word of it."""
    random = np.random.default_rng(seed)
    share_J = random.dirichlet([0.5, 0.5], size=num)
    probability_JV = share_J @ THEMES
    return [random.choice(NUM_WORDS, size=length, p=p) for p in probability_JV]


def fitted(jets, *, seed=1, inputs=None):
    network = Tagger(Config(passes=4, batch_size=50, restarts=2), inputs or inputs_of())
    network.fit(jets, seed=seed)
    return network


def themes(network):
    return network.log_probability_2V.detach().exp().numpy()


def scores(network, jets):
    with torch.inference_mode():
        return torch.cat([network(batch)[:, 1] for batch in batches(jets, 50)])


def test_has_two_parameters_a_word():
    assert num_parameters(Tagger(Config(), inputs_of())) == 2 * NUM_WORDS


def test_finds_the_themes_of_which_the_jets_were_made():
    found = themes(fitted(packed(documents(500, seed=1))))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(found - THEMES).sum(axis=1).max() / 2 < 0.05


def test_the_heavier_theme_is_the_signal():
    jets = packed(documents(60, seed=2))
    score, other = (
        scores(fitted(jets, inputs=inputs_of(mass)), jets) for mass in (MASS, MASS[::-1].copy())
    )
    torch.testing.assert_close(score, -other)


def test_labels_are_not_read():
    jets = packed(documents(60, seed=3))
    labelled = replace(jets, label_J=torch.arange(len(jets)) % 2)
    np.testing.assert_array_equal(themes(fitted(jets)), themes(fitted(labelled)))


def test_the_score_is_the_likelihood_ratio_in_units_of_its_deviation():
    words = documents(60, seed=4)
    jets = packed(words)
    network = fitted(jets)
    log_2V = network.log_probability_2V.detach().numpy()
    ratio_J = np.array([(log_2V[1] - log_2V[0])[each].sum() for each in words])
    np.testing.assert_allclose(scores(network, jets), ratio_J / ratio_J.std(ddof=1), rtol=1e-4)


def test_a_jet_without_words_is_as_likely_of_either_theme():
    words = documents(50, seed=5)
    network = fitted(packed(words))
    assert scores(network, packed([np.array([], int), *words]))[0] == 0


def test_jets_without_weight_do_not_count():
    words = documents(500, seed=6)
    others = [np.full(30, word) for word in range(NUM_WORDS) for _ in range(20)]
    jets = packed(words + others, weight=[1.0] * len(words) + [0.0] * len(others))
    assert np.abs(themes(fitted(jets)) - THEMES).sum(axis=1).max() / 2 < 0.05


def test_a_seed_gives_one_fit():
    jets = packed(documents(60, seed=7))
    np.testing.assert_array_equal(themes(fitted(jets)), themes(fitted(jets)))
    assert (themes(fitted(jets)) != themes(fitted(jets, seed=2))).any()


def test_says_what_it_lacks():
    jets = packed(documents(20, seed=8))
    with pytest.raises(ValueError, match="weights that are not negative"):
        fitted(replace(jets, weight_J=-jets.weight_J))
    with pytest.raises(ValueError, match="no training jet has any"):
        fitted(jets, inputs=inputs_of(np.zeros(NUM_WORDS)))
    with pytest.raises(ValueError, match="the task has 3 classes"):
        fitted(jets, inputs=inputs_of(num_classes=3))
    with pytest.raises(ValueError, match="it got px"):
        Tagger(Config(), Inputs(("px",)))
