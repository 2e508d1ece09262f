"""Four-momenta of particles: the leading ones, untouched but for one scale, and the beams."""

import numpy as np
import pytest

from tagline.representations.four_vectors import MOMENTA, Config, Representation
from tests.toy_splits import emptied, moved, toy_split_jets


@pytest.fixture
def jets():
    return toy_split_jets(40, seed=2)


def prepare(jets, **config):
    return Representation(Config(**config)).transform(jets, {})


def momenta_of(jets):
    return np.stack([jets.constituents[name].astype(np.float64) for name in MOMENTA])


def dots(momenta_4P):
    """Return the Minkowski products of all particles with all."""
    return np.einsum("f,fp,fq->pq", [1, -1, -1, -1], momenta_4P, momenta_4P)


def test_keeps_the_momenta_bit_for_bit(jets):
    prepared = prepare(jets, max_constituents=200)
    assert tuple(prepared.constituents) == MOMENTA
    for name in MOMENTA:
        np.testing.assert_array_equal(prepared.constituents[name], jets.constituents[name])


def test_keeps_the_leading_particles(jets):
    one = prepare(jets, max_constituents=3).take(np.array([7])).constituents
    energy, px, py, _ = momenta_of(jets.take(np.array([7])))
    order = np.argsort(-np.hypot(px, py))[:3]
    np.testing.assert_allclose(one["energy"], energy[order], rtol=1e-6)


def test_one_scale_divides_all_components(jets):
    expected = momenta_of(prepare(jets)) / 500
    np.testing.assert_allclose(momenta_of(prepare(jets, scale=500)), expected, rtol=1e-6)


def test_minkowski_products_do_not_see_a_boost_along_the_beam(jets):
    """Up to the float32 in which momenta are stored: 1e-7 of the product of the energies."""
    rows = np.array([3])
    momenta_4P = momenta_of(prepare(jets.take(rows)))
    boosted_4P = momenta_of(prepare(moved(jets, d_phi=0.7, d_eta=0.5).take(rows)))
    tolerance = 1e-6 * boosted_4P[0].max() ** 2
    np.testing.assert_allclose(dots(boosted_4P), dots(momenta_4P), atol=tolerance)


def test_beams_lead_each_jet(jets):
    prepared = prepare(emptied(jets), beams=True, scale=500, max_constituents=10)
    momenta_4P, is_beam_P = momenta_of(prepared), prepared.constituents["is_beam"]
    first_J = prepared.offsets[:-1]
    assert is_beam_P.sum() == 2 * len(jets)
    np.testing.assert_allclose(momenta_4P[:, first_J].T, [[np.sqrt(2), 0, 0, 1]] * len(jets))
    np.testing.assert_allclose(momenta_4P[:, first_J + 1].T, [[np.sqrt(2), 0, 0, -1]] * len(jets))


def test_beams_leave_the_particles_alone(jets):
    without, with_beams = (prepare(emptied(jets), beams=beams) for beams in (False, True))
    is_particle_P = with_beams.constituents["is_beam"] == 0
    np.testing.assert_array_equal(momenta_of(with_beams)[:, is_particle_P], momenta_of(without))
    expected_J = without.jets["num_constituents"] + 2
    np.testing.assert_array_equal(with_beams.jets["num_constituents"], expected_J)


def test_the_order_of_subjets_keeps_the_particles(jets):
    by_pt, by_subjets = (prepare(jets, order=order) for order in ("pt", "subjets"))
    sorted_by_pt, sorted_by_subjets = (
        np.sort(prepared.take(np.array([5])).constituents["energy"])
        for prepared in (by_pt, by_subjets)
    )
    np.testing.assert_array_equal(sorted_by_subjets, sorted_by_pt)
    assert (by_pt.constituents["energy"] != by_subjets.constituents["energy"]).any()
