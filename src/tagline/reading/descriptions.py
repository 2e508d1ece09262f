"""Columns of a format that are called as its files have them: by name, their unit and meaning."""

from collections.abc import Collection

from tagline.data.columns import Column

Described = dict[str, tuple[str, str]]


def declared(described: Described, *, prefix: str = "") -> tuple[Column, ...]:
    """Return the columns of a description."""
    return tuple(
        Column(prefix + name, "float32", unit, meaning, required=False)
        for name, (unit, meaning) in described.items()
    )


def present(columns: tuple[Column, ...], names: Collection[str]) -> tuple[Column, ...]:
    """Return those columns that a file has, in their order."""
    return tuple(column for column in columns if column.name in names)
