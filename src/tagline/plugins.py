"""Finding plugins by name: the module is the plugin, and its file name is the config value.

The `Config` of a plugin is read from the syntax tree of its file, so that a configuration can be
checked without importing torch.
"""

import ast
import importlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from tagline.strict import Strict, did_you_mean

PACKAGE = Path(__file__).parent
KINDS = ("datasets", "representations", "taggers", "objectives", "decorrelation", "figures")


def names(kind: str) -> list[str]:
    """List the plugins of a kind."""
    return sorted(path.stem for path in (PACKAGE / kind).glob("*.py") if path.stem != "__init__")


def require(kind: str, name: str) -> None:
    """Raise ValueError if there is no such plugin."""
    if name not in names(kind):
        raise ValueError(f"no {kind} plugin {name!r}: {did_you_mean(name, names(kind))}")


def load(kind: str, name: str) -> ModuleType:
    """Import a plugin."""
    require(kind, name)
    return importlib.import_module(f"tagline.{kind}.{name}")


@cache
def config_of(kind: str, name: str) -> type[Strict]:
    """Return the `Config` of a plugin without importing it.

    `Config` must stand alone: it may use pydantic, typing, `Strict` and literals.
    """
    require(kind, name)
    path = PACKAGE / kind / f"{name}.py"
    tree = ast.parse(path.read_text(), filename=str(path))
    kept = [node for node in tree.body if _belongs_to_config(node)]
    namespace = {"__name__": f"tagline.{kind}.{name}"}
    exec(compile(ast.Module(kept, type_ignores=[]), str(path), "exec"), namespace)
    if "Config" not in namespace:
        raise ValueError(f"{path}: a plugin must declare `class Config(Strict)`")
    return cast("type[Strict]", namespace["Config"])


@cache
def constant_of(kind: str, name: str, constant: str) -> str:
    """Return a text assigned at the top of a plugin without importing it."""
    require(kind, name)
    path = PACKAGE / kind / f"{name}.py"
    for node in ast.parse(path.read_text(), filename=str(path)).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=assigned)], value=value) if assigned == constant:
                return str(ast.literal_eval(value))
    raise ValueError(f"{path}: a plugin of kind {kind} must declare {constant}")


@cache
def has_base(kind: str, name: str, declared: str, *, base: str) -> bool:
    """Tell whether a class of a plugin names another as its base, without importing it."""
    bases = _class_of(kind, name, declared).bases
    return any(isinstance(found, ast.Name) and found.id == base for found in bases)


@cache
def has_method(kind: str, name: str, declared: str, *, method: str) -> bool:
    """Tell whether a class of a plugin defines a method of its own, without importing it."""
    body = _class_of(kind, name, declared).body
    return any(isinstance(node, ast.FunctionDef) and node.name == method for node in body)


def _class_of(kind: str, name: str, declared: str) -> ast.ClassDef:
    require(kind, name)
    path = PACKAGE / kind / f"{name}.py"
    for node in ast.parse(path.read_text(), filename=str(path)).body:
        if isinstance(node, ast.ClassDef) and node.name == declared:
            return node
    raise ValueError(f"{path}: a plugin of kind {kind} must declare `class {declared}`")


def _belongs_to_config(node: ast.stmt) -> bool:
    match node:
        case ast.ImportFrom(module="pydantic" | "typing" | "tagline.strict" | "tagline.columns"):
            return True
        case ast.ClassDef(bases=[ast.Name(id="Strict")]):
            return True
        case _:
            return False
