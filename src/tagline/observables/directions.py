"""Rapidities and azimuths of momenta, and the distances R^2 = dy^2 + dphi^2 between them."""

import math

from tagline.machine.compiled import inlined
from tagline.observables.frames import Array

LARGEST_RAPIDITY = 1e5  # what FastJet adds |pz| to, of a momentum along the beam


@inlined
def direction_of(momenta_T4: Array, node: int) -> tuple[float, float, float]:
    """Return pT^2, rapidity, with FastJet's guard against negative masses, and phi of a node."""
    px, py = momenta_T4[node, 0], momenta_T4[node, 1]
    pz, energy = momenta_T4[node, 2], momenta_T4[node, 3]
    pt2 = px * px + py * py
    if pt2 == 0 and energy <= abs(pz):
        return pt2, math.copysign(LARGEST_RAPIDITY + abs(pz), pz), 0.0
    mass2 = max(0.0, (energy + pz) * (energy - pz) - pt2)
    size = 0.5 * math.log((pt2 + mass2) / (energy + abs(pz)) ** 2)
    return pt2, -size if pz > 0 else size, math.atan2(py, px)


@inlined
def distances2(
    rapidity_N: Array, phi_N: Array, num: int, rapidity: float, phi: float, row_N: Array
) -> None:
    """Write R^2 of the first so many directions to one."""
    for k in range(num):
        d_phi = abs(phi_N[k] - phi)
        d_phi = min(d_phi, 2 * math.pi - d_phi)
        row_N[k] = (rapidity_N[k] - rapidity) ** 2 + d_phi * d_phi
