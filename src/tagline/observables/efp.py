"""Energy flow polynomials of jets.

Energy flow polynomials: A complete linear basis for jet substructure, Komiske, Metodiev and Thaler
2017, https://arxiv.org/abs/1712.07124. That of a multigraph of N vertices is the sum over all
particles i_1 .. i_N of z_i1 ... z_iN times theta_ik_il for each edge (k, l) (eq. 1.2), here with
the hadronic measure: z_i = pT_i / sum pT and theta_ij = (dy_ij^2 + dphi_ij^2)^(beta / 2).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from tagline.observables.efp_graphs import connected_graphs, degree, multisets, name
from tagline.observables.efp_kernel import Operation, fill
from tagline.observables.efp_plan import Plan, plan_of
from tagline.observables.frames import Array, Indices, Particles

Precision = type[np.float32] | type[np.float64]


@dataclass(frozen=True)
class Polynomials:
    """A set of polynomials: those of connected graphs, then products of them.

    Args:
        names: of the graphs; those of a product are joined by `_`.
        plan: makes the polynomials of connected graphs.
        program_S5: that of the plan, and then the products.
    """

    names: tuple[str, ...]
    plan: Plan
    program_S5: Indices


@cache
def polynomials(max_degree: int, max_chi: int) -> Polynomials:
    """Return all of 1 to `max_degree` edges whose cost is at most O(M^chi), chi being 2 or 3."""
    plan = plan_of(connected_graphs(max_degree), max_chi=max_chi)
    degrees = [degree(graph) for graph in plan.graphs]
    found = sorted(multisets(degrees, max_degree), key=lambda factors: (len(factors), factors))
    place = {factors: position for position, factors in enumerate(found)}
    products = [
        [Operation.PRODUCT, place[factors], place[factors[:1]], place[factors[1:]], -1]
        for factors in found[len(degrees) :]
    ]
    names = [name(graph) for graph in plan.graphs]
    return Polynomials(
        names=tuple("_".join(names[factor] for factor in factors) for factors in found),
        plan=plan,
        program_S5=np.array([*plan.program_S5, *products], np.int64),
    )


def energy_flow(
    particles: Particles, wanted: Polynomials, *, beta: float, precision: Precision
) -> Array:
    """Return the polynomials of each jet, taking eta as rapidity; 0 if it is empty: (J, G)."""
    shares_P = particles.pt_P / particles.sum(particles.pt_P)[particles.jet_P]
    largest = int(particles.num_J.max(initial=0))
    values_JG = np.zeros((len(particles.num_J), len(wanted.names)))
    fill(
        values_JG,
        np.stack([shares_P, particles.eta_P, particles.phi_P]),
        particles.num_J,
        beta,
        wanted.program_S5,
        np.empty((wanted.plan.num_matrices, largest**2), precision),
        np.empty((wanted.plan.num_vectors, largest), precision),
    )
    return values_JG
