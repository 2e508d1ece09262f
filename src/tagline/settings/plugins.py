"""Finding plugins by name: the module is the plugin, and its file name is the config value.

A plugin of one's own lies outside the package and is named by its path, which ends in `.py`. The
`Config` of a plugin is read from the syntax tree of its file, so that a configuration can be
checked without importing torch.
"""

import ast
import importlib
import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from tagline.settings.options import ReaderOptions, RepresentationOptions
from tagline.settings.strict import Strict, did_you_mean

PACKAGE = Path(__file__).parents[1]
LIGHT = (
    "pydantic",
    "typing",
    "tagline.data.columns",
    "tagline.reading.cms_hbb_columns",
    "tagline.reading.deepntuples_columns",
    "tagline.reading.flat_branches",
    "tagline.reading.nano_columns",
    "tagline.settings.jet_truth",
    "tagline.settings.options",
    "tagline.settings.strict",
)
OPTIONS: dict[str, type[Strict]] = {
    "datasets": ReaderOptions,
    "representations": RepresentationOptions,
}
"""What the `Config` of plugins of a kind derives from, where it tells more than its fields."""
BASES = {"Strict", *(base.__name__ for base in OPTIONS.values())}
KINDS = (
    "datasets",
    "representations",
    "taggers",
    "objectives",
    "decorrelation",
    "combinations",
    "figures",
)


def names(kind: str) -> list[str]:
    """List the plugins of a kind."""
    return sorted(path.stem for path in (PACKAGE / kind).glob("*.py") if path.stem != "__init__")


def require(kind: str, name: str) -> None:
    """Raise ValueError if there is no such plugin."""
    if is_path(name):
        if not Path(name).is_file():
            beside = [str(path) for path in Path(name).parent.glob("*.py")]
            raise ValueError(
                f"no file {name!r} in the working directory: {did_you_mean(name, beside)}"
            )
    elif name not in names(kind):
        raise ValueError(f"no {kind} plugin {name!r}: {did_you_mean(name, names(kind))}")


def is_path(name: str) -> bool:
    """Tell the path of a file outside the package from the name of a plugin inside it."""
    return name.endswith(".py")


def path_of(kind: str, name: str) -> Path:
    """Return the file of a plugin."""
    require(kind, name)
    return Path(name) if is_path(name) else PACKAGE / kind / f"{name}.py"


def module_of(kind: str, name: str) -> str:
    """Return the name by which a plugin is fingerprinted: its module, or its path."""
    return name if is_path(name) else f"tagline.{kind}.{name}"


def load(kind: str, name: str) -> ModuleType:
    """Import a plugin."""
    require(kind, name)
    return _load_file(name) if is_path(name) else importlib.import_module(module_of(kind, name))


def _load_file(name: str) -> ModuleType:
    """Import a file under its path, by which its classes find their module."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def _parse(kind: str, name: str) -> ast.Module:
    path = path_of(kind, name)
    try:
        return ast.parse(path.read_text(), filename=str(path))
    except SyntaxError as error:
        raise ValueError(f"{path}, line {error.lineno}: {error.msg}") from None


@cache
def config_of(kind: str, name: str) -> type[Strict]:
    """Return the `Config` of a plugin without importing it.

    `Config` must stand alone: it may use what is in LIGHT, and literals.
    """
    path = path_of(kind, name)
    kept = [node for node in _parse(kind, name).body if _belongs_to_config(node)]
    namespace = {"__name__": module_of(kind, name)}
    try:
        exec(compile(ast.Module(kept, type_ignores=[]), str(path), "exec"), namespace)
    except NameError as error:
        raise ValueError(f"{path}: `Config` must stand alone, but {error}") from None
    base = OPTIONS.get(kind, Strict)
    config = namespace.get("Config")
    if not (isinstance(config, type) and issubclass(config, base)):
        raise ValueError(f"{path}: a plugin must declare `class Config({base.__name__})`")
    return config


@cache
def constant_of(kind: str, name: str, constant: str) -> str:
    """Return a text assigned at the top of a plugin without importing it."""
    for node in _parse(kind, name).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=assigned)], value=value) if assigned == constant:
                return str(ast.literal_eval(value))
    raise ValueError(f"{path_of(kind, name)}: a plugin of kind {kind} must declare {constant}")


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
    for node in _parse(kind, name).body:
        if isinstance(node, ast.ClassDef) and node.name == declared:
            return node
    raise ValueError(
        f"{path_of(kind, name)}: a plugin of kind {kind} must declare `class {declared}`"
    )


def _belongs_to_config(node: ast.stmt) -> bool:
    match node:
        case ast.ImportFrom(module=module) if module in LIGHT:
            return True
        case ast.ClassDef(bases=[ast.Name(id=base)]):
            return base in BASES
        case _:
            return False
