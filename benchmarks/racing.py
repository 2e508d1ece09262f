"""Fair races: interleaved rounds, process CPU time, medians; one line says who won."""

import statistics
import time
from collections.abc import Callable


def race(
    contenders: dict[str, Callable[[], object]],
    rounds: int = 5,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Return the median CPU seconds of each contender, after one untimed call of each.

    Every round runs all of them, beginning with another one each time, so that a busy or warming
    machine is unfair to nobody. A contender that lets another process work needs another clock.
    """
    for run in contenders.values():
        run()
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for first in range(rounds):
        for name in names[first % len(names) :] + names[: first % len(names)]:
            start = clock()
            contenders[name]()
            seconds[name].append(clock() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def verdict(
    title: str,
    seconds: dict[str, float],
    *,
    ours: str,
    rival: str,
    goal: float,
    limit: str = "",
    goal_of_limit: float = 0,
) -> str:
    """Return a line with the ratio, the goal and, where a limit raced too, its fraction."""
    ratio = seconds[rival] / seconds[ours]
    line = f"{title}: {ratio:.2f}x {rival} (goal {goal:g}x {_reached(ratio, goal)})"
    if limit:
        fraction = seconds[limit] / seconds[ours]
        line += f", {fraction:.2f} of the limit ({limit}"
        if goal_of_limit:
            line += f"; goal {goal_of_limit:g} {_reached(fraction, goal_of_limit)}"
        line += ")"
    return line


def _reached(value: float, goal: float) -> str:
    return "reached" if value >= goal else "MISSED"


def rates(seconds: dict[str, float], num_jets: int) -> str:
    """Return a line for each contender with what it does in a CPU second."""
    lines = []
    for name, spent in seconds.items():
        rate = num_jets / spent
        lines.append(f"  {name}: {rate:,.{0 if rate > 100 else 1}f} jets per CPU second")
    return "\n".join(lines)
