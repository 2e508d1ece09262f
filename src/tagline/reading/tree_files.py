"""Trees of files here and afar, and of the ROOT files in archives."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

import uproot

from tagline.datasets import NamedPath, UnreadableFileError, ends_in, reading, require_here
from tagline.reading.baskets import from_file
from tagline.reading.manifest import ARCHIVE, names_apart
from tagline.reading.remote import RemoteSource
from tagline.reading.trees import DAMAGE, Tree
from tagline.settings.strict import did_you_mean

TREES = ["TTree", "ROOT::RNTuple"]
LOCAL = uproot.MultithreadedFileSource  # a fifth less CPU time than fsspec


class Member(NamedTuple):
    """A file in an archive, which is not packed: what reads it, and where in the archive it is."""

    content: IO[bytes]
    archive: str
    begin: int


def _open(place: str | IO[bytes]) -> Any:  # noqa: ANN401 (uproot's)
    """Open a file, and keep nothing of what is read, since nothing is read twice."""
    if not isinstance(place, str):
        return uproot.open(place, array_cache=None)
    source = RemoteSource if "://" in place else LOCAL
    return uproot.open(place, handler=source, array_cache=None)


@contextmanager
def open_tree(path: str, name: str, *, member: Member | None = None) -> Iterator[Tree]:
    """Yield a tree of a file, or of a member of an archive; of several cycles the newest alone."""
    with reading(path, *DAMAGE):
        file = _open(member.content if member else path)
    fetch = from_file(member.archive, begin=member.begin) if member else from_file(path)
    with file:
        with reading(path, *DAMAGE):
            trees = file.keys(cycle=False, filter_classname=TREES)
        if name not in trees:
            raise UnreadableFileError(f"{path}: no tree {name!r}; {did_you_mean(name, trees)}")
        with reading(path, *DAMAGE):
            tree = Tree(path, name, file, fetch=fetch)
        yield tree


def open_trees(path: str, name: str) -> Iterator[Tree]:
    """Yield a tree of a file, or of each ROOT file in a tar archive, which is not unpacked."""
    if not ends_in(path, (ARCHIVE,)):
        with open_tree(path, name) as tree:
            yield tree
        return
    require_here(path)
    with reading(path, tarfile.TarError):
        archive = tarfile.open(path, "r:")  # noqa: SIM115 (closed below)
    with archive:
        with reading(path, tarfile.TarError):
            members = [file for file in archive if file.isfile() and file.name.endswith(".root")]
        if not members:
            raise UnreadableFileError(f"{path}: no ROOT file in it")
        called = names_apart([info.name for info in members])
        before = path.before_members if isinstance(path, NamedPath) else ""
        for info in members:
            content = archive.extractfile(info)
            member = Member(content, path, info.offset_data) if content else None
            place = NamedPath(f"{path}/{info.name}", name=f"{before}{called[info.name]}")
            with open_tree(place, name, member=member) as tree:
                yield tree
