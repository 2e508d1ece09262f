"""Energy correlation functions of jets.

Energy Correlation Functions for Jet Substructure, Larkoski, Salam and Thaler 2013,
https://arxiv.org/abs/1305.0007, and Power Counting to Better Jet Observables, Larkoski, Moult and
Neill 2014, https://arxiv.org/abs/1409.6298.
"""

import math

import numpy as np

from tagline.compiled import compiled
from tagline.frames import Array, Indices, Particles


def correlators(particles: Particles) -> tuple[Array, Array]:
    """Return e_2 = sum z_i z_j R_ij and e_3 = sum z_i z_j z_k R_ij R_ik R_jk: (J,) each.

    These have beta = 1 and run over pairs and triples of different particles; z is the share of
    the scalar sum of pT. The particles must lie around the jet axis, where azimuths do not wrap.
    """
    total_J = particles.sum(particles.pt_P)
    share_P = particles.pt_P / total_J[particles.jet_P]
    return _correlators(share_P, particles.eta_P, particles.phi_P, particles.num_J)


@compiled
def _correlators(
    share_P: Array, eta_P: Array, phi_P: Array, num_J: Indices
) -> tuple[Array, Array]:
    e_2J, e_3J = np.zeros(len(num_J)), np.zeros(len(num_J))
    begin = 0
    for jet in range(len(num_J)):
        num = num_J[jet]
        distance_NN = np.empty((num, num))
        for i in range(num):
            for j in range(i):
                d_eta = eta_P[begin + i] - eta_P[begin + j]
                d_phi = phi_P[begin + i] - phi_P[begin + j]
                distance_NN[i, j] = math.sqrt(d_eta * d_eta + d_phi * d_phi)
                pair = share_P[begin + i] * share_P[begin + j] * distance_NN[i, j]
                third = 0.0
                for k in range(j):
                    third += share_P[begin + k] * distance_NN[i, k] * distance_NN[j, k]
                e_2J[jet] += pair
                e_3J[jet] += pair * third
        begin += num
    return e_2J, e_3J
