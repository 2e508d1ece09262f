"""Noise like that of pile-up: soft neutral particles spread evenly around the jet's axis.

Pile-up adds about the same transverse momentum rho to any unit of area in rapidity and azimuth,
Cacciari and Salam, "Pileup subtraction using jet areas", 2007, https://arxiv.org/abs/0707.1378.
Tracks of other vertices are recognised, so the noise that is left is neutral.
"""

from dataclasses import replace

import numpy as np

from tagline.data.jets import Columns, Jets
from tagline.datasets import momentum_sums
from tagline.settings.task import Noise

PHOTON = 22


def with_noise(jets: Jets, noise: Noise) -> Jets:
    """Return the jets with noise among their constituents, hardest first, and in their momenta."""
    random = np.random.default_rng(noise.seed)
    mean_number = noise.density * np.pi * noise.radius**2 / noise.mean_pt
    number_J = random.poisson(mean_number, len(jets))
    added = _particles(jets.jets, number_J, noise, random)
    constituents = {
        name: np.concatenate([column_P, added.get(name, np.zeros(number_J.sum()))]).astype(
            column_P.dtype
        )
        for name, column_P in jets.constituents.items()
    }
    count_J = jets.jets["num_constituents"]
    jet_P = np.concatenate([np.repeat(np.arange(len(jets)), each) for each in (count_J, number_J)])
    order_P = np.lexsort([-np.hypot(constituents["px"], constituents["py"]), jet_P])
    constituents = {name: column_P[order_P] for name, column_P in constituents.items()}
    total_J = count_J + number_J
    momenta = _momenta(total_J, constituents) | {"num_constituents": total_J}
    changed = {name: momenta[name].astype(jets.jets[name].dtype) for name in momenta}
    return replace(jets, jets=jets.jets | changed, constituents=constituents)


def _particles(
    jets: Columns, number_J: np.ndarray, noise: Noise, random: np.random.Generator
) -> Columns:
    """Return massless particles, exponential in pT, uniform in a disc around each jet's axis."""
    number = int(number_J.sum())
    pt_P = random.exponential(noise.mean_pt, number)
    distance_P = noise.radius * np.sqrt(random.uniform(size=number))
    angle_P = random.uniform(0, 2 * np.pi, number)
    eta_P = np.repeat(jets["eta"], number_J) + distance_P * np.cos(angle_P)
    phi_P = np.repeat(jets["phi"], number_J) + distance_P * np.sin(angle_P)
    return {
        "px": pt_P * np.cos(phi_P),
        "py": pt_P * np.sin(phi_P),
        "pz": pt_P * np.sinh(eta_P),
        "energy": pt_P * np.cosh(eta_P),
        "pdgid": np.full(number, PHOTON),
    }


def _momenta(number_J: np.ndarray, constituents: Columns) -> Columns:
    """Return pT, eta, phi and mass (J,) of the sums of all constituents."""
    energy_J, px_J, py_J, pz_J = momentum_sums(number_J, constituents).values()
    pt_J = np.hypot(px_J, py_J)
    square_J = energy_J**2 - pt_J**2 - pz_J**2
    return {
        "pt": pt_J,
        "eta": np.arcsinh(np.divide(pz_J, pt_J, out=np.zeros_like(pt_J), where=pt_J > 0)),
        "phi": np.arctan2(py_J, px_J),
        "mass": np.sqrt(np.maximum(square_J, 0)),
    }
