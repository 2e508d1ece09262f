"""Boosted trees as tensors: what scikit-learn has grown, on the observables and weights given."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from tagline.data.inputs import Inputs
from tagline.taggers.boosted_trees import Config, Tagger
from tests.fitted import jets_of, logits_of

FEW = Config(trees=40)


def toy(num_classes: int = 2, *, seed: int = 0):
    """Return features (J, G), and labels that depend on the first two."""
    rng = np.random.default_rng(seed)
    features_JG = rng.normal(size=(2000, 3)).astype(np.float32)
    noisy_J = features_JG[:, 0] * features_JG[:, 1] + rng.normal(size=2000, scale=0.3)
    return features_JG, np.digitize(noisy_J, np.linspace(0, 0.5, num_classes - 1))


def fitted(config: Config, features_JG, label_J, weight_J=None) -> Tagger:
    names = tuple(f"x{column}" for column in range(features_JG.shape[1]))
    tagger = Tagger(config, Inputs(jet_features=names, num_classes=int(label_J.max()) + 1))
    tagger.fit(jets_of(features_JG, label_J, weight_J), seed=1)
    return tagger.eval()


@pytest.mark.parametrize("num_classes", [2, 3])
def test_scores_jets_as_scikit_learn_does(num_classes):
    features_JG, label_J = toy(num_classes)
    weight_J = np.random.default_rng(1).uniform(0.5, 1.5, size=2000).astype(np.float32)
    forest = HistGradientBoostingClassifier(
        max_iter=40, max_depth=6, min_samples_leaf=2, early_stopping=True, random_state=1
    ).fit(features_JG, label_J, weight_J)
    other_JG, _ = toy(seed=2)
    logits_JC = logits_of(fitted(FEW, features_JG, label_J, weight_J), other_JG)
    scores_JC = logits_JC[:, 1] - logits_JC[:, 0] if num_classes == 2 else logits_JC
    np.testing.assert_allclose(scores_JC, forest.decision_function(other_JG), atol=1e-6)


def test_cuts_between_neighbouring_numbers():
    num_numbers = 64
    numbers = 1 + np.arange(num_numbers) * np.finfo(np.float32).eps
    label = np.arange(num_numbers) % 2
    logits_JC = logits_of(
        fitted(Config(smallest_leaf=0), np.tile(numbers, 50)[:, None], np.tile(label, 50)),
        numbers[:, None],
    )
    assert (logits_JC.argmax(1) == label).all()


def test_jets_without_weight_do_not_count():
    features_JG, label_J = toy()
    doubled_JG, both_J = np.tile(features_JG, (2, 1)), np.concatenate([label_J, 1 - label_J])
    weight_J = np.repeat([1.0, 0.0], len(label_J))
    logits_JC = logits_of(fitted(FEW, doubled_JG, both_J, weight_J), features_JG)
    assert (logits_JC.argmax(1) == label_J).mean() > 0.8


def test_reads_the_observables_that_are_named_alone():
    features_JG, label_J = toy()
    tagger = fitted(Config(trees=40, observables=("x0", "x1")), features_JG, label_J)
    others_JG = np.column_stack([features_JG[:, :2], np.zeros(len(label_J))])
    assert (logits_of(tagger, others_JG) == logits_of(tagger, features_JG)).all()


def test_an_observable_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="no jet feature tau43; it has mass, tau32"):
        Tagger(Config(observables=("tau43",)), Inputs(jet_features=("mass", "tau32")))


def test_all_classes_are_needed():
    features_JG, label_J = toy()
    tagger = Tagger(FEW, Inputs(jet_features=("x0", "x1", "x2"), num_classes=3))
    with pytest.raises(ValueError, match="jets of all 3 classes"):
        tagger.fit(jets_of(features_JG, label_J), seed=1)
