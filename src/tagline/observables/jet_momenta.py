"""The momenta of jets' particles as vectors, in the detector's frame and where the jet rests."""

from dataclasses import dataclass

import numpy as np

from tagline.data.jets import Jets
from tagline.observables.frames import Array, Indices
from tagline.observables.history import momenta_of

ROUNDING = 2.0**-21  # of m^2 in terms of E^2, four times that of one float32


@dataclass(frozen=True)
class Momenta:
    """Packed particles of jets, and the jets, which are their sums.

    Args:
        num_J: number of particles of each jet.
        jet_P: row of the jet of each particle.
        p_P3: momentum of each particle [GeV].
        energy_P: its energy [GeV].
        jet_J3: momentum of each jet [GeV].
        jet_energy_J: its energy [GeV].
        mass_J: its mass [GeV], 0 where it is no more than rounding.
    """

    num_J: Indices
    jet_P: Indices
    p_P3: Array
    energy_P: Array
    jet_J3: Array
    jet_energy_J: Array
    mass_J: Array

    def sum(self, values_P: Array) -> Array:
        """Add up values (P, ...) over the particles of each jet: (J, ...)."""
        rows = values_P.reshape(len(values_P), -1)
        num_jets = len(self.num_J)
        sums_J = [np.bincount(self.jet_P, column_P, minlength=num_jets) for column_P in rows.T]
        return np.stack(sums_J, axis=-1).reshape(num_jets, *values_P.shape[1:]).astype(np.float64)

    def at_rest(self) -> Array:
        """Return the momenta (P, 3) where the jet is at rest; of a jet without mass, as they are.

        With the jet's energy E, momentum k and mass m: p' = p + k ((k p) / (m (E + m)) - E_p / m).
        """
        has_mass_J = self.mass_J > 0
        mass_P = np.where(has_mass_J, self.mass_J, 1)[self.jet_P]
        jet_P3, energy_P = self.jet_J3[self.jet_P], self.jet_energy_J[self.jet_P]
        product_P = np.sum(jet_P3 * self.p_P3, axis=1)
        factor_P = product_P / (mass_P * (energy_P + mass_P)) - self.energy_P / mass_P
        moved_P3: Array = np.where(has_mass_J[self.jet_P], factor_P, 0)[:, None] * jet_P3
        return self.p_P3 + moved_P3


def momenta(jets: Jets) -> Momenta:
    """Return the momenta of all constituents, and their sums."""
    num_J = jets.jets["num_constituents"].astype(np.int64)
    jet_P = np.repeat(np.arange(len(num_J)), num_J)
    p_P4 = momenta_of(jets)
    sum_J4 = np.zeros((len(num_J), 4))
    for column, p_P in enumerate(p_P4.T):
        sum_J4[:, column] = np.bincount(jet_P, p_P, minlength=len(num_J))
    mass2_J = sum_J4[:, 3] ** 2 - np.sum(sum_J4[:, :3] ** 2, axis=1)
    has_mass_J = mass2_J > ROUNDING * sum_J4[:, 3] ** 2
    return Momenta(
        num_J=num_J,
        jet_P=jet_P,
        p_P3=p_P4[:, :3],
        energy_P=p_P4[:, 3],
        jet_J3=sum_J4[:, :3],
        jet_energy_J=sum_J4[:, 3],
        mass_J=np.sqrt(np.where(has_mass_J, mass2_J, 0)),
    )
