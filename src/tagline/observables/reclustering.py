"""Constituents in the order of the small jets that they form."""

import math

import numpy as np

from tagline.machine.compiled import compiled
from tagline.observables.frames import Array, Indices, Particles


def by_subjets(particles: Particles, *, radius: float) -> Indices:
    """Return an order of the particles: subjets in falling pT, and within each as they come.

    Subjets are those of anti-kT (0802.1189) in the pT recombination scheme: pT adds up, angles are
    averaged with it.
    """
    return _ordered(particles.pt_P, particles.eta_P, particles.phi_P, particles.num_J, radius)


@compiled
def _ordered(pt_P: Array, eta_P: Array, phi_P: Array, num_J: Indices, radius: float) -> Indices:
    order_P = np.arange(len(pt_P))
    begin = 0
    for num in num_J:
        here = slice(begin, begin + num)
        subjet_N, pt_N = _clustered(
            pt_P[here].copy(), eta_P[here].copy(), phi_P[here].copy(), radius
        )
        order_P[here] = begin + np.argsort(-pt_N[subjet_N], kind="mergesort")
        begin += num
    return order_P


@compiled
def _clustered(pt_N: Array, eta_N: Array, phi_N: Array, radius: float) -> tuple[Indices, Array]:
    """Return the subjet of each particle, and what has become of their pT."""
    num = len(pt_N)
    subjet_N, left_N = np.arange(num), np.arange(num)
    while num > 0:
        first, second, smallest = 0, -1, np.inf
        for a in range(num):
            i = left_N[a]
            inverse2 = 1 / pt_N[i] ** 2
            if inverse2 < smallest:
                first, second, smallest = a, -1, inverse2
            for b in range(a):
                j = left_N[b]
                d_phi = _wrapped(phi_N[i] - phi_N[j])
                distance2 = ((eta_N[i] - eta_N[j]) ** 2 + d_phi**2) / radius**2
                distance2 *= min(inverse2, 1 / pt_N[j] ** 2)
                if distance2 < smallest:
                    first, second, smallest = a, b, distance2
        if second >= 0:
            _merge(left_N[second], left_N[first], pt_N, eta_N, phi_N)
            subjet_N[subjet_N == left_N[first]] = left_N[second]
        num -= 1
        left_N[first] = left_N[num]
    return subjet_N, pt_N


@compiled
def _merge(kept: int, gone: int, pt_N: Array, eta_N: Array, phi_N: Array) -> None:
    pt_N[kept] += pt_N[gone]
    share = pt_N[gone] / pt_N[kept]
    eta_N[kept] += share * (eta_N[gone] - eta_N[kept])
    phi_N[kept] += share * _wrapped(phi_N[gone] - phi_N[kept])


@compiled
def _wrapped(phi: float) -> float:
    return (phi + math.pi) % (2 * math.pi) - math.pi
