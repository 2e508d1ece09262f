"""Tasks with a control channel: a decay that is there in data and in simulation.

Background is data and signal is simulated, so a score can win by telling simulation from data. The
control channel shows whether it does. The classes of such a task are, in the order of their
labels: background to learn from, if that lacks some masses background at all masses, control
channel in data, the same in simulation, signal.
"""

from typing import NamedTuple

BACKGROUND = 0
NUMBERS_OF_CLASSES = (4, 5)


class Labels(NamedTuple):
    """Which label is what; background to learn from is 0, and perhaps all there is."""

    background_at_all_masses: int
    control_data: int
    control_simulation: int
    signal: int


def labels_of(num_classes: int) -> Labels:
    """Return the labels of a task with so many classes.

    Raises:
        ValueError: a control channel has other classes.
    """
    if num_classes not in NUMBERS_OF_CLASSES:
        raise ValueError(
            "a task with a control channel has 4 or 5 classes: background, perhaps background at "
            "all masses, control channel in data, the same in simulation, signal; this has "
            f"{num_classes}"
        )
    return Labels(*range(num_classes - 4, num_classes))
