"""Four-momenta from the ways in which files give them."""

import numpy as np

from tagline.data.jets import Columns

CARTESIAN = ("px", "py", "pz", "energy")
POLAR = ("pt", "eta", "phi")
SCALES = ("mass", "energy")


def cartesian(given: Columns) -> Columns:
    """Return px, py, pz and energy (P,).

    Args:
        given: those, or pt, eta and phi with an energy, a mass, or none of them for mass 0.
    """
    if set(CARTESIAN) <= given.keys():
        return {name: given[name] for name in CARTESIAN}
    pt, eta, phi = (given[name] for name in POLAR)
    momenta = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta)}
    if "energy" in given:
        return momenta | {"energy": given["energy"]}
    mass = given.get("mass", np.zeros_like(pt))
    return momenta | {"energy": np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)}
