"""Constituents of jets in the frames of the papers: centred, rotated, reflected.

Angles are pseudorapidity and azimuth. A frame is made by functions from `Particles` to
`Particles`, vectorised over jets.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tagline.data.jets import Jets
from tagline.machine.compiled import compiled

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Particles:
    """Packed constituents of jets, in falling pT within each jet.

    Args:
        num_J: number of constituents of each jet.
        jet_P: row of the jet of each constituent.
        row_P: row of each constituent in the table it came from.
        pt_P: transverse momentum [GeV].
        eta_P: pseudorapidity, or its like in a turned frame.
        phi_P: azimuth [rad], or its like in a turned frame.
    """

    num_J: Indices
    jet_P: Indices
    row_P: Indices
    pt_P: Array
    eta_P: Array
    phi_P: Array

    def sum(self, values_P: Array) -> Array:
        """Add up values over the constituents of each jet: (J,)."""
        sums_J = np.bincount(self.jet_P, values_P, minlength=len(self.num_J))
        return np.asarray(sums_J, dtype=np.float64)

    def mean(self, values_P: Array) -> Array:
        """Average values over the constituents of each jet by pT; 0 where there are none: (J,)."""
        total_J = self.sum(self.pt_P)
        return self.sum(self.pt_P * values_P) / np.where(total_J > 0, total_J, 1)

    def nth(self, position: int) -> tuple[Array, Array, Array]:
        """Return pT, eta and phi of the constituent at this position of each jet; 0 if none."""
        has_J = self.num_J > position
        rows = (np.cumsum(self.num_J) - self.num_J + position)[has_J]
        found = np.zeros((3, len(self.num_J)))
        found[:, has_J] = self.pt_P[rows], self.eta_P[rows], self.phi_P[rows]
        return found[0], found[1], found[2]


def leading(jets: Jets, max_constituents: int) -> Particles:
    """Take the constituents of highest pT, with their angles in the detector."""
    num_J = jets.jets["num_constituents"].astype(np.int64)
    jet_P = np.repeat(np.arange(len(num_J)), num_J)
    px_P, py_P, pz_P = (jets.constituents[name].astype(np.float64) for name in ("px", "py", "pz"))
    pt_P = np.sqrt(px_P**2 + py_P**2)
    rank_P = np.arange(len(jet_P)) - (np.cumsum(num_J) - num_J)[jet_P]
    kept_P = rank_P < max_constituents
    rows, jet_P = _falling(pt_P, num_J)[kept_P], jet_P[kept_P]
    return Particles(
        num_J=np.minimum(num_J, max_constituents),
        jet_P=jet_P,
        row_P=rows,
        pt_P=pt_P[rows],
        eta_P=np.arcsinh(pz_P[rows] / pt_P[rows]),
        phi_P=np.arctan2(py_P[rows], px_P[rows]),
    )


@compiled
def _falling(values_P: Array, num_J: Indices) -> Indices:
    """Return the rows that sort the values of each jet from high to low.

    An insertion sort: most inputs are sorted already, and then it only looks.
    """
    rows = np.arange(len(values_P))
    begin = 0
    for num in num_J:
        for row in range(begin + 1, begin + num):
            place = row
            while place > begin and values_P[rows[place - 1]] < values_P[row]:
                rows[place] = rows[place - 1]
                place -= 1
            rows[place] = row
        begin += num
    return rows


def moved(particles: Particles, eta_J: Array, phi_J: Array) -> Particles:
    """Put the origin at a point of each jet; azimuths lie in [-pi, pi)."""
    phi_P = particles.phi_P - phi_J[particles.jet_P]
    return replace(
        particles,
        eta_P=particles.eta_P - eta_J[particles.jet_P],
        phi_P=phi_P - 2 * np.pi * np.floor((phi_P + np.pi) / (2 * np.pi)),
    )


def around_jet_axis(particles: Particles, jets: Jets) -> Particles:
    """Put the jet axis at the origin."""
    return moved(
        particles, jets.jets["eta"].astype(np.float64), jets.jets["phi"].astype(np.float64)
    )


def centred(particles: Particles) -> Particles:
    """Put the pT-weighted centroid at the origin; the jet axis must be there already."""
    return moved(particles, particles.mean(particles.eta_P), particles.mean(particles.phi_P))


def upright(particles: Particles) -> Particles:
    """Rotate the principal axis of pT to the vertical (phi), the half with more pT up.

    The principal axis is the eigenvector of M = sum pT (eta, phi)(eta, phi)^T with the larger
    eigenvalue, at the angle atan2(2 M11, M20 - M02) / 2 to the horizontal, as in 1803.00107 and in
    EnergyFlow's `rotate_ptyphims`.
    """
    eta_P, phi_P = particles.eta_P, particles.phi_P
    m11_J = particles.mean(eta_P * phi_P)
    m20_J, m02_J = particles.mean(eta_P**2), particles.mean(phi_P**2)
    angle_J = np.arctan2(2 * m11_J, m20_J - m02_J) / 2
    sin_P, cos_P = np.sin(angle_J)[particles.jet_P], np.cos(angle_J)[particles.jet_P]
    across_P, along_P = eta_P * sin_P - phi_P * cos_P, eta_P * cos_P + phi_P * sin_P
    sign_P = _heavier_side(particles, along_P)[particles.jet_P]
    return replace(particles, eta_P=sign_P * across_P, phi_P=sign_P * along_P)


def reflected(particles: Particles) -> Particles:
    """Mirror so that the right and the upper half have more pT than the left and the lower.

    1902.09914 puts "the maximum intensity" into a fixed quadrant; the code of its authors and
    EnergyFlow's `reflect_ptyphims` compare the sums of pT of the halves, and so does this.
    """
    return replace(
        particles,
        eta_P=particles.eta_P * _heavier_side(particles, particles.eta_P)[particles.jet_P],
        phi_P=particles.phi_P * _heavier_side(particles, particles.phi_P)[particles.jet_P],
    )


def _heavier_side(particles: Particles, coordinate_P: Array) -> Array:
    return np.where(particles.sum(particles.pt_P * np.sign(coordinate_P)) < 0, -1.0, 1.0)


def around_leading(particles: Particles) -> Particles:
    """Put the constituent of highest pT at the origin (1704.02124)."""
    _, eta_J, phi_J = particles.nth(0)
    return moved(particles, eta_J, phi_J)


def second_down(particles: Particles) -> Particles:
    """Rotate about the leading constituent until the second points to negative phi (1704.02124).

    With the leading one at the origin, that is along x, this is a rotation of momenta about x;
    unlike a rotation of (eta, phi) it keeps invariant masses, and it changes pT.
    """
    pt_J, eta_J, phi_J = particles.nth(1)
    angle_J = np.arctan2(pt_J * np.sin(phi_J), pt_J * np.sinh(eta_J)) + np.pi / 2
    sin_P, cos_P = np.sin(angle_J)[particles.jet_P], np.cos(angle_J)[particles.jet_P]
    px_P = particles.pt_P * np.cos(particles.phi_P)
    py_P = particles.pt_P * np.sin(particles.phi_P)
    pz_P = particles.pt_P * np.sinh(particles.eta_P)
    py_P, pz_P = py_P * cos_P - pz_P * sin_P, pz_P * cos_P + py_P * sin_P
    pt_P = np.sqrt(px_P**2 + py_P**2)
    return replace(
        particles, pt_P=pt_P, eta_P=np.arcsinh(pz_P / pt_P), phi_P=np.arctan2(py_P, px_P)
    )


def mean_right(particles: Particles) -> Particles:
    """Mirror eta so that its pT-weighted mean is not negative (1704.02124)."""
    sign_J = np.where(particles.mean(particles.eta_P) < 0, -1.0, 1.0)
    return replace(particles, eta_P=particles.eta_P * sign_J[particles.jet_P])
