"""The fast detector: helices, tracks, towers and the energy flow."""

import numpy as np
import pytest

from tagline.generate.calorimeter import NOWHERE, Towers, combine
from tagline.generate.detector import (
    CHARGED_HADRON_TRACKER,
    ECAL,
    GRID,
    HCAL,
    MUON_TRACKER,
    SOLENOID,
    atlas,
    none,
)
from tagline.generate.particles import Particles, concatenate, massless, wrapped
from tagline.generate.propagation import Solenoid, propagate
from tagline.generate.tracking import Tracks, log_normal, smear

CHARGES = {11: -1, 13: -1, 211: 1, -211: -1, 22: 0, 130: 0, 12: 0}
LIGHT_SPEED_FACTOR = 0.299792458  # GeV / (T m)


def particles(pdgids, pt, eta, phi, event=None):
    pdgids = np.asarray(pdgids, np.int32)
    count = len(pdgids)
    return massless(
        np.arange(count) if event is None else np.asarray(event),
        pt=np.broadcast_to(np.asarray(pt, np.float64), count).copy(),
        eta=np.broadcast_to(np.asarray(eta, np.float64), count).copy(),
        phi=np.broadcast_to(np.asarray(phi, np.float64), count).copy(),
        charge=np.array([CHARGES[pdgid] for pdgid in pdgids], np.int8),
        pdgid=pdgids,
    )


def from_origin(some):
    return np.zeros((len(some), 3))


def followed(charge, momentum, start, solenoid, *, step=5e-4, most=100_000):
    """Integrate the equation of motion in small steps until the cylinder is left."""
    position, direction = np.array(start, float), np.array(momentum, float)
    magnitude = np.linalg.norm(direction)
    turn = -LIGHT_SPEED_FACTOR * charge * solenoid.field / magnitude * step
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    half = np.array([[np.cos(turn / 2), -np.sin(turn / 2)], [np.sin(turn / 2), np.cos(turn / 2)]])
    for _ in range(most):
        middle = direction.copy()
        middle[:2] = half @ direction[:2]
        position += step * middle / magnitude
        direction[:2] = rotation @ direction[:2]
        if np.hypot(*position[:2]) > solenoid.radius or abs(position[2]) > solenoid.half_length:
            return position
    raise AssertionError("still inside")


@pytest.mark.parametrize("charge", [1, -1])
@pytest.mark.parametrize(
    ("pt", "eta", "phi", "vertex"),
    [
        (5.0, 0.3, 1.0, (0, 0, 0)),
        (0.5, -1.0, -2.5, (0, 0, 0)),
        (0.4, 0.2, 3.0, (20.0, -40.0, 15.0)),
        (0.2, 0.8, 0.5, (1.0, 2.0, -30.0)),
        (3.0, 2.4, -0.7, (0, 0, 0)),
    ],
)
def test_helices_follow_the_equation_of_motion(charge, pt, eta, phi, vertex):
    one = particles([211 * charge], pt, eta, phi)
    surface = propagate(one, np.array([vertex], float), SOLENOID)
    momentum = (one.px[0], one.py[0], one.pz[0])
    x, y, z = followed(charge, momentum, np.array(vertex) * 1e-3, SOLENOID)
    assert surface.eta[0] == pytest.approx(np.arcsinh(z / np.hypot(x, y)), abs=2e-3)
    assert wrapped(surface.phi[0] - np.arctan2(y, x)) == pytest.approx(0, abs=2e-3)


def test_tracks_from_the_origin_turn_by_the_angle_of_their_chord():
    pt = np.array([0.5, 1.0, 10.0, 100.0])
    surface = propagate(particles([211] * 4, pt, 0.1, 0.0), np.zeros((4, 3)), SOLENOID)
    radius = pt / (LIGHT_SPEED_FACTOR * SOLENOID.field)
    assert surface.phi == pytest.approx(-np.arcsin(SOLENOID.radius / (2 * radius)))


def test_neutral_particles_fly_straight():
    some = particles([22, 130], [0.2, 50.0], [-0.5, 1.9], [1.0, -2.0])
    surface = propagate(some, from_origin(some), SOLENOID)
    assert surface.eta == pytest.approx([-0.5, 1.9])
    assert surface.phi == pytest.approx([1.0, -2.0])


def test_stiff_charged_particles_fly_as_neutral_ones():
    vertex_P3 = np.array([[10.0, -5.0, 20.0]])
    straight = propagate(particles([22], 1e5, 0.4, 0.3), vertex_P3, SOLENOID)
    bent = propagate(particles([211], 1e5, 0.4, 0.3), vertex_P3, SOLENOID)
    assert bent.eta == pytest.approx(straight.eta, abs=1e-5)
    assert bent.phi == pytest.approx(straight.phi, abs=1e-5)


def test_particles_born_outside_are_not_seen():
    some = particles([211, 22], 10.0, 0.0, 0.0)
    outside_P3 = np.array([[1200.0, 0, 0], [0, 0, 3600.0]])
    assert not propagate(some, outside_P3, SOLENOID).reached.any()


def test_soft_particles_circle_to_an_endcap():
    field = Solenoid(radius=1.0, half_length=2.0, field=2.0)
    one = particles([211], 0.1, 0.05, 0.0)
    surface = propagate(one, from_origin(one), field)
    radius = 0.1 / (LIGHT_SPEED_FACTOR * 2.0)
    assert abs(np.sinh(surface.eta[0])) >= 2.0 / (2 * radius)


@pytest.mark.parametrize(
    ("pt", "eta", "efficiency"),
    [(0.05, 0.0, 0), (0.5, 1.0, 0.70), (5.0, -1.0, 0.95), (0.5, 2.0, 0.60), (5.0, 2.6, 0)],
)
def test_tracks_are_found_as_often_as_the_card_says(pt, eta, efficiency):
    count = 20_000
    finds = CHARGED_HADRON_TRACKER.finds(
        np.full(count, pt), np.full(count, eta), np.random.default_rng(1)
    )
    assert finds.mean() == pytest.approx(efficiency, abs=0.012)


def test_track_momenta_spread_as_the_card_says():
    many = particles([13] * 20_000, 40.0, 0.3, 0.2)
    angle = np.full(len(many), 0.3)
    tracks = smear(
        many, eta=angle, phi=angle, tracker=MUON_TRACKER, random=np.random.default_rng(2)
    )
    expected = np.hypot(0.02, 2e-4 * 40)
    assert tracks.particles.pt.mean() == pytest.approx(40, rel=1e-3)
    assert tracks.particles.pt.std() / 40 == pytest.approx(expected, rel=0.03)
    assert tracks.particles.eta == pytest.approx(many.eta)


def test_log_normal_has_the_mean_and_width_asked_for():
    drawn = log_normal(np.full(200_000, 5.0), np.full(200_000, 2.0), np.random.default_rng(3))
    assert (drawn.mean(), drawn.std()) == pytest.approx((5, 2), rel=0.01)
    assert log_normal(np.zeros(3), np.ones(3), np.random.default_rng(3)).tolist() == [0, 0, 0]


def test_towers_contain_what_hits_them():
    random = np.random.default_rng(4)
    eta, phi = random.uniform(-4.9, 4.9, 5000), random.uniform(-np.pi, np.pi, 5000)
    event = random.integers(0, 30, 5000)
    tower = GRID.tower(event, eta, phi)
    (low_eta, high_eta), (low_phi, high_phi) = GRID.eta_range(tower), GRID.phi_range(tower)
    assert np.all((low_eta <= eta) & (eta <= high_eta) & (low_phi <= phi) & (phi <= high_phi))
    assert np.array_equal(GRID.event(tower), event)


def test_towers_end_where_the_card_says():
    assert (GRID.eta_edges[0], GRID.eta_edges[-1]) == (-4.9, 4.9)
    assert (
        GRID.tower(np.zeros(2, int), np.array([-5.0, 5.0]), np.zeros(2)).tolist() == [NOWHERE] * 2
    )
    central = np.abs(GRID.eta_edges[1:]) < 2.55
    assert set(GRID.num_phi[central]) == {36}
    assert np.diff(GRID.eta_edges)[central][1:] == pytest.approx(0.1)


def test_resolutions_are_those_of_the_card():
    eta, energy = np.array([0.5, 2.0, 4.0, 5.0]), np.full(4, 100.0)
    assert HCAL.sigma(eta, energy) == pytest.approx(
        [
            np.sqrt(3.02**2 + 5.205**2 + 1.59**2),
            np.hypot(5.0, 7.06),
            np.hypot(9.42, 10.0),
            0,
        ]
    )
    assert ECAL.sigma(eta[:1], energy[:1]) == pytest.approx(np.hypot(0.17, 1.01))


def in_one_tower(tracks_energy, resolution, measured, layer=HCAL):
    tracks = Tracks(
        particles(
            [211] * len(tracks_energy), tracks_energy, 0.0, 0.0, event=[0] * len(resolution)
        ),
        eta=np.zeros(len(resolution)),
        phi=np.zeros(len(resolution)),
        resolution=np.array(resolution),
    )
    towers = Towers(
        number=np.array([0]),
        event=np.array([0]),
        centre=np.array([0.0]),
        eta=np.array([0.02]),
        phi=np.array([0.01]),
    )
    row = np.zeros(len(resolution), int)
    return combine(layer, towers, np.array([measured]), tracks=tracks, row=row)


def test_energy_beyond_good_tracks_is_neutral():
    tracks, neutral = in_one_tower([10.0, 20.0], [0.01, 0.01], 80.0)
    assert tracks.energy == pytest.approx([10, 20])
    assert neutral.energy == pytest.approx([50])
    assert neutral.pdgid.tolist() == [130]


def test_insignificant_excess_is_no_particle():
    tracks, neutral = in_one_tower([30.0], [0.01], 31.0)
    assert tracks.energy == pytest.approx([30])
    assert len(neutral) == 0


def test_tracks_worse_than_the_tower_share_its_energy():
    tracks, neutral = in_one_tower([100.0, 50.0, 10.0], [0.5, 0.5, 0.01], 130.0)
    assert tracks.energy == pytest.approx([80, 40, 10])
    assert len(neutral) == 0


def test_without_energy_to_share_a_bad_track_is_lost():
    tracks, neutral = in_one_tower([100.0, 10.0], [0.5, 0.01], 9.0)
    assert tracks.energy == pytest.approx([10])
    assert len(neutral) == 0


def test_photons_end_in_towers_near_by():
    photons = particles([22] * 2000, 50.0, 0.45, 1.0)
    seen = atlas(photons, from_origin(photons), np.random.default_rng(5))
    assert set(seen.pdgid) == {22}
    assert seen.event.tolist() == list(range(2000))
    assert np.all(np.abs(wrapped(seen.phi - 1.0)) < np.radians(10))
    assert np.all(np.abs(seen.eta - 0.45) < 0.1)
    assert seen.energy.mean() == pytest.approx(photons.energy[0], rel=0.005)


def test_soft_photons_and_neutrinos_leave_nothing():
    unseen = particles([22, 12], [0.3, 500.0], 0.0, 0.0)
    assert len(atlas(unseen, from_origin(unseen), np.random.default_rng(6))) == 0


def test_muons_are_tracks_and_leave_nothing_in_towers():
    muons = particles([13] * 1000, 30.0, 0.5, 0.0)
    seen = atlas(muons, from_origin(muons), np.random.default_rng(7))
    assert set(seen.pdgid) == {13}
    assert len(seen) / len(muons) == pytest.approx(0.99, abs=0.01)


def test_charged_hadrons_keep_their_direction_and_are_taken_for_pions():
    kaons = particles([211] * 1000, 5.0, 0.5, 0.7)
    kaons = Particles(**{**vars(kaons), "pdgid": np.full(1000, 321, np.int32)})
    seen = atlas(kaons, from_origin(kaons), np.random.default_rng(8))
    tracks = seen.take(seen.charge != 0)
    assert set(tracks.pdgid) == {211}
    assert tracks.eta == pytest.approx(0.5)
    assert tracks.phi == pytest.approx(0.7)


def test_the_detector_does_not_mix_events():
    one = particles([22, 130, 211], [40.0, 60.0, 80.0], [0.1, -0.4, 1.2], [0.0, 1.0, 2.0], [0] * 3)
    other = particles([22], 90.0, 0.1, 0.0, [1])
    both = concatenate([one, other])
    seen = atlas(both, from_origin(both), np.random.default_rng(9))
    assert np.all(np.diff(seen.event) >= 0)
    assert seen.energy[seen.event == 1].sum() == pytest.approx(other.energy.sum(), rel=0.15)


def test_without_a_detector_all_but_neutrinos_are_seen():
    some = particles([22, 12, 211], 1.0, 0.0, 0.0)
    assert none(some, from_origin(some), np.random.default_rng(0)).pdgid.tolist() == [22, 211]
