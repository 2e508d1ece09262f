"""Correlations of scores: Pearson's coefficient with equal classes, beside the published ones."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from tagline.compare import Key
from tagline.figures.output_correlations import (
    _correlations,
    _measured,
    _published,
    _scores,
    draw,
)
from tagline.settings.published import OutputCorrelations
from tests.scores import toy_score_tables

KEYS = [Key("tops", tagger, "none") for tagger in ("pfn", "cnn", "topodnn")]
TRIANGLE = {
    "systems": ("CNN", "LoLa", "PFN"),
    "below": ((0.974,), (0.984, 0.981)),
    "source": "",
    "location": "",
}


def test_is_pearsons_coefficient_where_classes_are_balanced(tmp_path):
    tables = toy_score_tables(tmp_path, num_jets=500)
    found = _correlations(*_scores(tables, KEYS, 1))
    scores = [tables.read(key, 1, names=["score"])["score"] for key in KEYS]
    for row, first in enumerate(scores):
        for column, second in enumerate(scores):
            assert found[row, column] == pytest.approx(pearsonr(first, second)[0], rel=1e-5)


def test_does_not_depend_on_the_share_of_signal(tmp_path):
    tables = toy_score_tables(tmp_path, num_jets=500)
    score_TJ, weight_J = _scores(tables, KEYS, 0)
    twice = np.concatenate([np.arange(500), np.arange(0, 500, 2)])  # background counted twice
    weights = np.where(twice % 2, 1, 0.5)
    np.testing.assert_allclose(
        _correlations(score_TJ[:, twice], weights), _correlations(score_TJ, weight_J)
    )


def test_averages_the_pairs_of_trainings_that_there_are(tmp_path):
    tables = toy_score_tables(tmp_path, num_jets=500)
    pairs = [_correlations(*_scores(tables, KEYS, place)) for place in (0, 1)]
    del tables.files[KEYS[2]][2]
    found = _measured(tables, KEYS)
    assert found[0, 1] == pytest.approx((pairs[0][0, 1] + pairs[1][0, 1]) / 2)
    assert found[0, 2] == pytest.approx(pairs[0][0, 2])


def test_a_constant_score_has_no_correlation():
    found = _correlations(np.stack([np.ones(4), np.arange(4.0)]), np.ones(4))
    assert np.isnan(found[0, 1])
    assert found[1, 1] == pytest.approx(1)


def test_other_jets_are_refused(tmp_path):
    tables = toy_score_tables(tmp_path, num_jets=50, jets=7)
    with pytest.raises(ValueError, match="test jets of 'pfn' and 'topodnn' are not the same"):
        draw(tables)


def test_published_coefficients_are_found_in_either_order(tmp_path):
    published = OutputCorrelations(**TRIANGLE)
    assert published.between("PFN", "LoLa") == published.between("LoLa", "PFN") == 0.981
    assert published.between("CNN", "CNN") is published.between("CNN", "TopoDNN") is None
    matrix = _published(toy_score_tables(tmp_path, num_jets=4), KEYS)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix[0, 1] == 0.984


@pytest.mark.parametrize("below", [((0.974,),), ((0.974,), (0.984,)), ((1, 0.9), (0.9, 1))])
def test_a_triangle_of_another_shape_is_refused(below):
    with pytest.raises(ValueError, match="3 systems have rows of 1 to 2 numbers"):
        OutputCorrelations(**{**TRIANGLE, "below": below})
