"""Toy jets in files of exactly the published forms, written by other programs than the readers."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from tagline.data.columns import TRUTH
from tagline.data.jets import Jets

TOP_TAGGING_SLOTS = 200
TOP_TAGGING_MOMENTA = ("energy", "px", "py", "pz")
SPLITS = {"train": 0, "test": 1, "val": 2}


def padded(jets: Jets, columns: tuple[str, ...], slots: int) -> npt.NDArray[np.float64]:
    """Return columns (J, slots, columns) of the constituents, zero where there are none."""
    counts = jets.jets["num_constituents"]
    filled = np.arange(slots) < counts[:, None]
    values = np.zeros((*filled.shape, len(columns)))
    values[filled] = np.stack([jets.constituents[name] for name in columns], axis=-1)
    return values


def top_tagging_frame(jets: Jets, *, split: str) -> pd.DataFrame:
    """Return jets as the frame of the top-tagging reference: float32, and two integers."""
    momenta = padded(jets, TOP_TAGGING_MOMENTA, TOP_TAGGING_SLOTS)
    names = [
        f"{name}_{place}" for place in range(TOP_TAGGING_SLOTS) for name in ("E", "PX", "PY", "PZ")
    ]
    top = (jets.jets["truth"] == TRUTH["t_bqq"]).astype(np.int64)
    frame = pd.DataFrame(momenta.reshape(len(jets), -1).astype(np.float32), columns=names)
    tops = pd.DataFrame(
        np.outer(top, [700, 500, 300, 100]).astype(np.float32),
        columns=["truthE", "truthPX", "truthPY", "truthPZ"],
    )
    flags = pd.DataFrame({"ttv": SPLITS[split], "is_signal_new": top})
    together = pd.concat([frame, tops, flags], axis=1)
    together.index = 375 + 2 * np.arange(len(jets))  # that of a larger frame, as in the reference
    return together


def write_top_tagging(
    path: Path, jets: Jets, *, split: str = "train", compression: str = "blosc"
) -> None:
    """Write jets as the top-tagging reference: a table of pandas, packed by blosc."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = top_tagging_frame(jets, split=split)
    frame.to_hdf(path, key="table", format="table", mode="w", complib=compression, complevel=5)


def energyflow_arrays(jets: Jets) -> dict[str, npt.NDArray[np.generic]]:
    """Return jets as the arrays of EnergyFlow's archives; tops stand for quarks.

    The masses of particles are lost, since it is pT, rapidity, azimuth and id that are kept.
    """
    particles = {name: jets.constituents[name].astype(np.float64) for name in TOP_TAGGING_MOMENTA}
    columns = {
        "pt": np.hypot(particles["px"], particles["py"]),
        "rapidity": np.arctanh(particles["pz"] / particles["energy"]),
        "phi": np.arctan2(particles["py"], particles["px"]),
        "pdgid": jets.constituents["pdgid"],
    }
    slots = int(jets.jets["num_constituents"].max(initial=1))
    jets = Jets(jets.jets, columns)
    return {
        "X": padded(jets, tuple(columns), slots),
        "y": (jets.jets["truth"] == TRUTH["t_bqq"]).astype(np.float64),
    }


def write_energyflow(path: Path, jets: Jets) -> None:
    """Write jets as one of EnergyFlow's archives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **energyflow_arrays(jets))
