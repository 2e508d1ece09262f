"""Fingerprints of code, so that a stage reruns when, and only when, the code behind it changed.

Snakemake sees the scripts but not the modules they import. A fingerprint hashes the syntax trees,
without comments and docstrings, of a stage's modules and of all they import inside the package.
A plugin outside the package goes by its path. The configuration layer is left out: its values
reach a rule as parameters.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tagline.artefacts.syntax import Syntax, syntax_of

SOURCE = Path(__file__).parents[2]
PACKAGE = "tagline"
CONFIGURATION = {
    f"{PACKAGE}.settings.{name}"
    for name in (
        "catalogue",
        "config",
        "contenders",
        "legend",
        "lineup",
        "plugins",
        "published",
        "recipes",
        "scans",
        "strict",
        "training",
    )
} | {f"{PACKAGE}.artefacts.fingerprint"}
_behind: dict[str, tuple[Path, ...]] = {}


@cache
def fingerprint(*modules: str) -> str:
    """Hash the named modules, or files, and everything they import inside the package.

    Raises:
        ValueError: a module does not exist.
    """
    for module in modules:
        if not path_of(module).exists():
            raise ValueError(f"no module {module!r} in {SOURCE}")
    closure: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in closure and module not in CONFIGURATION:
            closure.add(module)
            waiting.extend(imports_of(module))
    total = digest({module: read(module).digest for module in sorted(closure)})
    _behind[total] = tuple(path_of(module) for module in sorted(closure))
    return total


def files_behind(total: str) -> tuple[Path, ...]:
    """Return the files of a fingerprint that this process has taken, none if it has not."""
    return _behind.get(total, ())


def digest(values: Any, files: Iterable[Path] = ()) -> str:  # noqa: ANN401 (any JSON)
    """Hash JSON values and the contents of files."""
    total = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for file in sorted(files):
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()[:16]


@cache
def path_of(module: str) -> Path:
    """Return the file of a module, which need not exist; a path is its own."""
    if module.endswith(".py"):
        return Path(module)
    path = SOURCE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def read(module: str) -> Syntax:
    """Return the syntax of a module."""
    return syntax_of(path_of(module))


@cache
def imports_of(module: str) -> frozenset[str]:
    """Return the modules of the package that a module imports, with the packages around them."""
    found = (name for name in read(module).imports if name.startswith(f"{PACKAGE}."))
    inside = {name for name in found if path_of(name).exists()}
    around = {name.rpartition(".")[0] for name in inside | {module}} - {module}
    return frozenset(inside | {name for name in around if name.startswith(f"{PACKAGE}.")})
