"""Places of jets among those of the same event, for files that number events alone."""

import numpy as np

from tagline.data.hashing import Hashes
from tagline.datasets import Rows


class EventPlaces:
    """Tells jets of an event apart by their order in a file, wherever in it they are."""

    def __init__(self) -> None:
        self._events = np.zeros(0, np.uint64)  # in rising order
        self._num_jets = np.zeros(0, np.int64)

    def of(self, event_J: Hashes) -> Rows:
        """Return how many jets of the same event each of the next jets of a file has before it."""
        order = np.argsort(event_J, kind="stable")
        events, starts, counts = np.unique(event_J[order], return_index=True, return_counts=True)
        before = self._add(events, counts)
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order)) + np.repeat(before - starts, counts)
        return places

    def _add(self, events: Hashes, counts: Rows) -> Rows:
        """Count further jets of events, and return how many these had before."""
        at = np.searchsorted(self._events, events)
        is_known = np.searchsorted(self._events, events, side="right") > at
        before = np.zeros(len(events), np.int64)
        before[is_known] = self._num_jets[at[is_known]]
        self._num_jets[at[is_known]] += counts[is_known]
        self._events = np.insert(self._events, at[~is_known], events[~is_known])
        self._num_jets = np.insert(self._num_jets, at[~is_known], counts[~is_known])
        return before
