"""Synthetic jets as a split has them, in memory and on disk."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tagline.data.columns import TRUTH
from tagline.data.jets import Jets, write_jets
from tests.toys import toy_jets

SIZES = {"train": 90, "validation": 40, "test": 50}


def toy_split_jets(num_jets: int, *, seed: int) -> Jets:
    """Return toy jets with event ids, and label 1 for tops."""
    jets = toy_jets(num_jets, seed=seed)
    added = {
        "event_id": jets.jets["event"] + np.uint64(1000 * seed),
        "label": (jets.jets["truth"] == TRUTH["t_bqq"]).astype(np.int64),
    }
    return replace(jets, jets=jets.jets | added)


def momenta_alone(num_jets, *, seed):
    """Return jets without constituents; tops are harder and more central than QCD jets."""
    random = np.random.default_rng(seed)
    label = random.integers(2, size=num_jets)
    return Jets(
        jets={
            "pt": 500 + random.exponential(np.where(label, 200, 120)),
            "eta": random.normal(0, np.where(label, 0.7, 1)),
            "mass": random.normal(np.where(label, 173, 100), 20),
            "label": label,
            "weight": np.ones(num_jets, np.float32),
            "num_constituents": np.zeros(num_jets, np.int32),
        },
        constituents={},
    )


def write_toy_split(folder: Path, **replaced: Jets) -> Path:
    """Write three small splits, some of them replaced by given jets."""
    for seed, (name, num_jets) in enumerate(SIZES.items()):
        jets = replaced.get(name) or toy_split_jets(num_jets, seed=seed)
        write_jets(jets, folder / name, provenance={})
    return folder


def write_skim(folder: Path, *parts: Jets, **details: str) -> Path:
    """Write jets as a skim has them, in so many parts, with what is known of their files."""
    for number, jets in enumerate(parts):
        write_jets(jets, folder / f"{number:04d}", provenance=details)
    return folder


def permuted(jets: Jets, *, seed: int) -> Jets:
    """Return the same jets with their constituents in another order."""
    jet_P = np.repeat(np.arange(len(jets)), jets.jets["num_constituents"])
    order = np.lexsort([np.random.default_rng(seed).uniform(size=len(jet_P)), jet_P])
    return replace(
        jets, constituents={name: column[order] for name, column in jets.constituents.items()}
    )


def moved(jets: Jets, *, d_phi: float, d_eta: float) -> Jets:
    """Return the jets rotated about the beam and boosted along it, as massless particles."""
    px, py, pz = (jets.constituents[name].astype(np.float64) for name in ("px", "py", "pz"))
    pt = np.hypot(px, py)
    eta, phi = np.arcsinh(pz / pt) + d_eta, np.arctan2(py, px) + d_phi
    momenta = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
        "energy": pt * np.cosh(eta),
    }
    columns = {
        "eta": jets.jets["eta"] + d_eta,
        "phi": np.angle(np.exp(1j * (jets.jets["phi"] + d_phi))),
    }
    return Jets(jets=jets.jets | columns, constituents=jets.constituents | momenta)


def emptied(jets: Jets) -> Jets:
    """Return jets of which the first and the last have lost all their constituents."""
    num_J = jets.jets["num_constituents"].copy()
    num_J[[0, -1]] = 0
    begin, end = jets.offsets[1], jets.offsets[-2]
    return Jets(
        jets=jets.jets | {"num_constituents": num_J},
        constituents={name: column[begin:end] for name, column in jets.constituents.items()},
    )
