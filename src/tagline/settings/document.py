"""The reference of all configuration keys, made from the typed models.

`python -m tagline.settings.document config/README.md` writes it.
"""

import ast
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from tagline.settings import plugins
from tagline.settings.config import Config
from tagline.settings.strict import Strict

CONFIGURABLE = tuple(kind for kind in plugins.KINDS if kind != "figures")

HEADER = """# Configuration

The Snakefile reads the files of this folder in the order in which it names them, then what
`--configfile` gives. Mappings are merged, lists are replaced. The whole is checked before the
first job: an unknown key, name or file stops the run with the nearest valid one.

Energies are in GeV, lengths in cm, angles in radians. This page is made from the typed models by
`python -m tagline.settings.document`.
"""


def document() -> str:
    """Return the reference as Markdown: one table a model, then one a plugin."""
    sections = [HEADER]
    sections += [_section(_heading(model), model) for model in _models(Config)]
    for kind in CONFIGURABLE:
        sections.append(f"## Parameters of {kind}\n")
        for name in plugins.names(kind):
            heading = f"### `{name}`: {_first_line(kind, name)}"
            config, *inside = _models(plugins.config_of(kind, name))
            sections.append(_section(heading, config))
            sections += [_section(f"##{_heading(model)}", model) for model in inside]
            sections += _example(kind, name)
    return "\n".join(sections)


def _models(model: type[Strict]) -> Iterator[type[Strict]]:
    """Yield a model and those inside it, each once, outermost first."""
    found: dict[type[Strict], None] = {}
    waiting = [model]
    while waiting:
        current = waiting.pop(0)
        if current not in found:
            found[current] = None
            for field in current.model_fields.values():
                waiting.extend(_inside(field.annotation))
    yield from found


def _inside(annotation: Any) -> Iterator[type[Strict]]:  # noqa: ANN401 (any type)
    if isinstance(annotation, type) and not get_args(annotation):
        if issubclass(annotation, Strict):
            yield annotation
    else:
        for argument in get_args(annotation):
            yield from _inside(argument)


def _heading(model: type[Strict]) -> str:
    return f"## {model.__name__}: {(model.__doc__ or '').splitlines()[0]}"


def _first_line(kind: str, name: str) -> str:
    return _docstring(kind, name).splitlines()[0]


def _example(kind: str, name: str) -> list[str]:
    """Return what follows `Example:` in the docstring of a plugin as YAML, if there is any."""
    _, begins, example = _docstring(kind, name).partition("Example:\n")
    return [f"```yaml\n{textwrap.dedent(example)}\n```\n"] if begins else []


def _docstring(kind: str, name: str) -> str:
    tree = ast.parse((plugins.PACKAGE / kind / f"{name}.py").read_text())
    return ast.get_docstring(tree) or ""


def _section(heading: str, model: type[Strict]) -> str:
    if not model.model_fields:
        return f"{heading}\n\nNo parameters.\n"
    rows = [_row(name, field) for name, field in model.model_fields.items()]
    head = [heading, "", "| key | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    if field.is_required():
        default = "required"
    elif field.default_factory is not None:
        default = "`{}`"
    elif isinstance(field.default, Strict):
        default = f"`{field.default.model_dump()}`"
    else:
        default = f"`{field.default!r}`"
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `{name}` | {_type(field.annotation)} | {default} | {meaning} |"


def _type(annotation: Any) -> str:  # noqa: ANN401 (any type)
    arguments = get_args(annotation)
    match get_origin(annotation):
        case None:
            return "None" if annotation is NoneType else getattr(annotation, "__name__", "...")
        case origin if origin is Annotated:
            return _type(arguments[0])
        case origin if origin is Literal:
            return " or ".join(f"`{argument}`" for argument in arguments)
        case origin if origin in (Union, UnionType):
            return " or ".join(map(_type, arguments))
        case origin:
            return f"{origin.__name__}[{', '.join(map(_type, arguments))}]"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document())
