"""How parameters differ from the last run's, which Snakemake keeps as texts without names."""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

CODE = "code"
LONGEST_VALUE = 60
MOST_DIFFERENCES = 4


@dataclass(frozen=True)
class Change:
    """One parameter of a job that is not what it was.

    Args:
        name: of the parameter.
        differences: in words, such as `phi [16, 16] -> [16, 24]`.
    """

    name: str
    differences: tuple[str, ...]

    def __str__(self) -> str:
        shown = list(self.differences[:MOST_DIFFERENCES])
        more = len(self.differences) - len(shown)
        return ", ".join(shown + [f"{more} more"] * (more > 0))


def changes(before: Collection[str], now: Mapping[str, str]) -> list[Change]:
    """Name the parameters that differ.

    Args:
        before: the recorded values as Python literals, in any order.
        now: today's values as Python literals by name.
    """
    gone = [text for text in before if text not in now.values()]
    found = []
    for name, text in now.items():
        if text not in before:
            nearest = max(gone, key=lambda old: _likeness(old, text), default=None)
            if nearest is None or not _likeness(nearest, text):
                found.append(Change(name, ("is new",)))
            else:
                gone.remove(nearest)
                found.append(Change(name, tuple(differences(_value(nearest), _value(text)))))
    return found + [Change("a parameter", (f"{_short(old)} is gone",)) for old in gone]


def differences(before: Any, now: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 (any literal)
    """Say in words what differs between two values, down to the entry of a mapping."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            inner = f"{path}.{key}" if path else str(key)
            if key not in now:
                yield f"{inner} {_short(before[key])} is gone"
            elif key not in before:
                yield f"{inner} {_short(now[key])} is new"
            else:
                yield from differences(before[key], now[key], inner)
    elif _is_long_sequence(before, now):
        for position, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from differences(old, new, f"{path}[{position}]")
    elif before != now:
        yield f"{path} {_short(before)} -> {_short(now)}".strip()


def _is_long_sequence(before: Any, now: Any) -> bool:  # noqa: ANN401 (any literal)
    """Tell whether two lists are better compared entry by entry than shown."""
    are_sequences = isinstance(before, list | tuple) and isinstance(now, list | tuple)
    return are_sequences and len(before) == len(now) and len(repr(now)) > LONGEST_VALUE


def _value(text: str) -> Any:  # noqa: ANN401 (any literal)
    """Return the value of a literal, or the text where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _likeness(before: str, now: str) -> float:
    """Return 0 for values of different kinds, more the more of them is the same."""
    old, new = _value(before), _value(now)
    if type(old) is not type(new) or _is_fingerprint(old) != _is_fingerprint(new):
        return 0.0
    if isinstance(old, Mapping):
        return 0.01 + len(old.keys() & new.keys()) / max(1, len(old.keys() | new.keys()))
    if isinstance(old, str):
        return 0.01 + SequenceMatcher(None, old, new, autojunk=False).ratio()
    return 1.0


def _is_fingerprint(value: Any) -> bool:  # noqa: ANN401 (any literal)
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{16}", value) is not None


def _short(value: Any) -> str:  # noqa: ANN401 (any literal)
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 4]} ..."


def subject(wildcards: Sequence[Mapping[str, str]], others: Sequence[Mapping[str, str]]) -> str:
    """Name what some jobs of a stage have in common that not all of the stage have.

    Args:
        wildcards: of the jobs.
        others: of all jobs of the stage.
    """
    first = wildcards[0]
    shared = [
        name
        for name in first
        if all(one[name] == first[name] for one in wildcards)
        and any(one[name] != first[name] for one in others)
    ]
    return ", ".join(f"{name} {first[name]}" for name in shared)
