"""Subjets, against FastJet and by hand."""

import fastjet
import numpy as np
import pytest

from tagline.observables.frames import Particles, leading
from tagline.observables.reclustering import by_subjets
from tests.toy_splits import toy_split_jets


def one_jet(pt, eta, phi):
    pt_P, eta_P, phi_P = (np.array(values, dtype=np.float64) for values in (pt, eta, phi))
    num = len(pt_P)
    return Particles(
        num_J=np.array([num]),
        jet_P=np.zeros(num, np.int64),
        row_P=np.arange(num),
        pt_P=pt_P,
        eta_P=eta_P,
        phi_P=phi_P,
    )


def test_two_softer_particles_may_lead_as_one_subjet():
    particles = one_jet(pt=[100, 80, 60, 10], eta=[0, 0.5, 0.6, 0.1], phi=[0, 0, 0, 0])
    assert by_subjets(particles, radius=0.2).tolist() == [1, 2, 0, 3]


def test_subjets_do_not_see_where_azimuth_jumps():
    particles = one_jet(pt=[100, 80, 60], eta=[0, 0, 0], phi=[0, 3.1, -3.1])
    assert by_subjets(particles, radius=0.2).tolist() == [1, 2, 0]


@pytest.mark.parametrize("radius", [0.2, 0.4])
def test_orders_as_fastjet_does(radius):
    """The same recombination scheme, for massless particles."""
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius, fastjet.pt_scheme)
    particles = leading(toy_split_jets(30, seed=2), 60)
    found_P = by_subjets(particles, radius=radius)
    ends = np.cumsum(particles.num_J)
    for begin, end in zip(ends - particles.num_J, ends, strict=True):
        inputs = []
        for row in range(begin, end):
            pt, eta, phi = particles.pt_P[row], particles.eta_P[row], particles.phi_P[row]
            momentum = pt * np.array([np.cos(phi), np.sin(phi), np.sinh(eta), np.cosh(eta)])
            inputs.append(fastjet.PseudoJet(*momentum.tolist()))
            inputs[-1].set_user_index(row)
        cluster = fastjet.ClusterSequence(inputs, definition)
        subjets = sorted(cluster.inclusive_jets(), key=lambda subjet: -subjet.perp())
        rows = [sorted(each.user_index() for each in subjet.constituents()) for subjet in subjets]
        assert found_P[begin:end].tolist() == [row for subjet in rows for row in subjet]
