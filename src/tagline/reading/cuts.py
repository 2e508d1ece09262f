"""Cutting jets chunk by chunk, and counting what each condition cuts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tagline.data.columns import EVENT_COLUMNS, Column
from tagline.data.jets import JETS, Jets, tables_of
from tagline.datasets import Chunk, are_held
from tagline.settings.selection import parse

Mask = npt.NDArray[np.bool_]

HAS_CONSTITUENTS = "num_constituents > 0"
IS_FINITE = "all columns are finite"


class Cuts:
    """The terms of a selection in their order, then that a jet has constituents and no NaN.

    What a column of integers cannot hold counts as NaN. Where a dataset is without constituents,
    no jet needs them.

    Attributes:
        cut: number of jets that failed each condition, having met all those before it.
    """

    def __init__(self, selection: str, *, need_constituents: bool = True) -> None:
        self.terms = parse(selection)
        needed = [HAS_CONSTITUENTS] if need_constituents else []
        self.cut = dict.fromkeys([*(term.text for term in self.terms), *needed, IS_FINITE], 0)
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
        if HAS_CONSTITUENTS in self.cut:
            jets = self._keep(jets, HAS_CONSTITUENTS, jets.jets["num_constituents"] > 0)
        bad = not_finite(jets, chunk.declared)
        self._not_finite += describe_first(jets, bad)
        jets = self._keep(jets, IS_FINITE, ~any_of(bad, num_jets=len(jets)))
        if len(jets):
            yield chunk.as_declared(jets)

    def _keep(self, jets: Jets, condition: str, passing: Mask) -> Jets:
        self._count(condition, passing)
        return jets if passing.all() else jets.take(np.flatnonzero(passing))

    def _count(self, condition: str, passing: Mask) -> None:
        self.cut[condition] += int(len(passing) - np.count_nonzero(passing))


def not_finite(jets: Jets, declared: Mapping[str, Sequence[Column]]) -> dict[str, Mask]:
    """Return which jets (J,) have a NaN, an infinity or what a type lacks, by column if any do."""
    offsets = {table: jets.offsets_in(table) for table in jets.lists}
    offsets[JETS] = np.arange(len(jets) + 1)
    found = {}
    for table, columns in tables_of(jets).items():
        for column in (column for column in declared[table] if column.name in columns):
            bad = np.flatnonzero(~are_held(columns[column.name], column.dtype))
            if len(bad):
                jet = np.searchsorted(offsets[table], bad, side="right") - 1
                found[_described(column, table)] = np.bincount(jet, minlength=len(jets)) > 0
    return found


def _described(column: Column, table: str) -> str:
    where = "" if table == JETS else f" in {table}"
    kind = "" if np.dtype(column.dtype).kind == "f" else f" as {column.dtype}"
    return f"{column.name}{where}{kind}"


def describe_first(jets: Jets, bad: Mapping[str, Mask]) -> list[str]:
    """Name the event of the first bad jet, if there is one, and the columns that are bad in it."""
    rows = np.flatnonzero(any_of(bad, num_jets=len(jets)))
    if not len(rows):
        return []
    columns = ", ".join(name for name, bad_J in bad.items() if bad_J[rows[0]])
    names = (*EVENT_COLUMNS, "jet_index")
    jet = ", ".join(f"{name} {jets.jets[name][rows[0]]}" for name in names)
    return [f"not finite: {columns} of jet {jet} and {len(rows) - 1} more"]


def any_of(bad: Mapping[str, Mask], *, num_jets: int) -> Mask:
    """Return which of so many jets (J,) are bad in some column."""
    found: Mask = np.logical_or.reduce([np.zeros(num_jets, np.bool_), *bad.values()])
    return found
