"""Jets of a tree, whether an entry of it is a jet or an event with lists of jets."""

import awkward as ak
import numpy as np

from tagline.data.jets import Columns
from tagline.datasets import Array, Rows, UnreadableFileError, ids_of_entries
from tagline.reading.lists import AnyRagged
from tagline.reading.trees import Span, as_ragged


class JetRows:
    """Entries that are jets."""

    def __init__(self, span: Span) -> None:
        self.span, self.where = span, span.where
        self.num_events = self.num_jets = len(span)

    def flat(self, branch: str) -> Array:
        """Return one number a jet: (J,)."""
        return self.span.flat(branch)

    def lists(self, branch: str) -> AnyRagged:
        """Return one list of numbers a jet."""
        return self.span.ragged(branch)

    def places(self) -> Rows:
        """Return the position of each jet in its event: (J,)."""
        return np.zeros(self.num_jets, np.int64)

    def entries(self) -> Rows:
        """Return the entry of each jet in the file: (J,)."""
        return self.span.start + np.arange(self.num_jets)

    def ids(self, path: str) -> Columns:
        """Return event ids (J,) for a file that has none: each of its entries is an event."""
        of_file = ids_of_entries(path, range(1))
        return {
            "run": np.repeat(of_file["run"], self.num_jets),
            "luminosity_block": np.repeat(of_file["luminosity_block"], self.num_jets),
            "event": self.entries(),
            "jet_index": self.places(),
        }


class EventRows(JetRows):
    """Entries that are events, of which a branch has one number, or a list over their jets."""

    def __init__(self, span: Span, *, jets: str) -> None:
        super().__init__(span)
        self.jets = jets
        self.offsets = span.ragged(jets).offsets
        self.counts = np.diff(self.offsets)
        self.num_jets = int(self.offsets[-1])

    def flat(self, branch: str) -> Array:
        """Return one number a jet, the same for all jets of an event where it has only one."""
        if self.span.depth(branch) == 1:
            return np.repeat(self.span.flat(branch), self.counts)
        lists = self.span.ragged(branch)
        self._require_as_many(branch, lists.offsets)
        return lists.values

    def lists(self, branch: str) -> AnyRagged:
        """Return one list of numbers a jet, of the lists of lists that events have."""
        nested = self.span.read(branch)
        where = f"{self.where}, branch {branch!r}"
        if nested.ndim != 3:
            raise UnreadableFileError(f"{where}: {nested.type} is not one list a jet of an event")
        self._require_as_many(branch, np.append(0, np.cumsum(ak.num(nested))))
        return as_ragged(ak.flatten(nested), where=where)

    def places(self) -> Rows:
        """Return the position of each jet in its event: (J,)."""
        return np.arange(self.num_jets) - np.repeat(self.offsets[:-1], self.counts)

    def entries(self) -> Rows:
        """Return the entry of each jet in the file: (J,)."""
        return np.repeat(self.span.start + np.arange(self.num_events), self.counts)

    def _require_as_many(self, branch: str, offsets: Rows) -> None:
        if not np.array_equal(offsets, self.offsets):
            raise UnreadableFileError(
                f"{self.where}: {branch!r} and {self.jets!r} have different numbers of jets"
            )
