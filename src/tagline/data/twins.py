"""Jets of the same constituents: what leaks from one split into another, whoever made them.

Where jets have none, it is those of which all columns are the same that say what a jet is like.
"""

import logging
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from tagline.data.columns import EVENT_COLUMNS
from tagline.data.hashing import Hashes, splitmix
from tagline.data.jets import Columns, Jets
from tagline.data.stored_jets import InPieces

log = logging.getLogger(__name__)

MOMENTUM = ("px", "py", "pz", "energy")
NAMING = (*EVENT_COLUMNS, "jet_index", "event_id", "label", "truth", "weight")
"""Columns that say which jet it is, or what it is taken for, and not what it is like."""


def look_for_twins(contents: Mapping[str, Hashes], *, refuse: bool) -> dict[str, int]:
    """Count, within each split and across each two, the jets that are there already.

    Across two it is the jets of the later one whose twin is in the earlier.

    Args:
        contents: content hashes of the jets of each split.
        refuse: whether any across two are an error.

    Raises:
        ValueError: jets are in two splits, and that is refused.
    """
    within = {name: len(hashes) - len(np.unique(hashes)) for name, hashes in contents.items()}
    across = {
        f"{first} and {second}": int(np.isin(contents[second], contents[first]).sum())
        for first, second in combinations(contents, 2)
    }
    if any(across.values()):
        message = f"jets of the same contents are in two splits: {across}"
        log.warning(message)
        if refuse:
            raise ValueError(message)
    return within | across


def content_hashes(jets: InPieces) -> Hashes:
    """Return the hash (J,) of the momenta of each jet's constituents, whatever their order."""
    return np.concatenate([_hashes_of(piece) for piece in jets.pieces()])


def _hashes_of(jets: Jets) -> Hashes:
    return _hashes_of_constituents(jets) if jets.constituents else _hashes_of_columns(jets)


def _hashes_of_columns(jets: Jets) -> Hashes:
    return _row_hashes(jets.jets, sorted(jets.jets.keys() - set(NAMING)))


def _hashes_of_constituents(jets: Jets) -> Hashes:
    particle_P = _row_hashes(jets.constituents, MOMENTUM)
    sums = np.concatenate([[np.uint64(0)], np.cumsum(particle_P)])  # modulo 2^64, so exact
    return splitmix(sums[jets.offsets[1:]] - sums[jets.offsets[:-1]])


def _row_hashes(columns: Columns, names: Sequence[str]) -> Hashes:
    hashes = np.zeros(len(columns[names[0]]), np.uint64)
    for name in names:
        values = columns[name].astype(np.float32) + np.float32(0)  # no negative zeros
        hashes = splitmix(hashes + values.view(np.uint32))
    return hashes
