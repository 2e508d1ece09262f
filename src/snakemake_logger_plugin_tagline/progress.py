"""What a run plans, has done and has left undone, and how that is said."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Job:
    """One job that was started."""

    rule: str
    name: str
    started: float
    logs: list[str]


@dataclass
class Progress:
    """The counts of one run."""

    planned: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)
    attempts: Counter[int] = field(default_factory=Counter)
    jobs: dict[int, Job] = field(default_factory=dict)
    began: float = 0.0
    details: str = ""
    interrupted: bool = False

    def plan(self, stats: Mapping[str, int], time: float) -> str:
        """Take up the plan of a run and tell it."""
        self.planned = Counter({rule: count for rule, count in stats.items() if rule != "total"})
        self.began = time
        return f"{jobs(self.planned.total())}: {by_rule(self.planned)}"

    def start(self, info: Mapping[str, Any], time: float) -> None:
        """Remember a job that is started or submitted."""
        name = " ".join([info["rule_name"], *map(str, info["wildcards"].values())])
        self.jobs[info["jobid"]] = Job(info["rule_name"], name, time, info["log"])

    def logs_of(self, jobid: int) -> list[str]:
        """Return the log files of a job that was started."""
        return self.jobs[jobid].logs if jobid in self.jobs else []

    def finish(self, jobid: int, time: float) -> str:
        """Count a finished job and tell it."""
        job = self.jobs[jobid]
        self.done[job.rule] += 1
        self.failed.pop(jobid, None)
        total = str(self.planned.total())
        count = f"{self.done.total():>{len(total)}}/{total}"
        attempt = f" (attempt {self.attempts[jobid] + 1})" if self.attempts[jobid] else ""
        return f"[{count}] {job.name}: {duration(time - job.started)}{attempt}"

    def fail(self, jobid: int, reason: str, log: str, *, name: str = "") -> str:
        """Count a failed job and tell it by its name or another."""
        job = self.jobs[jobid]
        self.failed[jobid] = job.rule
        self.attempts[jobid] += 1
        attempt = f" in attempt {self.attempts[jobid]}" if self.attempts[jobid] > 1 else ""
        because = f": {reason}" if reason else ""
        where = f"; see {log}" if log else ""
        return f"{name or job.name} failed{attempt}{because}{where}"

    def undone(self) -> Counter[str]:
        """Count what is planned and not done, by rule."""
        return self.planned - self.done

    def end(self, time: float) -> str:
        """Tell how the run ended, and how to go on if something is left."""
        took = f"in {duration(time - self.began)}"
        undone = self.undone()
        if not undone:
            return f"{jobs(self.planned.total())} done {took}"
        failed = Counter(self.failed.values())
        how = "interrupted: " if self.interrupted else ""
        told = [f"{how}{self.done.total()} of {jobs(self.planned.total())} done {took}"]
        if failed:
            told.append(f"{failed.total()} failed ({by_rule(failed)})")
        if left := undone - failed:
            told.append(f"{left.total()} left undone ({by_rule(left)})")
        details = f" (all details: {self.details})" if self.details else ""
        return f"{', '.join(told)}; the same command resumes{details}"


def jobs(count: int) -> str:
    """Say a number of jobs."""
    return "1 job" if count == 1 else f"{count} jobs"


def by_rule(counts: Mapping[str, int]) -> str:
    """Say numbers of jobs by rule."""
    return ", ".join(f"{count} {rule}" for rule, count in counts.items())


def duration(seconds: float) -> str:
    """Say a time in its two largest units."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
