"""Events as hashes, and those of which jets are in two splits, whichever datasets they are of."""

import logging
from collections.abc import Mapping
from hashlib import blake2b
from itertools import combinations

import numpy as np
import numpy.typing as npt

from tagline.data.columns import EVENT_COLUMNS
from tagline.data.hashing import Hashes, splitmix
from tagline.data.jets import Columns

log = logging.getLogger(__name__)


def event_ids(dataset: str, jets: Columns) -> Hashes:
    """Return the hash (J,) of dataset, run, luminosity block and event, uniform over 64 bits."""
    digest = blake2b(dataset.encode(), digest_size=8).digest()
    state = np.full(len(jets["event"]), np.frombuffer(digest, np.uint64)[0])
    for name in EVENT_COLUMNS:
        state = splitmix(state + jets[name].astype(np.uint64))
    return state


def look_for_like_numbers(splits: Mapping[str, Columns], *, refuse: bool) -> dict[str, int]:
    """Count the runs, luminosity blocks and events of which each two splits have jets.

    They need not be the same events, since simulations number theirs alike.

    Raises:
        ValueError: there are some, and that is refused.
    """
    shared = in_two_splits({name: event_ids("", jets) for name, jets in splits.items()})
    if any(shared.values()):
        message = f"events with the same numbers, of whichever files, are in two splits: {shared}"
        log.info(message)
        if refuse:
            raise ValueError(message)
    return shared


def look_for_shared_events(
    splits: Mapping[str, Columns], *, files: Mapping[str, npt.NDArray[np.int64]]
) -> dict[str, int]:
    """Count the events of one input file of which each two splits have jets.

    Args:
        splits: the jet columns of each.
        files: number of the input file (J,) of those jets.
    """
    shared = in_two_splits(
        {
            name: splitmix(event_ids("", jets) + files[name].astype(np.uint64))
            for name, jets in splits.items()
        }
    )
    if any(shared.values()):
        log.warning("events of the same input file are in two splits: %s", shared)
    return shared


def in_two_splits(events: Mapping[str, Hashes]) -> dict[str, int]:
    """Count the events that each two splits have in common."""
    once = {name: np.unique(hashes) for name, hashes in events.items()}
    return {
        f"{first} and {second}": len(np.intersect1d(once[first], once[second], assume_unique=True))
        for first, second in combinations(once, 2)
    }
