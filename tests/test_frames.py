"""Frames have the symmetries they claim."""

from dataclasses import replace

import numpy as np
import pytest

from tagline.observables import frames
from tests.toy_splits import moved, permuted, toy_split_jets


@pytest.fixture
def jets():
    return toy_split_jets(50, seed=1)


def around_axis(jets):
    return frames.around_jet_axis(frames.leading(jets, 200), jets)


def assert_same(found, expected, *, tolerance):
    for name in ("pt_P", "eta_P", "phi_P"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=tolerance)


def test_leading_particles_fall_in_pt(jets):
    particles = frames.leading(permuted(jets, seed=2), 12)
    assert (particles.num_J == np.minimum(jets.jets["num_constituents"], 12)).all()
    same_jet = np.diff(particles.jet_P) == 0
    assert (np.diff(particles.pt_P)[same_jet] <= 0).all()


def test_leading_particles_are_the_hardest(jets):
    particles = frames.leading(permuted(jets, seed=2), 5)
    pt = np.hypot(jets.constituents["px"], jets.constituents["py"])
    for jet, (begin, end) in enumerate(zip(jets.offsets[:-1], jets.offsets[1:], strict=True)):
        hardest = np.sort(pt[begin:end])[::-1][:5]
        np.testing.assert_allclose(particles.pt_P[particles.jet_P == jet], hardest, rtol=1e-6)


def test_jets_across_the_azimuth_cut_are_not_torn(jets):
    for d_phi in (1.0, np.pi, -2.5):
        found = around_axis(moved(jets, d_phi=d_phi, d_eta=0.0))
        assert_same(found, around_axis(jets), tolerance=1e-5)


def test_centroid_is_at_the_origin(jets):
    particles = frames.centred(around_axis(jets))
    np.testing.assert_allclose(particles.mean(particles.eta_P), 0, atol=1e-12)
    np.testing.assert_allclose(particles.mean(particles.phi_P), 0, atol=1e-12)


def test_centred_jets_do_not_know_where_they_were(jets):
    elsewhere = moved(jets, d_phi=2.0, d_eta=-0.7)
    found, expected = (frames.centred(around_axis(each)) for each in (elsewhere, jets))
    assert_same(found, expected, tolerance=1e-5)


def test_principal_axis_is_vertical(jets):
    """The axis is that of numpy's eigenvectors."""
    centred = frames.centred(around_axis(jets))
    particles = frames.upright(centred)
    for jet in range(len(jets)):
        mine = particles.jet_P == jet
        before = np.stack([centred.eta_P[mine], centred.phi_P[mine]])
        _, vectors = np.linalg.eigh((centred.pt_P[mine] * before) @ before.T)
        along = vectors[:, 1] @ before
        np.testing.assert_allclose(np.abs(particles.phi_P[mine]), np.abs(along), atol=1e-10)


def test_rotation_keeps_the_handedness_of_the_jet(jets):
    centred = frames.centred(around_axis(jets))
    particles = frames.upright(centred)

    def area(each):
        return each.eta_P[:-1] * each.phi_P[1:] - each.eta_P[1:] * each.phi_P[:-1]

    same_jet = np.diff(particles.jet_P) == 0
    np.testing.assert_allclose(area(particles)[same_jet], area(centred)[same_jet], atol=1e-12)


def test_upright_and_reflected_jets_forget_rotations_and_mirrors(jets):
    centred = frames.centred(around_axis(jets))
    angle = 0.8
    turned = replace(
        centred,
        eta_P=-(centred.eta_P * np.cos(angle) - centred.phi_P * np.sin(angle)),
        phi_P=centred.eta_P * np.sin(angle) + centred.phi_P * np.cos(angle),
    )
    expected = frames.reflected(frames.upright(centred))
    assert_same(frames.reflected(frames.upright(turned)), expected, tolerance=1e-10)


def test_reflected_jets_are_heavier_right_and_up(jets):
    particles = frames.reflected(around_axis(jets))
    for coordinate_P in (particles.eta_P, particles.phi_P):
        assert (particles.sum(particles.pt_P * np.sign(coordinate_P)) >= 0).all()


def test_leading_constituent_is_the_origin_and_the_second_below(jets):
    particles = frames.second_down(frames.around_leading(frames.leading(jets, 200)))
    _, eta_J, phi_J = particles.nth(0)
    np.testing.assert_allclose([eta_J, phi_J], 0, atol=1e-12)
    _, eta_J, phi_J = particles.nth(1)
    np.testing.assert_allclose(eta_J, 0, atol=1e-12)
    assert (phi_J < 0).all()


def test_rotation_of_momenta_keeps_the_jet_mass(jets):
    """Turning (eta, phi) instead would not."""

    def mass2(particles):
        pt, eta, phi = particles.pt_P, particles.eta_P, particles.phi_P
        momentum = (np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta))
        energy, px, py, pz = (particles.sum(pt * component) for component in momentum)
        return energy**2 - px**2 - py**2 - pz**2

    particles = frames.around_leading(frames.leading(jets, 200))
    np.testing.assert_allclose(mass2(frames.second_down(particles)), mass2(particles), rtol=1e-9)


def test_mean_eta_is_moved_to_the_right(jets):
    particles = frames.mean_right(frames.around_leading(frames.leading(jets, 200)))
    assert (particles.mean(particles.eta_P) >= 0).all()
