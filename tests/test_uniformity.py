"""Measures of uniformity: numbers that can be counted by hand."""

import numpy as np
import pytest

from tagline.measures.uniformity import (
    bins,
    cramer_von_mises,
    neighbourhoods,
    positions,
    standard_deviation_of_efficiencies,
)

TWO_BINS = np.array([[0.0], [0.0], [1.0], [1.0]])
HALF = (0.5,)


def deviation(score, weight=(1.0, 1, 1, 1), efficiencies=HALF):
    score_J, weight_J = np.array(score, float), np.array(weight, float)
    groups = bins(TWO_BINS, 2)
    return standard_deviation_of_efficiencies(score_J, weight_J, groups, efficiencies=efficiencies)


def test_efficiencies_that_agree_do_not_deviate():
    assert deviation([1, 2, 1, 2]) == 0


def test_a_bin_that_passes_and_one_that_fails_deviate_by_a_half():
    assert deviation([1, 2, 3, 4]) == pytest.approx(0.5)


def test_variances_of_efficiencies_are_averaged():
    # a quarter passes: none and a half of the bins, which deviate by 1/4
    expected = np.sqrt((1 / 4 + 1 / 16) / 2)
    assert deviation([1, 2, 3, 4], efficiencies=(0.5, 0.25)) == pytest.approx(expected)


def test_bins_count_by_the_weight_in_them():
    # the second bin has 6 of 8 and passes with 4 of 6: sum of w_u (e_u - 1/2)^2 = 1/12
    assert deviation([1, 2, 3, 4], weight=[1, 1, 2, 4]) == pytest.approx(np.sqrt(1 / 12))


def test_equal_distributions_are_no_distance_apart():
    groups = bins(TWO_BINS, 2)
    assert cramer_von_mises(np.array([1.0, 2, 1, 2]), np.ones(4), groups) == 0


def test_distributions_above_each_other_are_a_known_distance_apart():
    # F is 1/8, 3/8, 5/8, 7/8; that of the first bin 1/4, 3/4, 1, 1: squares 1, 9, 9, 1 of 64
    groups = bins(TWO_BINS, 2)
    assert cramer_von_mises(np.arange(4.0), np.ones(4), groups) == pytest.approx(20 / 64 / 4)


def test_groups_that_weigh_nothing_do_not_count():
    """So a third bin of no weight leaves the numbers of the other two."""
    score_J, weight_J = np.arange(6.0), np.array([1.0, 1, 1, 1, 0, 0])
    three_bins = bins(np.array([[0.0], [0], [2], [2], [1], [1]]), 3)
    found = standard_deviation_of_efficiencies(score_J, weight_J, three_bins, efficiencies=HALF)
    assert found == pytest.approx(0.5)
    assert cramer_von_mises(score_J, weight_J, three_bins) == pytest.approx(20 / 64 / 4)


def test_columns_make_a_grid_of_bins_without_the_empty_ones():
    corners = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.1, 0.0]])
    groups = bins(corners, 2)
    assert groups.row_I.tolist() == [0, 3, 2, 1]
    assert groups.group_I.tolist() == [0, 0, 1, 2]


def test_neighbours_are_the_nearest_in_all_columns_whatever_their_units():
    near_JR = np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0], [0.0, 1000.0]])
    rows = neighbourhoods(near_JR, 2).row_I.reshape(-1, 2)
    assert rows[:3].tolist() == [[0, 1], [1, 0], [2, 1]]


def test_there_are_no_more_neighbours_than_jets():
    assert neighbourhoods(np.arange(3.0)[:, None], 50).row_I.reshape(3, -1).shape == (3, 3)


def test_positions_are_halfway_up_the_steps_of_each_group():
    score_J, weight_J = np.array([1.0, 1, 5, 3]), np.array([1.0, 1, 1, 3])
    positions_I = positions(score_J, weight_J, bins(TWO_BINS, 2))
    np.testing.assert_allclose(positions_I, [1 / 2, 1 / 2, 7 / 8, 3 / 8])


def test_jets_of_several_groups_are_divided_among_them():
    line_JR = np.array([[0.0], [1.0], [1.5]])
    groups = neighbourhoods(line_JR, 2)  # {0, 1}, {1, 2}, {2, 1}
    shares_U = groups.shares(np.ones(3))
    np.testing.assert_allclose(shares_U, np.array([8, 5, 5]) / 18)
