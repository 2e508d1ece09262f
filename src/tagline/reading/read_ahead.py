"""Read ahead: what will be read of a remote tree's entries comes with the first that is.

A request for each branch would wait for a round trip each. So with a branch come those that have
been read as often as it, of all entries before: where a selection cuts all jets of most entries,
what it reads comes together, and what is read of the jets that pass comes together later.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from tagline.reading.remote import RemoteSource
from tagline.reading.transports import Range

MOST_BYTES = 32 << 20  # that wait in memory, besides those of one branch


class ReadAhead:
    """What has been read of a TTree so far, and what of it is on its way.

    Args:
        branches: of the tree.
        source: of its file.
        is_alone: whether of a branch nothing but its own baskets is read.
    """

    def __init__(
        self,
        branches: Any,  # noqa: ANN401 (uproot's)
        source: RemoteSource,
        *,
        is_alone: Callable[[str], bool],
    ) -> None:
        self._branches, self._source, self._is_alone = branches, source, is_alone
        self._times_read: Counter[str] = Counter()
        self._entries: Range = (0, 0)
        self._coming: set[str] = set()
        self._read: set[str] = set()

    def expect(self, branch: str) -> None:
        """Take it that a branch will be read, until it is not."""
        self._times_read.setdefault(branch, 0)

    def before(self, branch: str, start: int, stop: int) -> None:
        """Request some entries of a branch, and what else will be read of them."""
        if (start, stop) != self._entries:
            self._entries, self._coming, self._read = (start, stop), set(), set()
        if branch not in self._coming:
            self._request(branch)
        if branch not in self._read:
            self._times_read[branch] += 1
            self._read.add(branch)

    def _request(self, branch: str) -> None:
        times = self._times_read[branch]
        others = [
            other
            for other, times_read in self._times_read.items()
            if times_read >= times and other not in self._coming and other != branch
        ]
        ranges: list[Range] = []
        for name in (branch, *others):
            alone = self._is_alone(name)
            baskets = list(baskets_of(self._branches[name], *self._entries, alone=alone))
            if name != branch and _size(ranges) + _size(baskets) > MOST_BYTES:
                break
            ranges += baskets
            self._coming.add(name)
        self._source.read_ahead(set(ranges))


def baskets_of(
    branch: Any,  # noqa: ANN401 (uproot's)
    start: int,
    stop: int,
    *,
    alone: bool,
) -> Iterator[Range]:
    """Yield where the baskets of some entries are in the file.

    If the branch is not read alone, there are those of the branches below it, and of what counts
    its lists.
    """
    others = () if alone else (*branch.itervalues(recursive=True), branch.count_branch)
    for leaf in (branch, *others):
        if leaf is None:
            continue
        offsets = np.asarray(leaf.entry_offsets)
        first = max(int(np.searchsorted(offsets, start, side="right")) - 1, 0)
        last = int(np.searchsorted(offsets, stop, side="left"))
        in_file = leaf.num_baskets - len(leaf.embedded_baskets)
        for basket in range(first, min(last, in_file)):
            seek = int(leaf.member("fBasketSeek")[basket])
            yield seek, seek + leaf.basket_compressed_bytes(basket)


def _size(ranges: Iterable[Range]) -> int:
    return sum(stop - start for start, stop in ranges)
