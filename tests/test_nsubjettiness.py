"""N-subjettiness and correlators, against FastJet's contributed packages and brute force."""

from itertools import combinations

import awkward as ak
import fastjet
import numpy as np
import pytest

from tagline.data.jets import Jets
from tagline.observables import frames
from tagline.observables.correlators import correlators
from tagline.observables.subjets import BETAS, nsubjettiness
from tagline.representations.nsubjettiness import Config, Representation
from tests.toy_splits import moved, toy_split_jets

LARGEST_RADIUS = 1000.0


@pytest.fixture
def jets():
    return toy_split_jets(150, seed=6)


def njettiness(jets, *, beta, max_axes):
    """Return tau_N of fastjet-contrib, not normalised: (J, N)."""
    names = {"px": "px", "py": "py", "pz": "pz", "E": "energy"}
    columns = {name: jets.constituents[mine].astype(np.float64) for name, mine in names.items()}
    particles = ak.unflatten(
        ak.zip(columns, with_name="Momentum4D"), jets.jets["num_constituents"]
    )
    definition = fastjet.JetDefinition(fastjet.kt_algorithm, LARGEST_RADIUS)
    return ak.to_numpy(
        fastjet.ClusterSequence(particles, definition).njettiness(
            measure_definition="UnnormalizedMeasure",
            axes_definition="KT_Axes",
            njets=list(range(1, max_axes + 1)),
            beta=beta,
        )
    )


@pytest.mark.parametrize("beta", BETAS)
def test_agrees_with_fastjet(jets, beta):
    tau_JN = nsubjettiness(jets, 7)[:, :, BETAS.index(beta)]
    np.testing.assert_allclose(tau_JN, njettiness(jets, beta=beta, max_axes=7), rtol=1e-6)


def test_agrees_with_fastjet_across_the_azimuth_cut(jets):
    jets = moved(jets, d_phi=np.pi - float(jets.jets["phi"][0]), d_eta=0.0)
    np.testing.assert_allclose(
        nsubjettiness(jets, 4)[:, :, 1], njettiness(jets, beta=1.0, max_axes=4), rtol=1e-6
    )


def test_agrees_with_fastjet_on_massive_particles(jets):
    heavier = {"energy": jets.constituents["energy"] * np.float32(1.02)}
    jets = Jets(jets=jets.jets, constituents=jets.constituents | heavier)
    np.testing.assert_allclose(
        nsubjettiness(jets, 4)[:, :, 1], njettiness(jets, beta=1.0, max_axes=4), rtol=1e-6
    )


def test_few_particles_lie_on_their_axes(jets):
    few = frames.leading(jets, 4)
    jets = Jets(
        jets=jets.jets | {"num_constituents": few.num_J},
        constituents={name: column[few.row_P] for name, column in jets.constituents.items()},
    )
    tau_JNA = nsubjettiness(jets, 6)
    assert (tau_JNA[:, 3:] == 0).all()
    assert (tau_JNA[:, :3] > 0).all()


def test_falls_with_the_number_of_axes_at_two(jets):
    """With beta = 2, where the sum of momenta is nearly the best axis."""
    tau_JN = nsubjettiness(jets, 7)[:, :, 2]
    assert np.mean(np.diff(tau_JN, axis=1) <= 0) > 0.98


@pytest.mark.parametrize(("bodies", "num_inputs"), [(6, 16), (8, 22)])
def test_spans_the_published_number_of_inputs(bodies, num_inputs):
    """1902.09914: 16 inputs for M = 6, 22 for M = 8."""
    names = Representation(Config(bodies=bodies)).names
    assert len(names) == len(set(names)) == num_inputs
    assert names[-5:] == (
        f"tau{bodies - 2}_beta2",
        f"tau{bodies - 1}_beta1",
        f"tau{bodies - 1}_beta2",
        "mass",
        "pt",
    )


def test_features_are_divided_by_the_jet_pt(jets):
    representation = Representation(Config(bodies=4, standardise=False))
    prepared = representation.transform(jets, representation.fit(jets))
    expected = nsubjettiness(jets, 2)[:, 1, 0] / jets.jets["pt"]
    np.testing.assert_allclose(prepared.jets["feature_tau2_beta05"], expected, rtol=1e-5)


def test_standardised_training_features_have_mean_0_and_deviation_1(jets):
    representation = Representation(Config(bodies=4))
    prepared = representation.transform(jets, representation.fit(jets))
    for name in representation.names:
        column = prepared.jets[f"feature_{name}"].astype(np.float64)
        np.testing.assert_allclose([column.mean(), column.std()], [0, 1], atol=1e-5)


def test_correlators_are_the_sums_of_pairs_and_triples(jets):
    particles = frames.around_jet_axis(frames.leading(jets, 12), jets)
    e2_J, e3_J = correlators(particles)
    for jet in range(5):
        mine = particles.jet_P == jet
        share = particles.pt_P[mine] / particles.pt_P[mine].sum()
        points = np.stack([particles.eta_P[mine], particles.phi_P[mine]], axis=1)

        def distance(i, j, points=points):
            return np.hypot(*(points[i] - points[j]))

        indices = range(len(share))
        e2 = sum(share[i] * share[j] * distance(i, j) for i, j in combinations(indices, 2))
        e3 = sum(
            share[[i, j, k]].prod() * distance(i, j) * distance(i, k) * distance(j, k)
            for i, j, k in combinations(indices, 3)
        )
        np.testing.assert_allclose([e2_J[jet], e3_J[jet]], [e2, e3], rtol=1e-10)
