"""The particles of a batch of events as flat columns."""

from dataclasses import dataclass, fields, replace
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

NEUTRINOS = (12, 14, 16)


@dataclass(frozen=True)
class Particles:
    """Columns over particles, each (P,); `event` is the position of their event in the batch."""

    event: Integers
    px: Floats
    py: Floats
    pz: Floats
    energy: Floats
    charge: npt.NDArray[np.int8]
    pdgid: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.event)

    @property
    def pt(self) -> Floats:
        """Transverse momentum in GeV."""
        return np.hypot(self.px, self.py)

    @property
    def eta(self) -> Floats:
        """Pseudorapidity."""
        return np.arcsinh(self.pz / self.pt)

    @property
    def phi(self) -> Floats:
        """Azimuth in radians."""
        return np.arctan2(self.py, self.px)

    def take(self, rows: Integers | Booleans) -> "Particles":
        """Return the particles of these rows, or where a mask is true."""
        return Particles(*(getattr(self, field.name)[rows] for field in fields(self)))

    def scaled(self, factor: Floats) -> "Particles":
        """Return the particles with their four-momenta multiplied."""
        return replace(
            self,
            px=factor * self.px,
            py=factor * self.py,
            pz=factor * self.pz,
            energy=factor * self.energy,
        )


def massless(
    event: Integers,
    *,
    pt: Floats,
    eta: Floats,
    phi: Floats,
    charge: npt.NDArray[np.int8],
    pdgid: npt.NDArray[np.int32],
) -> Particles:
    """Return massless particles of given direction and transverse momentum."""
    return Particles(
        event,
        px=pt * np.cos(phi),
        py=pt * np.sin(phi),
        pz=pt * np.sinh(eta),
        energy=pt * np.cosh(eta),
        charge=charge,
        pdgid=pdgid,
    )


def concatenate(parts: list[Particles]) -> Particles:
    """Return all particles, in the order given."""
    return Particles(
        *(
            np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Particles)
        )
    )


def in_order_of_events(parts: list[Particles]) -> Particles:
    """Return all particles, those of the first event first."""
    joined = concatenate(parts)
    return joined.take(np.argsort(joined.event, kind="stable"))


def by_group(particles: Particles, counts: Integers) -> Any:  # noqa: ANN401 (an awkward array)
    """Return momenta as FastJet reads them, so many of them in each event or jet."""
    columns = {
        "px": particles.px,
        "py": particles.py,
        "pz": particles.pz,
        "E": particles.energy,
    }
    return ak.unflatten(ak.zip(columns, with_name="Momentum4D"), counts)


def visible(particles: Particles) -> Booleans:
    """Say which particles are not neutrinos."""
    return ~np.isin(np.abs(particles.pdgid), NEUTRINOS)


def wrapped(angle: Floats) -> Floats:
    """Return angles in [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi
