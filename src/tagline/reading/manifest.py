"""The files of a dataset: patterns that are expanded, and lists of local files."""

import argparse
from collections import Counter
from collections.abc import Sequence
from glob import glob
from os.path import isfile
from pathlib import Path

from tagline.artefacts.digests import checksum_of
from tagline.artefacts.files import write_json
from tagline.settings.records import ListedFile, Manifest, RemoteFile, path_in

ARCHIVE = ".tar"


def expand_files(patterns: Sequence[str]) -> list[str]:
    """Return URLs as they are, and the local files of each path or pattern in sorted order.

    Raises:
        ValueError: a path or pattern matches no file, or a file is matched twice.
    """
    files: list[str] = []
    for pattern in patterns:
        if "://" in pattern:
            files.append(pattern)
            continue
        found = sorted(filter(isfile, glob(pattern, recursive=True)))  # noqa: PTH207 (absolute too)
        if not found:
            raise ValueError(f"no file matches {pattern!r}")
        files.extend(found)
    twice = [file for file, times in Counter(files).items() if times > 1]
    if twice:
        raise ValueError(f"{twice[0]!r} is listed twice")
    return files


def names_apart(paths: Sequence[str]) -> dict[str, str]:
    """Return how each path or URL ends, with folders only where others end alike."""
    parts = {path: path_in(path).split("/") for path in paths}
    names: dict[str, str] = {}
    waiting = list(paths)
    for depth in range(1, max(map(len, parts.values()), default=0) + 1):
        endings = {path: "/".join(parts[path][-depth:]) for path in waiting}
        times = Counter(endings.values())
        names |= {path: ending for path, ending in endings.items() if times[ending] == 1}
        waiting = [path for path in waiting if path not in names]
    return names | {path: path for path in waiting}


def listed(paths: Sequence[str]) -> list[ListedFile]:
    """Return the files of a dataset of which no list is known, with their names."""
    names = names_apart(paths)
    return archives_apart([ListedFile(path=path, name=names[path]) for path in paths])


def archives_apart(files: Sequence[ListedFile]) -> list[ListedFile]:
    """Put the names of archives before those of their members where there are several.

    Members of two archives may have the same name, and events are known by it. Those of a single
    archive are called as they were on their own.
    """
    if [file.called.endswith(ARCHIVE) for file in files].count(True) < 2:
        return list(files)
    return [
        file.model_copy(update={"before_members": f"{file.called}/"})
        if file.called.endswith(ARCHIVE)
        else file
        for file in files
    ]


def list_files(patterns: Sequence[str], *, algorithm: str, tree: str = "") -> Manifest:
    """Return a list of local files, with the entries of a tree in each if one is named.

    Raises:
        ValueError: a file is elsewhere, or cannot be read.
    """
    paths = expand_files(patterns)
    for path in paths:
        if "://" in path:
            raise ValueError(
                f"{path!r}: only local files are listed; `tagline record` lists those of a record "
                "or a file index, and a dataset takes URLs as its `files`"
            )
    names = names_apart(paths)
    return Manifest(
        source=" ".join(patterns),
        files=tuple(
            RemoteFile(
                name=names[path].replace("/", "_"),
                url=str(Path(path)),
                size=Path(path).stat().st_size,
                checksum=f"{algorithm}:{checksum_of(Path(path), algorithm)}",
                events=_count_entries(path, tree) if tree else None,
            )
            for path in paths
        ),
    )


def _count_entries(path: str, tree: str) -> int:
    from tagline.reading.sources import open_sources  # awkward, which a configuration does without

    return sum(each.num_entries for each in open_sources(path, tree))


def main(arguments: Sequence[str]) -> int:
    """Write a list of local files, to be kept in the repository and read in place."""
    parser = argparse.ArgumentParser(
        prog="tagline manifest",
        description="List local files with their sizes, checksums and numbers of events.",
    )
    parser.add_argument("file", type=Path, help="the list, such as config/manifests/NAME.json")
    parser.add_argument("patterns", nargs="+", help="paths; may have wildcards, best in quotes")
    parser.add_argument("--tree", default="", help="count the entries of this tree or group")
    parser.add_argument(
        "--checksum", default="adler32", metavar="ALGORITHM", help="or md5, sha256"
    )
    options = parser.parse_args(arguments)
    try:
        manifest = list_files(options.patterns, algorithm=options.checksum, tree=options.tree)
    except ValueError as mistake:
        parser.error(str(mistake))
    write_json(manifest.model_dump(mode="json", exclude_none=True), options.file)
    return 0
