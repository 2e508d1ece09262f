"""Variations of tasks: an entry says what differs, and takes the rest from the task it varies.

`noisy: {variation_of: top_tagging, noise: {density: 10}}` becomes a whole task.
"""

from collections.abc import Mapping
from typing import Any

OF_NOMINAL = (
    "protected",
    "fractions",
    "splits",
    "sampling",
    "balance",
)  # what taggers were trained with


def with_variations(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration, as it was read, with the rest of each variation filled in.

    Raises:
        ValueError: a variation gives what it shares with its task, or that is one itself.
    """
    tasks = values.get("tasks")
    if not isinstance(tasks, Mapping):
        return dict(values)
    return {**values, "tasks": {name: _filled(name, tasks) for name in tasks}}


def _filled(name: str, tasks: Mapping[str, Any]) -> Any:  # noqa: ANN401 (whatever the YAML holds)
    entry = tasks[name]
    nominal = tasks.get(_varied(entry))
    if not isinstance(nominal, Mapping):
        return entry  # no variation, or of a task that is not there, which is told later
    if _varied(nominal):
        raise ValueError(f"tasks.{name}.variation_of: {_varied(entry)!r} is a variation itself")
    for key in OF_NOMINAL:
        if key in entry:
            raise ValueError(f"tasks.{name}: a variation takes `{key}` from its task")
    return {**nominal, **entry, "title": entry.get("title", "")}


def _varied(entry: Any) -> str:  # noqa: ANN401
    return str(entry.get("variation_of") or "") if isinstance(entry, Mapping) else ""
