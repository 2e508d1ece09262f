"""Toy events of two domains, in the way of LHCb's tau -> 3 mu: data, and a simulation that errs.

All of ten features are normal. Signal differs from background in seven of them, the control
channel half as much, and the simulation shifts and widens features 4 to 7 strongly and shifts 0
mildly. Signal to learn from is simulated, background is data, and the control channel is there as
both. Signal peaks in mass, where the background is flat, and feature 9 of the background follows
it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

NUM_FEATURES = 10
SIGNAL_SHIFT_F = np.array([1.3, 1.3, 1.3, 1.3, 0.7, 0.7, 0, 0, 0.7, 0])
SIMULATION_SHIFT_F = np.array([0.2, 0, 0, 0, 1.1, 1.1, 1.1, 1.1, 0, 0])
SIMULATION_WIDTH_F = np.array([1, 1, 1, 1, 1.2, 1.2, 1.2, 1.2, 1, 1])
SHARE_OF_SIGNAL = {"background": 0.0, "control": 0.5, "signal": 1.0}
MASSES = (1.6, 2.0)  # GeV
MASS_PEAK = {"control": 1.968, "signal": 1.777}  # GeV, of the Ds and the tau
RESOLUTION = 0.01  # GeV
MASS_SLOPE = 1.0  # of feature 9 of background, from the least mass to the largest


@dataclass(frozen=True)
class Events:
    """Features (J, F) and mass (J,) [GeV] of one channel in one domain."""

    features_JF: Array
    mass_J: Array

    def __len__(self) -> int:
        return len(self.mass_J)


def sample(channel: str, num_events: int, *, simulated: bool, seed: int) -> Events:
    """Draw events of a channel."""
    random = np.random.default_rng(seed)
    features_JF = random.normal(size=(num_events, NUM_FEATURES))
    if channel == "background":
        mass_J = random.uniform(*MASSES, num_events)
        features_JF[:, 9] += MASS_SLOPE * (mass_J - np.mean(MASSES)) / np.ptp(MASSES)
    else:
        mass_J = random.normal(MASS_PEAK[channel], RESOLUTION, num_events)
    if simulated:
        features_JF = features_JF * SIMULATION_WIDTH_F + SIMULATION_SHIFT_F
    return Events(features_JF + SHARE_OF_SIGNAL[channel] * SIGNAL_SHIFT_F, mass_J)
