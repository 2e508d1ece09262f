"""Energy correlation functions of jets.

Energy Correlation Functions for Jet Substructure, Larkoski, Salam and Thaler 2013,
https://arxiv.org/abs/1305.0007, and Power Counting to Better Jet Observables, Larkoski, Moult and
Neill 2014, https://arxiv.org/abs/1409.6298.
"""

import math

import numpy as np

from tagline.machine.compiled import compiled
from tagline.observables.directions import distances2
from tagline.observables.frames import Array, Indices, Particles


def correlators(particles: Particles) -> tuple[Array, Array]:
    """Return e_2 = sum z_i z_j R_ij and e_3 = sum z_i z_j z_k R_ij R_ik R_jk: (J,) each.

    These have beta = 1 and run over pairs and triples of different particles; z is the share of
    the scalar sum of pT.
    """
    total_J = particles.sum(particles.pt_P)
    share_P = particles.pt_P / total_J[particles.jet_P]
    return _correlators(share_P, particles.eta_P, particles.phi_P, particles.num_J)


@compiled
def _correlators(
    share_P: Array, eta_P: Array, phi_P: Array, num_J: Indices
) -> tuple[Array, Array]:
    e_2J, e_3J = np.zeros(len(num_J)), np.zeros(len(num_J))
    largest = num_J.max() if len(num_J) else 0
    distance_NN = np.empty((largest, largest))
    begin = 0
    for jet in range(len(num_J)):
        here = slice(begin, begin + num_J[jet])
        e_2J[jet], e_3J[jet] = correlate(share_P[here], eta_P[here], phi_P[here], distance_NN)
        begin += num_J[jet]
    return e_2J, e_3J


@compiled
def correlate(
    share_N: Array, eta_N: Array, phi_N: Array, distance_NN: Array
) -> tuple[float, float]:
    """Return e_2 and e_3 of the particles of one jet.

    Of the distances only those from a particle to later ones are kept, and zeros elsewhere: then
    the innermost loop, where the time goes, needs no start of its own and is vectorised.
    """
    num = len(share_N)
    third_N = np.empty(num)
    e_2, e_3 = 0.0, 0.0
    for k in range(num):
        distances2(eta_N, phi_N, num, eta_N[k], phi_N[k], distance_NN[k])
        distance_NN[k, : k + 1] = 0
        for j in range(k + 1, num):
            distance_NN[k, j] = math.sqrt(distance_NN[k, j])
    for i in range(num):
        third_N[:i] = 0
        for k in range(i):
            factor = share_N[k] * distance_NN[k, i]
            for j in range(i):
                third_N[j] += factor * distance_NN[k, j]
        for j in range(i):
            pair = share_N[i] * share_N[j] * distance_NN[j, i]
            e_2 += pair
            e_3 += pair * third_N[j]
    return e_2, e_3
