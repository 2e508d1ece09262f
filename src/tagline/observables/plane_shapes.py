"""Shapes of jets across their axis: angularity and planar flow.

Substructure of high-pT jets at the LHC, Almeida et al. (2008), arXiv:0807.0234, where both are
defined; the axis is that of the sum of a jet's particles. As in the code of ATLAS
(JetSubStructureUtils), the angles of the angularity are not scaled by the jet radius.
"""

import numpy as np

from tagline.observables.frames import Array
from tagline.observables.jet_momenta import Momenta
from tagline.observables.ratios import ratio

EXPONENT = -2.0  # a of the angularity, as ATLAS has it


def angularity(particles: Momenta) -> Array:
    """Return sum_i E_i sin(t_i)^a (1 - cos(t_i))^(1 - a) / m of each jet (J,); 0 without a mass.

    t_i is the angle of a particle to the axis. With s and c, sine and cosine of its half, a term
    is 2 E s^(2 - a) c^a, which loses no digits where the angle is small.
    """
    chord_P3 = _unit(particles.p_P3) - _unit(particles.jet_J3)[particles.jet_P]
    sin2_P = np.sum(chord_P3**2, axis=1) / 4
    term_P = 2 * sin2_P ** (1 - EXPONENT / 2) * (1 - sin2_P) ** (EXPONENT / 2)
    return ratio(particles.sum(particles.energy_P * term_P), particles.mass_J)


def planar_flow(particles: Momenta) -> Array:
    """Return 4 det(I) / tr(I)^2 of each jet (J,), with I_kl = sum_i p_ik p_il / E_i.

    k and l are two directions across the axis. It is 0 if all particles lie in one plane with the
    axis, as two do, and 1 if no direction across it is different.
    """
    axis_P3 = _unit(particles.jet_J3)[particles.jet_P]
    along_P = np.sum(particles.p_P3 * axis_P3, axis=1)
    across_P3 = particles.p_P3 - along_P[:, None] * axis_P3
    scaled_P3 = across_P3 / np.sqrt(particles.energy_P)[:, None]
    tensor_J33 = particles.sum(scaled_P3[:, :, None] * scaled_P3[:, None, :])
    trace_J = np.trace(tensor_J33, axis1=1, axis2=2)
    # I has no part along the axis: of its three eigenvalues, one is zero
    product_J = (trace_J**2 - np.sum(tensor_J33**2, axis=(1, 2))) / 2
    has_mass_J = particles.mass_J > 0
    return np.clip(ratio(4 * product_J, np.where(has_mass_J, trace_J**2, 0)), 0, 1)


def _unit(p_P3: Array) -> Array:
    size_P = np.sqrt(np.sum(p_P3**2, axis=1))
    return p_P3 / np.where(size_P > 0, size_P, 1)[:, None]
