"""Cutting jets chunk by chunk, and counting what each condition cuts."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tagline.columns import EVENT_COLUMNS
from tagline.datasets import Chunk
from tagline.jets import Jets
from tagline.selection import parse

HAS_CONSTITUENTS = "num_constituents > 0"
IS_FINITE = "all columns are finite"


class Cuts:
    """The terms of a selection in their order, then that a jet has constituents and no NaN.

    Attributes:
        cut: number of jets that failed each condition, having met all those before it.
    """

    def __init__(self, selection: str) -> None:
        self.terms = parse(selection)
        conditions = [*(term.text for term in self.terms), HAS_CONSTITUENTS, IS_FINITE]
        self.cut = dict.fromkeys(conditions, 0)
        self._not_finite: list[str] = []
        self._odd: Counter[str] = Counter()

    @property
    def notes(self) -> list[str]:
        """The first jet of each chunk that has a NaN, and what was odd in what was read."""
        return self._not_finite + [f"{times} {what}" for what, times in self._odd.items() if times]

    def kept(self, chunk: Chunk) -> Iterator[Jets]:
        """Yield the jets that pass, if any do; only then their constituents are read."""
        yield from self._passing(chunk)
        self._odd += chunk.odd

    def _passing(self, chunk: Chunk) -> Iterator[Jets]:
        rows = np.arange(chunk.num_jets)
        for term in self.terms:
            passing = term.passes(chunk.column)[rows]
            self._count(term.text, passing)
            rows = rows[passing]
            if not len(rows):
                return
        jets = chunk.take(rows)
        jets = self._keep(jets, HAS_CONSTITUENTS, jets.jets["num_constituents"] > 0)
        finite = is_finite(jets)
        self._not_finite += describe_first(jets, ~finite)
        jets = self._keep(jets, IS_FINITE, finite)
        if len(jets):
            yield jets

    def _keep(self, jets: Jets, condition: str, passing: npt.NDArray[np.bool_]) -> Jets:
        self._count(condition, passing)
        return jets if passing.all() else jets.take(np.flatnonzero(passing))

    def _count(self, condition: str, passing: npt.NDArray[np.bool_]) -> None:
        self.cut[condition] += int(len(passing) - np.count_nonzero(passing))


def is_finite(jets: Jets) -> npt.NDArray[np.bool_]:
    """Return (J,), true where neither the jet nor what is in it has a NaN or an infinity."""
    finite = np.ones(len(jets), np.bool_)
    for column in jets.jets.values():
        finite &= np.isfinite(column)
    for table, columns in jets.lists.items():
        offsets = jets.offsets_in(table)
        for column in columns.values():
            bad = np.flatnonzero(~np.isfinite(column))
            finite[np.searchsorted(offsets, bad, side="right") - 1] = False
    return finite


def describe_first(jets: Jets, odd: npt.NDArray[np.bool_]) -> list[str]:
    """Name the event of the first odd jet, if there is one."""
    where = [
        ", ".join(f"{name} {jets.jets[name][row]}" for name in (*EVENT_COLUMNS, "jet_index"))
        for row in np.flatnonzero(odd)[:1]
    ]
    return [f"not finite: jet {jet} and {int(odd.sum()) - 1} more" for jet in where]
