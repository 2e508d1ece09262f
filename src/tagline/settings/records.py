"""The files of a published record: their names, URLs, sizes and checksums, as one list.

Such a list is in the repository, or made from what Zenodo or CERN Open Data answer.
"""

from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from tagline.artefacts.files import read_json
from tagline.settings.strict import Strict, did_you_mean

ARCHIVES = {
    "zenodo": "https://zenodo.org/api/records/{number}",
    "cernopendata": "https://opendata.cern.ch/api/records/{number}",
}
ROOT = ".root"
CHECKSUM = r"^(md5|sha1|sha256|sha512|adler32):[0-9a-fA-F]+$"
CHECKSUM_OR_NONE = rf"^$|{CHECKSUM}"
EOS, EOS_BY_HTTP = "root://eospublic.cern.ch//eos/", "https://opendata.cern.ch/eos/"


class Listed(Strict):
    """Published files, as a list in the repository or a record has them."""

    manifest: Path | None = Field(None, description="list of files in the repository")
    record: str = Field(
        "",
        pattern=r"^((zenodo|cernopendata)/\d+|https?://.+)?$",
        description="`zenodo/NUMBER`, `cernopendata/NUMBER`, or the URL of a file index",
    )
    checksum: str = Field(
        "",
        pattern=CHECKSUM_OR_NONE,
        description="algorithm and hexadecimal digits, of a file index as its record names it",
    )
    files: tuple[str, ...] = Field(
        (), description="names; may have wildcards with `manifest`, where none is all"
    )

    @model_validator(mode="after")
    def _has_one_list(self) -> Self:
        if (self.manifest is None) == (not self.record):
            raise ValueError(f"`{self._key}` has either `manifest` or `record`")
        if self.checksum and not self.record.startswith("http"):
            raise ValueError("`checksum` is that of a file index, whose URL is `record`")
        for name in self.files:
            if name.startswith(".") or "/" in name:
                raise ValueError(f"{name!r} is no file name")
        return self

    @property
    def _key(self) -> str:
        return type(self).__name__.lower()


class Fetch(Listed):
    """Published files to be downloaded, as a list in the repository or a record has them."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        if self.record and (not self.files or any(set(name) & set("*?[") for name in self.files)):
            raise ValueError(
                "`record` needs the names of `files` without wildcards, since it is not read "
                f"before the first job; found {list(self.files)}"
            )
        return self


class Read(Listed):
    """Listed files to be read where they are; a record is looked up before the first of them."""

    files: tuple[str, ...] = Field((), description="names, perhaps with wildcards; none is all")


class ListedFile(Strict):
    """One input file, and what is known of it: another one is not read."""

    path: str = Field(description="path or URL")
    name: str = Field("", description="what it is called in its dataset; empty: as the path ends")
    size: int | None = Field(None, ge=0, description="in bytes")
    checksum: str = Field(
        "",
        pattern=CHECKSUM_OR_NONE,
        description="algorithm and hexadecimal digits, of a file that is local or copied first",
    )
    events: int | None = Field(None, ge=0, description="entries of its tree")
    before_members: str = Field(
        "", description="what the names of an archive's members begin with, if there are several"
    )

    @property
    def called(self) -> str:
        """What the file is called, at a mirror and as a copy too."""
        return self.name or path_in(self.path).rpartition("/")[2]


class RemoteFile(Strict):
    """One file of a list, elsewhere or here."""

    name: str = Field(pattern=r"^[^/.][^/]*$", description="what it is called here")
    url: str = Field(
        pattern=r"^((https?|root)://.+|[^:]+)$", description="where it is: a URL, or a local path"
    )
    size: int | None = Field(None, ge=0, description="in bytes, if that is known")
    checksum: str = Field(
        pattern=CHECKSUM,
        description="algorithm and hexadecimal digits",
    )
    events: int | None = Field(None, ge=0, description="entries of its tree, if that is known")

    @property
    def listed(self) -> ListedFile:
        """What a skim must find where the file is."""
        return ListedFile(
            path=self.url,
            name=self.name,
            size=self.size,
            checksum=self.checksum,
            events=self.events,
        )


class Manifest(Strict):
    """The files of one record."""

    source: str = Field(description="where that was read")
    files: tuple[RemoteFile, ...] = Field(min_length=1, description="each of another name")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [file.name for file in self.files]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there are {names.count(name)} files {name!r}")
        return self

    def named(self, name: str) -> RemoteFile:
        """Return the file of this name.

        Raises:
            ValueError: there is none.
        """
        for file in self.files:
            if file.name == name:
                return file
        nearest = did_you_mean(name, [file.name for file in self.files])
        raise ValueError(f"{self.source} has no file {name!r}; {nearest}")

    def matching(self, pattern: str) -> list[RemoteFile]:
        """Return the files whose names match a pattern, of which there must be some."""
        return [file for file in self.files if fnmatch(file.name, pattern)] or [
            self.named(pattern)
        ]


def path_in(place: str) -> str:
    """Return a path, or the one in a URL, without a query and the `/content` of Zenodo."""
    return place.partition("?")[0].removesuffix("/content") if "://" in place else place


def url_of(record: str) -> str:
    """Return where the list of a record's files is asked for."""
    archive, _, number = record.partition("/")
    return ARCHIVES[archive].format(number=number) if archive in ARCHIVES else record


def read_manifest(path: Path) -> Manifest:
    """Return a list in the repository, or that of a record that was looked up."""
    if not path.exists():
        known = [str(file) for file in path.parent.glob("*.json")]
        raise ValueError(f"no manifest {str(path)!r}; {did_you_mean(str(path), known)}")
    try:
        return Manifest(**read_json(path))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {_first_line(error)}") from None


def names_of(fetch: Fetch) -> list[str]:
    """Return the names of the files to be fetched, which must be known without a network."""
    if not fetch.manifest:
        return list(fetch.files)
    return [file.name for file in files_of(fetch, read_manifest(fetch.manifest))]


def files_of(listed: Listed, manifest: Manifest) -> list[RemoteFile]:
    """Return those files of a list that are wanted, each once.

    Raises:
        ValueError: there is no such file, or nothing says which of several formats are wanted.
    """
    if not listed.files:
        _require_one_format(manifest)
    found = [file for pattern in listed.files or ("*",) for file in manifest.matching(pattern)]
    return list(dict.fromkeys(found))


def _require_one_format(manifest: Manifest) -> None:
    """Raise an error that names the formats, since the same jets are often there in each."""
    times = Counter(_format_of(file.name) for file in manifest.files)
    if len(times) > 1:
        found = ", ".join(f"{count} of {name or 'none'}" for name, count in times.items())
        example = ROOT if ROOT in times else max(times)
        raise ValueError(
            f"{manifest.source} has files of several formats: {found}; "
            f"say which in `files`, such as `files: ['*{example}*']`"
        )


def _format_of(name: str) -> str:
    """Return the suffix of a file, without the number of the try that ATLAS appends."""
    suffixes = [each for each in PurePosixPath(name).suffixes if not each[1:].isdecimal()]
    return suffixes[-1] if suffixes else ""


def parse(answer: Any, *, source: str) -> Manifest:  # noqa: ANN401 (any JSON)
    """Return the files in an answer of Zenodo or CERN Open Data, or in one of its file indices.

    Raises:
        ValueError: it is none of these, or lacks something.
    """
    try:
        files = tuple(_file(entry) for entry in _entries(answer))
        return Manifest(source=source, files=files)
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{source}: no list of files as Zenodo or CERN Open Data give it: {_first_line(error)}"
        ) from None


def _entries(answer: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 (any JSON)
    match answer:
        case list():  # a file index of CERN Open Data
            return answer
        case {"metadata": {"_file_indices": list()} | {"files": list()} as metadata}:
            return _entries(metadata)  # of a record there
        case {"_file_indices": [_, *_] as indices}:
            others = [file for file in answer.get("files", []) if not _is_index(file)]
            return others + [file for index in indices for file in index["files"]]
        case {"files": list(files)}:  # a record of Zenodo, or metadata without indices
            return files
    raise ValueError("it lists no files")


def _is_index(entry: Mapping[str, Any]) -> bool:
    """Whether a file of CERN Open Data lists others: `index.json`, or `NAME_file_index.txt`."""
    return PurePosixPath(entry["uri"]).stem.split("_")[-1] == "index"


def _file(entry: Mapping[str, Any]) -> RemoteFile:
    if "uri" in entry:
        url = entry["uri"].replace(EOS, EOS_BY_HTTP)
        name = url.rpartition("/")[2]
    else:
        links = entry["links"]
        url, name = links.get("content", links["self"]), entry["key"]
    return RemoteFile(name=name, url=url, size=entry["size"], checksum=entry["checksum"])


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        mistake = error.errors()[0]
        place = ".".join(map(str, mistake["loc"]))
        return f"{place}: {mistake['msg'].removeprefix('Value error, ')}".removeprefix(": ")
    return f"no {error}" if isinstance(error, KeyError) else str(error)
