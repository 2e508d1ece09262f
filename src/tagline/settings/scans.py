"""Scans: a list where a method takes one value stands for a variant for each of its values.

`disco: {parameters: {strength: [1, 10]}}` becomes the entries `disco_strength_1` and
`disco_strength_10`, and a study that names `disco` has both.
"""

import itertools
from collections.abc import Mapping
from typing import Any, get_origin

from tagline.settings import plugins

Entry = dict[str, Any]


def with_scans(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration, as it was read, with the variants in the place of their scans.

    Raises:
        ValueError: a variant has the name of another entry.
    """
    scanned = {
        name: variants
        for name, entry in _mapping(values, "decorrelations").items()
        if (variants := variants_of(name, entry))
    }
    if not scanned:
        return dict(values)
    entries: Entry = {}
    for name, entry in _mapping(values, "decorrelations").items():
        for variant, changed in scanned.get(name, {name: entry}).items():
            if variant in entries:
                raise ValueError(
                    f"decorrelations.{name}: its variant {variant!r} is there already"
                )
            entries[variant] = changed
    study = _mapping(values, "study")
    selected = study.get("decorrelations")
    if isinstance(selected, list | tuple):
        expanded = [tuple(scanned.get(name, (name,))) for name in selected]
        study = {**study, "decorrelations": tuple(itertools.chain.from_iterable(expanded))}
    return {**values, "decorrelations": entries, "study": study}


def variants_of(name: str, entry: Any) -> dict[str, Entry]:  # noqa: ANN401 (whatever the YAML holds)
    """Return the variants of an entry by name, none if it is no scan."""
    parameters = _mapping(entry, "parameters")
    lists = {
        key: value
        for key, value in parameters.items()
        if isinstance(value, list | tuple) and _takes_one(entry.get("method"), key)
    }
    if not lists:
        return {}
    title = entry.get("title") or name
    return {
        "_".join([name, *(f"{key}_{_word(value)}" for key, value in chosen.items())]): {
            **entry,
            "parameters": parameters | chosen,
            "title": ", ".join([title, *(f"{key} {value}" for key, value in chosen.items())]),
            "scan": title,
        }
        for chosen in (
            dict(zip(lists, combination, strict=True))
            for combination in itertools.product(*lists.values())
        )
    }


def _takes_one(method: Any, key: str) -> bool:  # noqa: ANN401
    """Tell whether a parameter of a method is one value, and not a list itself."""
    try:
        field = plugins.config_of("decorrelation", method).model_fields[key]
    except (AttributeError, KeyError, TypeError, ValueError):  # told when the entry is checked
        return False
    return get_origin(field.annotation) is not tuple


def _word(value: Any) -> str:  # noqa: ANN401
    """Write a value as a part of a name, with p for the point as the field does."""
    return str(value).lower().replace(".", "p").replace("-", "m").replace("+", "")


def _mapping(values: Any, key: str) -> Entry:  # noqa: ANN401
    found = values.get(key) if isinstance(values, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else {}
