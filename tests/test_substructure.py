"""Substructure from shared histories, against FastJet and its contributed packages."""

from itertools import pairwise

import awkward as ak
import fastjet
import numpy as np
import pytest

from tagline.data.jets import Jets
from tagline.observables.history import momenta_of
from tagline.observables.subjets import BETAS, nsubjettiness
from tagline.observables.substructure import Grooming, substructure
from tagline.representations.high_level import Config, Representation
from tests.toy_splits import emptied, toy_split_jets

LARGEST_RADIUS = 1000.0
GROOMINGS = [Grooming(), Grooming(z_cut=0.2), Grooming(beta=1.0), Grooming(beta=2.0, radius=0.5)]


@pytest.fixture
def jets():
    return toy_split_jets(150, seed=7)


def sequence_of(jets, algorithm):
    names = {"px": "px", "py": "py", "pz": "pz", "E": "energy"}
    columns = {name: jets.constituents[mine].astype(np.float64) for name, mine in names.items()}
    particles = ak.unflatten(
        ak.zip(columns, with_name="Momentum4D"), jets.jets["num_constituents"]
    )
    return fastjet.ClusterSequence(particles, fastjet.JetDefinition(algorithm, LARGEST_RADIUS))


@pytest.fixture
def cambridge(jets):
    return sequence_of(jets, fastjet.cambridge_algorithm)


@pytest.fixture
def kt(jets):
    return sequence_of(jets, fastjet.kt_algorithm)


def assert_equal(found, expected):
    np.testing.assert_allclose(found, ak.to_numpy(expected), rtol=1e-10)


@pytest.mark.parametrize("grooming", GROOMINGS)
def test_soft_drop_agrees_with_fastjet(jets, cambridge, grooming):
    """FastJet calls z and the distance -1 where a particle is left alone."""
    found = substructure(jets, grooming=grooming)
    expected = cambridge.exclusive_jets_softdrop_grooming(
        njets=1, beta=grooming.beta, symmetry_cut=grooming.z_cut, R0=grooming.radius
    )
    assert_equal(found.softdrop_mass_J, expected.msoftdrop)
    assert_equal(found.z_g_J, np.maximum(expected.symmetrysoftdrop, 0))
    assert_equal(found.r_g_J, np.maximum(expected.deltaRsoftdrop, 0))


def test_lund_plane_agrees_with_fastjet(jets, cambridge):
    lund = substructure(jets).lund
    expected = cambridge.exclusive_jets_lund_declusterings(1)[:, 0]
    assert_equal(lund.num_J, ak.num(expected))
    assert_equal(lund.delta_S, ak.flatten(expected.Delta))
    assert_equal(lund.kt_S, ak.flatten(expected.kt))


def primary_declusterings(momenta_N4):
    """Yield the pairs of FastJet's pseudojets that the hardest branch is made of."""
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, LARGEST_RADIUS)
    particles = [fastjet.PseudoJet(*row) for row in momenta_N4.tolist()]
    sequence = fastjet.ClusterSequence(particles, definition)
    (jet,) = sequence.exclusive_jets(1)
    while jet.has_parents(one := fastjet.PseudoJet(), other := fastjet.PseudoJet()):
        jet, softer = sorted((one, other), key=lambda each: -each.pt())
        yield jet, softer


def test_z_and_psi_are_those_of_the_branches(jets):
    jets = jets.take(np.arange(20))
    lund, momenta_P4, offsets = substructure(jets).lund, momenta_of(jets), jets.offsets
    pairs = [
        pair
        for begin, end in pairwise(offsets)
        for pair in primary_declusterings(momenta_P4[begin:end])
    ]
    z = [softer.pt() / (softer.pt() + harder.pt()) for harder, softer in pairs]
    psi = [
        np.arctan2(softer.rap() - harder.rap(), harder.delta_phi_to(softer))
        for harder, softer in pairs
    ]
    np.testing.assert_allclose(lund.z_S, z, rtol=1e-10)
    np.testing.assert_allclose(np.angle(np.exp(1j * (lund.psi_S - psi))), 0, atol=1e-9)


@pytest.mark.parametrize("num", [1, 2])
def test_splitting_scales_agree_with_fastjet(jets, kt, num):
    found = substructure(jets).scales_JN[:, num - 1]
    assert_equal(found**2, kt.exclusive_dmerge(num) * LARGEST_RADIUS**2)


@pytest.mark.parametrize("beta", BETAS)
def test_nsubjettiness_agrees_with_fastjet(jets, kt, beta):
    expected = kt.njettiness(
        measure_definition="UnnormalizedMeasure",
        axes_definition="KT_Axes",
        njets=[1, 2, 3, 4],
        beta=beta,
    )
    assert_equal(substructure(jets).tau_JNA[:, :, BETAS.index(beta)], expected)


def test_nsubjettiness_alone_is_the_same(jets):
    np.testing.assert_array_equal(
        substructure(jets, max_axes=6).tau_JNA, nsubjettiness(jets, max_axes=6)
    )


def test_energy_correlators_agree_with_fastjet(jets, cambridge):
    found = substructure(jets)
    correlator = cambridge.exclusive_jets_energy_correlator
    assert_equal(found.e2_J, correlator(beta=1, npoint=2))
    assert_equal(found.e3_J, correlator(beta=1, npoint=3))
    assert_equal(found.e3_J / found.e2_J**2, correlator(beta=1, func="c2"))
    assert_equal(found.e3_J / found.e2_J**3, correlator(beta=1, func="d2"))


def test_two_particles_have_the_substructure_of_their_pair():
    """30 and 10 GeV at a distance of 0.5 in azimuth."""
    momenta = {
        "px": np.array([30, 10 * np.cos(0.5)]),
        "py": np.array([0, 10 * np.sin(0.5)]),
        "pz": np.zeros(2),
        "energy": np.array([30.0, 10.0]),
    }
    found = substructure(Jets({"num_constituents": np.array([2])}, momenta))
    mass = np.sqrt(2 * 30 * 10 * (1 - np.cos(0.5)))
    for value, expected in (
        (found.softdrop_mass_J, mass),
        (found.z_g_J, 0.25),
        (found.r_g_J, 0.5),
        (found.scales_JN[:, 0], 5),
        (found.scales_JN[:, 1], 0),
        (found.e2_J, 0.75 * 0.25 * 0.5),
        (found.e3_J, 0),
        (found.lund.delta_S, 0.5),
        (found.lund.kt_S, 5),
        (found.lund.z_S, 0.25),
        (found.lund.psi_S, 0),
    ):
        np.testing.assert_allclose(value, [expected], rtol=1e-12, atol=1e-12)


def test_a_cut_of_zero_drops_nothing(jets):
    mass_J = substructure(jets, grooming=Grooming(z_cut=0.0)).softdrop_mass_J
    np.testing.assert_allclose(mass_J, jets.jets["mass"], rtol=1e-4)


def test_a_cut_above_one_half_drops_all_but_a_particle(jets):
    """Massless but for what float32 makes of its momentum of up to 100 GeV."""
    found = substructure(jets, grooming=Grooming(z_cut=0.6))
    assert (found.softdrop_mass_J < 0.01 * jets.jets["mass"]).all()
    assert not found.z_g_J.any()
    assert not found.r_g_J.any()


def test_a_jet_without_particles_has_no_substructure(jets):
    found, whole = substructure(emptied(jets)), substructure(jets)
    for name in ("tau_JNA", "scales_JN", "softdrop_mass_J", "z_g_J", "r_g_J", "e2_J", "e3_J"):
        assert not getattr(found, name)[[0, -1]].any()
        np.testing.assert_array_equal(getattr(found, name)[1:-1], getattr(whole, name)[1:-1])
    assert found.lund.num_J[[0, -1]].tolist() == [0, 0]


def test_further_observables_follow_those_of_high_level(jets):
    further = ("softdrop_mass", "z_g", "r_g", "sqrt_d12", "sqrt_d23")
    values_JG = Representation(Config(observables=("tau21", *further))).compute(jets)
    found = substructure(jets)
    columns = (found.softdrop_mass_J, found.z_g_J, found.r_g_J, *found.scales_JN.T)
    np.testing.assert_array_equal(values_JG[:, 1:], np.stack(columns, axis=1))
    np.testing.assert_array_equal(values_JG[:, 0], Representation(Config()).compute(jets)[:, 6])
