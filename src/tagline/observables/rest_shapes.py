"""Shapes of jets in the frame where they are at rest: aplanarity and a Fox-Wolfram moment.

New approach to identifying boosted hadronically-decaying particle using jet substructure in its
center-of-mass frame, Chen (2011), arXiv:1112.2567; moments: Fox and Wolfram (1978),
https://doi.org/10.1103/PhysRevLett.41.1581. As in the code of ATLAS (JetSubStructureUtils), a pair
of a particle with itself does not count. Jets without a mass have no such frame, and 0.
"""

import numpy as np

from tagline.observables.frames import Array
from tagline.observables.jet_momenta import Momenta
from tagline.observables.ratios import ratio


def aplanarity(particles: Momenta) -> Array:
    """Return 3/2 of the smallest eigenvalue of S_ab = sum p_a p_b / sum p^2: (J,).

    It is 0 where all momenta lie in a plane, and 1/2 where none is preferred.
    """
    p_P3 = particles.at_rest()
    tensor_J33 = particles.sum(p_P3[:, :, None] * p_P3[:, None, :])
    smallest_J: Array = np.linalg.eigvalsh(tensor_J33)[:, 0].astype(np.float64)
    total_J = np.where(particles.mass_J > 0, np.trace(tensor_J33, axis1=1, axis2=2), 0)
    return np.maximum(1.5 * ratio(smallest_J, total_J), 0)


def fox_wolfram_20(particles: Momenta) -> Array:
    """Return H_2 / H_0 with H_l = sum over pairs of |p_i| |p_j| P_l(cos angle_ij): (J,).

    P_2(x) = (3 x^2 - 1) / 2, so that with T_ab = sum p_a p_b / |p| the sum over all i and j is
    3/2 sum_ab T_ab^2 - 1/2 (sum |p|)^2; sum p^2 of it is that of each particle with itself.
    """
    p_P3 = particles.at_rest()
    size_P = np.sqrt(np.sum(p_P3**2, axis=1))
    weighted_P3 = p_P3 / np.where(size_P > 0, size_P, 1)[:, None]
    tensor_J33 = particles.sum(weighted_P3[:, :, None] * p_P3[:, None, :])
    square_J = particles.sum(size_P) ** 2
    itself_J = particles.sum(size_P**2)
    second_J = 1.5 * np.sum(tensor_J33**2, axis=(1, 2)) - 0.5 * square_J - itself_J
    has_pairs_J = (particles.mass_J > 0) & (particles.num_J > 1)
    return ratio(second_J, np.where(has_pairs_J, square_J - itself_J, 0))
