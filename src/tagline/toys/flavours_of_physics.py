"""A toy of LHCb's tau -> 3 mu challenge: files like its own, of a simulation that errs.

Flavours of Physics, Kaggle (2015), https://www.kaggle.com/c/flavours-of-physics. The files and
their columns are those of the challenge, as its starter kit reads them
(https://github.com/yandexdataschool/flavours-of-physics-start), with ten of its features; numbers
are [chosen], and none is to be taken for a measurement.

- `training.csv`: simulated tau -> 3 mu (`signal` 1) and background of data from both sides of the
  tau's mass (0), with `mass` and `min_ANNmuon`.
- `check_agreement.csv`: the control channel Ds -> phi pi, simulated (1) and in data (0). Data have
  background, which as many events of the same kind subtract with a weight of -1.
- `check_correlation.csv`: background of data at all masses.
- `signal_in_data.csv`, which only a toy has: tau -> 3 mu as data would have them.

Every feature is normal, but pt, which is its exponential. Signal differs from background in seven
of them and the control channel half as much. The simulation shifts and widens four strongly, and
shifts LifeTime mildly. FlightDistanceError of background rises with the mass, which peaks for the
two decays and is uniform for background.
"""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

Array = npt.NDArray[np.float64]

NUM_EVENTS = 20_000  # of each sample
FEATURES = (
    "LifeTime",
    "FlightDistance",
    "pt",
    "dira",
    "IP",
    "IPSig",
    "VertexChi2",
    "DOCAone",
    "DOCAtwo",
    "FlightDistanceError",
)
SIGNAL_SHIFT_F = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0, 0, 0.5, 0])
SIMULATION_SHIFT_F = np.array([0.2, 0, 0, 0, 1.1, 1.1, 1.1, 1.1, 0, 0])
SIMULATION_WIDTH_F = np.array([1, 1, 1, 1, 1.2, 1.2, 1.2, 1.2, 1, 1])
SHARE_OF_SIGNAL = {"background": 0.0, "control": 0.5, "signal": 1.0}
MASSES = (1600.0, 2000.0)  # MeV
MASS_PEAK = {"control": 1968.0, "signal": 1777.0}  # MeV, of the Ds and the tau
RESOLUTION = 10.0  # MeV
BLINDED = 30.0  # MeV from the tau's mass, where no background is for training
MASS_SLOPE = 1.0  # of the last feature of background, from the least mass to the largest
PT = 2000.0  # MeV, of the typical decay
IMPURITY = 0.2  # background in the control channel's data, for each decay


@dataclass(frozen=True)
class Decays:
    """Features (J, F), pt still its logarithm, and mass (J,) [MeV] of one channel."""

    features_JF: Array
    mass_J: Array

    def __len__(self) -> int:
        return len(self.mass_J)

    def columns(self) -> dict[str, Array]:
        """Return the features as a file has them."""
        columns = dict(zip(FEATURES, self.features_JF.T, strict=True))
        return columns | {"pt": PT * np.exp(columns["pt"] / 2)}


def sample(channel: str, num_events: int, *, simulated: bool, seed: int) -> Decays:
    """Draw decays of a channel, a background all over the mass."""
    random = np.random.default_rng(seed)
    features_JF = random.normal(size=(num_events, len(FEATURES)))
    if channel == "background":
        mass_J = random.uniform(*MASSES, num_events)
        features_JF[:, -1] += MASS_SLOPE * (mass_J - np.mean(MASSES)) / np.ptp(MASSES)
    else:
        mass_J = random.normal(MASS_PEAK[channel], RESOLUTION, num_events)
    if simulated:
        features_JF = features_JF * SIMULATION_WIDTH_F + SIMULATION_SHIFT_F
    return Decays(features_JF + SHARE_OF_SIGNAL[channel] * SIGNAL_SHIFT_F, mass_J)


def training(path: Path) -> None:
    """Write simulated signal, and background beside it."""
    background, signal = _sample("background", path), _sample("signal", path, simulated=True)
    is_beside_J = np.abs(background.mass_J - MASS_PEAK["signal"]) > BLINDED
    background = Decays(background.features_JF[is_beside_J], background.mass_J[is_beside_J])
    parts = [_labelled(background, signal=0), _labelled(signal, signal=1)]
    columns = _joined(parts)
    random = np.random.default_rng(_seed(path, "muon"))
    _write(path, {**columns, "min_ANNmuon": random.uniform(size=len(columns["mass"]))})


def check_agreement(path: Path) -> None:
    """Write the control channel, with background in its data and what subtracts that."""
    parts = [
        _labelled(_sample("control", path, simulated=True), signal=1, weight=1),
        _labelled(_sample("control", path), signal=0, weight=1),
        _labelled(_impurity(path, "under"), signal=0, weight=1),
        _labelled(_impurity(path, "subtracted"), signal=0, weight=-1),
    ]
    _write(path, _joined(parts))


def check_correlation(path: Path) -> None:
    """Write background at all masses."""
    _write(path, _labelled(_sample("background", path)))


def signal_in_data(path: Path) -> None:
    """Write signal as no simulation has it."""
    _write(path, _labelled(_sample("signal", path), signal=1))


FILES = {
    f"{maker.__name__}.csv": maker
    for maker in (training, check_agreement, check_correlation, signal_in_data)
}


def _sample(channel: str, path: Path, *, simulated: bool = False) -> Decays:
    seed = _seed(path, channel, str(simulated))
    return sample(channel, NUM_EVENTS, simulated=simulated, seed=seed)


def _impurity(path: Path, part: str) -> Decays:
    num_events = round(IMPURITY * NUM_EVENTS)
    return sample("background", num_events, simulated=False, seed=_seed(path, part))


def _seed(path: Path, *names: str) -> int:
    """Return a number that is the file's and the sample's own."""
    return zlib.crc32(" ".join([path.name, *names]).encode())


def _labelled(decays: Decays, **numbers: float) -> dict[str, Array]:
    """Return the columns of decays, their mass, and others that are the same for all of them."""
    same = {name: np.full(len(decays), number) for name, number in numbers.items()}
    return {**decays.columns(), **same, "mass": decays.mass_J}


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _write(path: Path, columns: dict[str, Array]) -> None:
    numbered = {"id": np.arange(len(columns["mass"])), **columns}
    csv.write_csv(pa.table(numbered), path)
