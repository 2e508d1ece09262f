"""Masses and charges of the particles that live long enough to be seen, by their PDG ids.

Masses in GeV from the Review of Particle Physics, Workman (2022), https://pdg.lbl.gov.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.integer]

SPECIES = {
    11: (0.00051099895, -1),
    12: (0.0, 0),
    13: (0.1056583755, -1),
    14: (0.0, 0),
    16: (0.0, 0),
    22: (0.0, 0),
    130: (0.497611, 0),
    211: (0.13957039, 1),
    310: (0.497611, 0),
    321: (0.493677, 1),
    2112: (0.93956542052, 0),
    2212: (0.93827208816, 1),
    3112: (1.197449, -1),
    3122: (1.115683, 0),
    3222: (1.18937, 1),
    3312: (1.32171, -1),
    3322: (1.31486, 0),
    3334: (1.67245, -1),
}
"""Mass [GeV] and charge [e] of particles; antiparticles have negative ids and the other charge."""

_IDS = np.array(list(SPECIES))  # in rising order
_MASSES, _CHARGES = np.array(list(SPECIES.values())).T


def are_known(pdgid: Ids) -> npt.NDArray[np.bool_]:
    """Return (P,), true where a particle is one of SPECIES or its antiparticle."""
    return np.isin(np.abs(pdgid), _IDS)


def masses(pdgid: Ids) -> npt.NDArray[np.float64]:
    """Return masses (P,) in GeV, 0 for particles that are not known."""
    return np.where(are_known(pdgid), _MASSES[_places(pdgid)], 0)


def charges(pdgid: Ids) -> npt.NDArray[np.int8]:
    """Return charges (P,) in units of e, 0 for particles that are not known."""
    charge = np.where(are_known(pdgid), _CHARGES[_places(pdgid)], 0)
    return (charge * np.sign(pdgid)).astype(np.int8)


def codes(
    kinds: Mapping[int, npt.NDArray[np.bool_]], *, charge: npt.NDArray[Any]
) -> npt.NDArray[np.int32]:
    """Return PDG ids (P,) of particles of so many kinds, 0 for those of none.

    Args:
        kinds: which particles (P,) are of a kind, by its id where charge is positive or zero.
        charge: of the particles (P,), whose sign is that of the ids.
    """
    code = np.zeros(len(charge), np.int32)
    for kind, is_kind in kinds.items():
        np.copyto(code, kind, where=is_kind)
    return np.negative(code, out=code, where=charge < 0)


def _places(pdgid: Ids) -> npt.NDArray[np.intp]:
    return np.minimum(np.searchsorted(_IDS, np.abs(pdgid)), len(_IDS) - 1)
