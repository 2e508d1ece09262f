"""A score table is judged by the challenge's three numbers, each of its own classes.

Classes: background, background at all masses, control channel in data and simulated, signal.
"""

import numpy as np
import pytest

from tagline.measures.flavours_of_physics import correlation, disagreement, weighted_area
from tagline.measures.judging import judged


@pytest.fixture
def scores():
    random = np.random.default_rng(1)
    label = np.arange(5000) % 5
    score = random.uniform(size=5000) + 0.1 * (label == 3) + 0.5 * (label == 4)
    return {
        "label": label,
        "weight": np.where(label == 2, random.choice([-1.0, 2.0], 5000), 1),
        "score": score.astype(np.float32),
        "mass": random.uniform(1.6, 2.0, 5000),
    }


def test_each_number_is_of_its_classes(scores):
    label, weight, score, mass = scores.values()
    found = judged(scores, protected="mass")
    control, counted, flat = np.isin(label, (2, 3)), np.isin(label, (0, 4)), label == 1
    assert found.disagreement == disagreement(score[control], label[control] == 2, weight[control])
    assert found.correlation == correlation(score[flat], mass[flat])
    assert found.area == weighted_area(score[counted], label[counted] == 4, weight[counted])


def test_four_classes_have_one_background(scores):
    chosen = scores["label"] > 0
    four = {name: column[chosen] for name, column in scores.items()}
    four["label"] = four["label"] - 1
    found = judged(four, protected="mass")
    assert found.correlation == judged(scores, protected="mass").correlation
    assert found.disagreement == judged(scores, protected="mass").disagreement


def test_what_cannot_be_told_is_not_valid(scores):
    chosen = np.isin(scores["label"], (0, 4)) & (np.arange(5000) < 500)
    two = {name: column[chosen] for name, column in scores.items()}
    two["label"] = (two["label"] > 0).astype(np.int64)
    found = judged(two, protected="mass")
    assert np.isnan(found.disagreement)
    assert np.isnan(found.correlation)
    assert found.area > 0.7
    assert not found.is_valid
