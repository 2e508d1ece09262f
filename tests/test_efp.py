"""Energy flow polynomials, against their definition, EnergyFlow and what they must not see."""

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tagline.data.jets import Jets
from tagline.observables import frames
from tagline.observables.correlators import correlators
from tagline.observables.efp import energy_flow, polynomials
from tagline.observables.efp_graphs import (
    canonical,
    connected_graphs,
    degree,
    multisets,
    name,
    vertices,
)
from tagline.observables.efp_kernel import Operation
from tagline.observables.frames import Particles
from tagline.representations.efp import Config, Representation
from tests.toy_splits import toy_split_jets

GOLDEN = json.loads((Path(__file__).parent / "golden" / "efp.json").read_text())
MAX_DEGREE = 7

# 1712.07124, table 2: multigraphs of 1 .. 7 edges, those that hang together and all
CONNECTED = [1, 2, 5, 12, 33, 103, 333]
ALL = [1, 3, 8, 23, 66, 212, 686]
LEAFLESS = [0, 1, 2, 5, 11, 34, 87]  # 1911.04491, https://oeis.org/A307316


def particles_of(counts, *, seed, width=0.3):
    """Return jets of so many particles."""
    generator = np.random.default_rng(seed)
    num = sum(counts)
    return Particles(
        num_J=np.array(counts),
        jet_P=np.repeat(np.arange(len(counts)), counts),
        row_P=np.arange(num),
        pt_P=generator.exponential(size=num) + 0.1,
        eta_P=generator.normal(1, width, num),
        phi_P=generator.normal(0, width, num),
    )


def with_another(particles, *, pt, eta, phi):
    """Return the only jet with another particle."""
    num = len(particles.pt_P) + 1
    return Particles(
        num_J=np.array([num]),
        jet_P=np.zeros(num, np.int64),
        row_P=np.arange(num),
        pt_P=np.append(particles.pt_P, pt),
        eta_P=np.append(particles.eta_P, eta),
        phi_P=np.append(particles.phi_P, phi),
    )


def changed(particles, **columns):
    return Particles(**(vars(particles) | columns))


def values_of(particles, *, beta=0.5, max_degree=MAX_DEGREE, max_chi=3, precision=np.float64):
    return energy_flow(particles, polynomials(max_degree, max_chi), beta=beta, precision=precision)


def by_definition(graph, particles, beta):
    """Sum over all particles at each vertex of a graph, for the only jet."""
    share_M = particles.pt_P / particles.pt_P.sum()
    points_M2 = np.stack([particles.eta_P, particles.phi_P], axis=1)
    theta_MM = np.linalg.norm(points_M2[:, None] - points_M2[None], axis=2) ** beta
    particle_at = np.indices([len(share_M)] * len(vertices(graph)))
    terms = share_M[particle_at].prod(axis=0)
    for i, j, multiplicity in graph:
        terms *= theta_MM[particle_at[i], particle_at[j]] ** multiplicity
    return terms.sum()


def renumbered(graph, generator):
    """Return the same graph with its vertices in another order."""
    order = list(range(len(vertices(graph))))
    generator.shuffle(order)
    return tuple((*sorted((order[i], order[j])), number) for i, j, number in graph)


def is_leafless(graph):
    edges = Counter()
    for i, j, multiplicity in graph:
        edges[i] += multiplicity
        edges[j] += multiplicity
    return min(edges.values()) > 1


def counts_by_degree(graphs):
    degrees = [degree(graph) for graph in graphs]
    of_all = Counter(
        sum(degrees[factor] for factor in factors) for factors in multisets(degrees, MAX_DEGREE)
    )
    return [of_all[edges] for edges in range(1, MAX_DEGREE + 1)]


def test_finds_as_many_graphs_as_the_paper():
    graphs = connected_graphs(MAX_DEGREE)
    found = Counter(degree(graph) for graph in graphs)
    assert [found[edges] for edges in range(1, MAX_DEGREE + 1)] == CONNECTED
    assert counts_by_degree(graphs) == ALL


def test_finds_as_many_graphs_without_leaves_as_are_known():
    leafless = [graph for graph in connected_graphs(MAX_DEGREE) if is_leafless(graph)]
    assert counts_by_degree(leafless) == LEAFLESS


def test_the_order_of_vertices_does_not_matter():
    generator = random.Random(1)
    for graph in connected_graphs(6):
        assert canonical(renumbered(graph, generator)) == graph


@pytest.mark.parametrize(
    ("max_degree", "max_chi", "num_connected", "num_all"),
    [(5, 3, 53, 101), (7, 3, 485, 994), (7, 2, 238, 584)],
)
def test_leaves_out_what_costs_too_much(max_degree, max_chi, num_connected, num_all):
    """Counts of EnergyFlow, less the graph without edges."""
    wanted = polynomials(max_degree, max_chi)
    assert len(wanted.plan.graphs) == num_connected
    assert len(wanted.names) == len(set(wanted.names)) == num_all


def test_multiplies_few_matrices():
    """Three products for degree 5 and twelve for degree 7 make it as fast as it is."""
    for max_degree, most in ((5, 3), (7, 12)):
        operations = polynomials(max_degree, 3).program_S5[:, 0]
        assert (operations == Operation.SERIES).sum() <= most


@pytest.mark.parametrize("beta", [0.5, 1.0, 1.3])
def test_agrees_with_the_definition(beta):
    particles = particles_of([4], seed=2)
    wanted = polynomials(MAX_DEGREE, 3)
    values = dict(zip(wanted.names, values_of(particles, beta=beta)[0], strict=True))
    for graph in wanted.plan.graphs[:: 1 if beta == 0.5 else 7]:
        expected = by_definition(graph, particles, beta)
        np.testing.assert_allclose(values[name(graph)], expected, rtol=1e-12)


def test_products_are_the_products_of_their_factors():
    wanted = polynomials(MAX_DEGREE, 3)
    values_JG = values_of(particles_of([9, 20], seed=3))
    columns = dict(zip(wanted.names, values_JG.T, strict=True))
    for names, values_J in columns.items():
        product_J = np.prod([columns[factor] for factor in names.split("_")], axis=0)
        np.testing.assert_allclose(values_J, product_J, rtol=1e-12)


def test_agrees_with_energyflow():
    columns = {key: np.array(column) for key, column in GOLDEN["particles"].items()}
    jets = Jets(jets={"num_constituents": np.array(GOLDEN["counts"])}, constituents=columns)
    config = Config(max_degree=MAX_DEGREE, beta=GOLDEN["beta"], standardise=False)
    representation = Representation(config)
    values = dict(zip(representation.names, representation.compute(jets).T, strict=True))
    assert len(GOLDEN["values"]) == sum(CONNECTED) - 4
    for graph, expected in GOLDEN["values"].items():
        np.testing.assert_allclose(values[graph], expected, rtol=1e-10, err_msg=graph)


def test_single_precision_is_exact_to_1e_5():
    particles = particles_of([5, 30, 100], seed=4)
    single = values_of(particles, precision=np.float32)
    np.testing.assert_allclose(single, values_of(particles), rtol=1e-5)


@pytest.mark.parametrize("share", [0.5, 0.01])
def test_is_collinear_safe(share):
    particles = particles_of([12], seed=5)
    pt_P = particles.pt_P.copy()
    pt_P[3] *= 1 - share
    split = with_another(
        changed(particles, pt_P=pt_P),
        pt=particles.pt_P[3] * share,
        eta=particles.eta_P[3],
        phi=particles.phi_P[3],
    )
    np.testing.assert_allclose(values_of(split), values_of(particles), rtol=1e-12)


def test_is_infrared_safe():
    particles = particles_of([12], seed=6)
    soft = with_another(particles, pt=1e-13, eta=0.4, phi=-0.5)
    np.testing.assert_allclose(values_of(soft), values_of(particles), rtol=1e-11)


def test_turns_and_shifts_do_not_matter():
    particles = particles_of([12, 30], seed=7)
    sin, cos = np.sin(0.7), np.cos(0.7)
    turned = changed(
        particles,
        eta_P=particles.eta_P * cos - particles.phi_P * sin - 2,
        phi_P=particles.eta_P * sin + particles.phi_P * cos,
    )
    np.testing.assert_allclose(values_of(turned), values_of(particles), rtol=1e-11)


def test_the_cut_of_the_azimuth_does_not_matter():
    particles = particles_of([12], seed=8)
    phi_P = (particles.phi_P + 2 * np.pi) % (2 * np.pi)
    beyond = changed(particles, phi_P=phi_P)
    np.testing.assert_allclose(values_of(beyond), values_of(particles), rtol=1e-11)


def test_the_scale_of_momenta_does_not_matter():
    particles = particles_of([12], seed=9)
    scaled = changed(particles, pt_P=particles.pt_P * 600)
    np.testing.assert_allclose(values_of(scaled), values_of(particles), rtol=1e-12)


def test_grows_with_the_angles_to_the_power_of_beta_times_degree():
    particles = particles_of([12], seed=10)
    doubled = changed(particles, eta_P=particles.eta_P * 2, phi_P=particles.phi_P * 2)
    wanted = polynomials(MAX_DEGREE, 3)
    degrees = [degree(graph) for graph in wanted.plan.graphs]
    num = len(degrees)
    np.testing.assert_allclose(
        values_of(doubled)[0, :num],
        values_of(particles)[0, :num] * 2 ** (0.5 * np.array(degrees)),
        rtol=1e-11,
    )


def test_odd_cycles_vanish_for_two_particles():
    values = dict(
        zip(
            polynomials(5, 3).names,
            values_of(particles_of([2], seed=11), max_degree=5)[0],
            strict=True,
        )
    )
    assert values["abacbc"] == 0
    assert values["ab"] > 0


def test_one_particle_and_none_have_no_angles():
    assert (values_of(particles_of([1, 0, 2, 0], seed=12))[[0, 1, 3]] == 0).all()


def test_an_edge_and_a_triangle_are_energy_correlators():
    """1305.0007: each pair counts twice, each triple six times."""
    particles = particles_of([20, 33], seed=13)
    wanted = polynomials(3, 3)
    values = dict(zip(wanted.names, values_of(particles, beta=1.0, max_degree=3).T, strict=True))
    e2_J, e3_J = correlators(particles)
    np.testing.assert_allclose(values["ab"], 2 * e2_J, rtol=1e-12)
    np.testing.assert_allclose(values["abacbc"], 6 * e3_J, rtol=1e-12)


def test_an_edge_with_beta_two_is_the_mass_of_a_narrow_jet():
    particles = particles_of([20], seed=14, width=1e-3)
    px = particles.pt_P * np.cos(particles.phi_P)
    py = particles.pt_P * np.sin(particles.phi_P)
    pz = particles.pt_P * np.sinh(particles.eta_P)
    energy = particles.pt_P * np.cosh(particles.eta_P)
    mass2 = energy.sum() ** 2 - px.sum() ** 2 - py.sum() ** 2 - pz.sum() ** 2
    value = values_of(particles, beta=2.0, max_degree=1)[0, 0]
    np.testing.assert_allclose(value, 2 * mass2 / particles.pt_P.sum() ** 2, rtol=1e-5)


def test_a_jet_reads_its_leading_constituents():
    jets = toy_split_jets(20, seed=15)
    config = Config(max_degree=2, max_constituents=8)
    leading = frames.leading(jets, 8)
    expected = values_of(leading, max_degree=2)
    np.testing.assert_allclose(Representation(config).compute(jets), expected, rtol=1e-3)
