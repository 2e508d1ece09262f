"""Events as hashes, and those of which jets are in two splits, whichever datasets they are of."""

from collections.abc import Mapping
from hashlib import blake2b
from itertools import combinations

import numpy as np

from tagline.columns import EVENT_COLUMNS
from tagline.hashing import Hashes, splitmix
from tagline.jets import Columns, Jets


def event_ids(dataset: str, jets: Columns) -> Hashes:
    """Return the hash (J,) of dataset, run, luminosity block and event, uniform over 64 bits."""
    digest = blake2b(dataset.encode(), digest_size=8).digest()
    state = np.full(len(jets["event"]), np.frombuffer(digest, np.uint64)[0])
    for name in EVENT_COLUMNS:
        state = splitmix(state + jets[name].astype(np.uint64))
    return state


def refuse_shared_events(splits: Mapping[str, Jets]) -> None:
    """Raise ValueError if two splits have jets of the same run, luminosity block and event."""
    events = {name: np.unique(event_ids("", jets.jets)) for name, jets in splits.items()}
    shared = {
        f"{first} and {second}": len(np.intersect1d(events[first], events[second]))
        for first, second in combinations(events, 2)
    }
    if any(shared.values()):
        raise ValueError(f"events of which jets are in two splits: {shared}")
