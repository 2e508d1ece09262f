"""What a module says, without comments and docstrings, remembered beside it like its bytecode."""

import ast
import hashlib
import json
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Syntax(NamedTuple):
    """A hash of a syntax tree, and all names that are imported there, at any place."""

    digest: str
    imports: tuple[str, ...]


def syntax_of(path: Path) -> Syntax:
    """Return the syntax of a file, which is parsed only if it is another one than before."""
    content = path.read_bytes()
    state = hashlib.sha256(_own_code() + content).hexdigest()
    kept = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.syntax.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        before = json.loads(kept.read_text())
        if before["state"] == state:
            return Syntax(before["digest"], tuple(before["imports"]))
    syntax = _parsed(content)
    with suppress(OSError):  # perhaps it may not be written there
        _write(json.dumps({"state": state, **syntax._asdict()}), kept)
    return syntax


def _parsed(content: bytes) -> Syntax:
    tree = ast.parse(content)
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        elif isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports.add(node.module)
            imports.update(f"{node.module}.{alias.name}" for alias in node.names)
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return Syntax(digest, tuple(sorted(imports)))


def _write(text: str, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, suffix=".syntax", delete=False) as unfinished:
        unfinished.write(text)
    Path(unfinished.name).replace(path)


@cache
def _own_code() -> bytes:
    return Path(__file__).read_bytes()
