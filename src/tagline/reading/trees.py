"""Trees of ROOT files, TTrees and RNTuples alike, read branch by branch and range by range."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import awkward as ak
import numpy as np
import uproot

from tagline.datasets import Array, Rows, UnreadableFileError, reading
from tagline.reading import blocks
from tagline.reading.baskets import Fetch, Kind, kind_of, read_places, read_plain
from tagline.reading.lists import AnyRagged, Ragged, RawRagged
from tagline.reading.read_ahead import ReadAhead
from tagline.reading.remote import RemoteSource
from tagline.settings.strict import did_you_mean

DAMAGE: tuple[Any, ...] = (uproot.DeserializationError, *blocks.DAMAGE)
"""What is raised for a damaged file, besides what `reading` knows."""
ShortWay = tuple[Fetch, Any, Kind]
"""What fetches ranges of a file, a branch of uproot's, and its kind."""
FEW_TIMES = 4  # as many entries in one range as are asked for are not yet too many
uproot.compression._decompress_ZLIB.decompress = blocks.inflate  # its own takes twice as long


class Tree:
    """A TTree or RNTuple of an open file.

    Attributes:
        ahead: what is known of further reading, of a remote TTree.
    """

    ahead: ReadAhead | None = None
    _fetch: Fetch | None = None

    def __init__(
        self,
        path: str,
        name: str,
        file: Any,  # noqa: ANN401 (uproot's)
        *,
        fetch: Fetch | None = None,
    ) -> None:
        self.path, self.name, self.file, self.branches = path, name, file, file[name]
        self.where = f"{path}: tree {name!r}"
        self.names = set(self.branches.keys(recursive=False))
        if hasattr(self.branches, "itervalues"):
            self.names |= {branch.name for branch in self.branches.itervalues(recursive=True)}
        self.num_entries: int = self.branches.num_entries
        source = getattr(file.file, "source", None)
        if self.is_ntuple:
            fetch = None
        elif isinstance(source, RemoteSource):
            self.ahead = ReadAhead(self.branches, source, is_alone=self._is_plain)
            fetch = source.fetch
        self._fetch = fetch
        self._kinds: dict[str, Kind | None] = {}

    @property
    def is_ntuple(self) -> bool:
        """Whether it is an RNTuple."""
        return hasattr(self.branches, "cluster_summaries")

    def __contains__(self, branch: str) -> bool:
        return branch in self.names

    def require(self, branches: Iterable[str]) -> None:
        """Raise UnreadableFileError if some branch is not there."""
        for branch in branches:
            if branch not in self:
                nearest = did_you_mean(branch, sorted(self.names))
                raise UnreadableFileError(f"{self.where}: no branch {branch!r}; {nearest}")
            if self.ahead:
                self.ahead.expect(branch)

    def array(self, branch: str, start: int, stop: int) -> Any:  # noqa: ANN401 (awkward)
        """Read some entries of one branch."""
        return self.branches[branch].array(entry_start=start, entry_stop=stop)

    def plain(self, branch: str, start: int, stop: int) -> Array | RawRagged | None:
        """Read some entries of a branch of numbers or lists of them, if there is a short way."""
        way = self._short_way(branch, start, stop)
        return read_plain(*way, start, stop) if way else None

    def plain_at(self, branch: str, start: int, stop: int, *, places: Rows) -> Ragged | None:
        """Read values at some places of some entries' lists, if there is a short way."""
        way = self._short_way(branch, start, stop)
        return read_places(*way, start, stop, places=places) if way else None

    def _short_way(self, branch: str, start: int, stop: int) -> ShortWay | None:
        kind = self._kind(branch)
        if kind is None or self._fetch is None:
            return None
        if self.ahead:
            self.ahead.before(branch, start, stop)
        return self._fetch, self.branches[branch], kind

    def _kind(self, branch: str) -> Kind | None:
        if self._fetch is None:
            return None
        if branch not in self._kinds:
            self._kinds[branch] = kind_of(self.branches[branch])
        return self._kinds[branch]

    def _is_plain(self, branch: str) -> bool:
        return self._kind(branch) is not None

    def ranges(self, entries: int) -> Iterator[tuple[int, int]]:
        """Yield consecutive ranges of whole clusters, of at least so many entries but the last.

        A cluster that is much larger is cut where baskets of the largest branch end, if they do.
        """
        start = 0
        for stop in self._cluster_ends():
            if stop - start >= entries or stop == self.num_entries:
                yield from self._cut(start, stop, entries)
                start = stop
        if start != self.num_entries:
            raise UnreadableFileError(f"{self.where}: {start} of {self.num_entries} entries found")

    def _cut(self, start: int, stop: int, entries: int) -> Iterator[tuple[int, int]]:
        if stop - start > FEW_TIMES * entries:
            for border in self._places_to_cut(start, stop):
                if entries <= border - start <= stop - start - entries:
                    yield start, border
                    start = border
        yield start, stop

    def _places_to_cut(self, start: int, stop: int) -> list[int]:
        """Return where a range can be cut so that little is unpacked twice."""
        if self.is_ntuple:
            return []
        filled = [one for one in self.branches.itervalues(recursive=True) if one.num_baskets]
        largest = max(filled, key=lambda branch: branch.compressed_bytes)
        borders = np.asarray(largest.member("fBasketEntry")[: largest.num_baskets])
        places: list[int] = borders[(borders > start) & (borders < stop)].tolist()
        return places

    def _cluster_ends(self) -> list[int]:
        if self.is_ntuple:
            clusters = self.branches.cluster_summaries
            return [cluster.num_first_entry + cluster.num_entries for cluster in clusters]
        ends: list[int] = self.branches.common_entry_offsets()[1:]
        return ends


class Span:
    """A range of a tree's entries, whose branches are read once, when they are asked for."""

    def __init__(self, tree: Tree, start: int, stop: int) -> None:
        self.tree, self.start, self.stop = tree, start, stop
        self.where = f"{tree.where}, entries {start} to {stop}"
        self._arrays: dict[str, Any] = {}
        self._plain: dict[str, Array | RawRagged | None] = {}

    def __len__(self) -> int:
        return self.stop - self.start

    def array(self, branch: str) -> Any:  # noqa: ANN401 (an awkward array)
        """Read one branch."""
        return self.tree.array(branch, self.start, self.stop)

    def flat(self, branch: str) -> Array:
        """Return one number an entry."""
        plain = self._found_plain(branch)
        if isinstance(plain, np.ndarray):
            return plain
        array = self.read(branch)
        if array.ndim != 1:
            where = f"{self.where}, branch {branch!r}"
            raise UnreadableFileError(f"{where}: {array.type} is not one number an entry")
        return _native(np.asarray(array))

    def ragged(self, branch: str) -> AnyRagged:
        """Return one list of numbers an entry, which may be an array of a fixed length."""
        plain = self._found_plain(branch)
        if isinstance(plain, RawRagged):
            return plain
        return as_ragged(self.read(branch), where=f"{self.where}, branch {branch!r}")

    def alike(self, branch: str, other: str) -> AnyRagged:
        """Return one list of numbers an entry, each as long as that of another branch."""
        lists = self.ragged(branch)
        if not np.array_equal(lists.offsets, self.ragged(other).offsets):
            raise UnreadableFileError(
                f"{self.where}: lists {other!r} and {branch!r} have different lengths"
            )
        return lists

    def at(self, branch: str, other: str, places: Rows, *, once: bool) -> Array:
        """Return values at some places of lists `alike`; what is asked for once is not kept."""
        if once and branch not in self._plain and branch not in self._arrays:
            with self._reading(branch):
                found = self.tree.plain_at(branch, self.start, self.stop, places=places)
            if found and np.array_equal(found.offsets, self.ragged(other).offsets):
                return found.values
        return self.alike(branch, other).at(places)

    def depth(self, branch: str) -> int:
        """Return 1 where a branch has a number an entry, 2 where it has a list, and so on."""
        plain = self._found_plain(branch)
        if plain is not None:
            return 2 if isinstance(plain, RawRagged) else 1
        found: int = self.read(branch).ndim
        return found

    def _found_plain(self, branch: str) -> Array | RawRagged | None:
        """Return what a plain branch holds, unless it is there already in another form."""
        if branch in self._arrays:
            return None
        if branch not in self._plain:
            with self._reading(branch):
                self._plain[branch] = self.tree.plain(branch, self.start, self.stop)
        return self._plain[branch]

    def read(self, branch: str) -> Any:  # noqa: ANN401 (an awkward array)
        """Return what one branch holds, which is read once."""
        if branch not in self._arrays:
            with self._reading(branch):
                if self.tree.ahead:
                    self.tree.ahead.before(branch, self.start, self.stop)
                self._arrays[branch] = self.array(branch)
        return self._arrays[branch]

    @contextmanager
    def _reading(self, branch: str) -> Iterator[None]:
        self.tree.require([branch])
        with reading(f"{self.where}, branch {branch!r}", *DAMAGE):
            yield


def as_ragged(array: Any, *, where: str) -> Ragged:  # noqa: ANN401 (an awkward array)
    """Return lists of numbers as they lie in memory."""
    if array.ndim != 2:
        raise UnreadableFileError(f"{where}: {array.type} is not one list of numbers an entry")
    lists = ak.to_layout(ak.from_regular(array)).to_ListOffsetArray64(True)
    offsets = np.asarray(lists.offsets.data)
    return Ragged(_native(np.asarray(lists.content.data)[: offsets[-1]]), offsets)


def _native(values: Array) -> Array:
    return values.astype(values.dtype.newbyteorder("="), copy=False)
