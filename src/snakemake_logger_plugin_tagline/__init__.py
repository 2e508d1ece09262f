"""One line a job on the terminal: what is planned, what is done, and what failed and why.

Snakemake's warnings and errors come through in full; what it says of each job is in
`.snakemake/log`. Dry runs and `--verbose` print what Snakemake prints.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from logging import WARNING, LogRecord
from threading import Timer
from typing import Any

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from snakemake_logger_plugin_tagline import reasons
from snakemake_logger_plugin_tagline.progress import Progress, by_rule, jobs

TELLS_FAILURES = "TAGLINE_LOGGER"  # jobs whose environment has it leave their last line to us
RETRY_WITHIN = 3.0  # seconds after which a failed job is taken to be given up
SETTING_UP = (
    "Assuming unrestricted shared filesystem",
    "Building DAG of jobs",
    "Conda environments: ignored",
    "Config file ",
    "Group jobs: inactive",
    "SLURM run ID: ",
    "Singularity containers: ignored",
    "Using shell",
)
INTERRUPTED = "Terminating processes on user request"
WORTH_KNOWING = ("Nothing to be done", "Will exit after finishing")
ALL_IS_WELL = "should work reliably"  # a warning of the Slurm executor that nothing is wrong
FROM_JOBS = ("CalledProcessError", "RuleException")
MISSING_OUTPUT = re.compile(
    r"Job (?P<jobid>\d+) +completed successfully, but some output files are missing"
    r".*?:\n(?P<files>.*)",
    flags=re.DOTALL,
)
RETRY = re.compile(r"Trying to restart job (?P<jobid>\S+)\.")
SAID_ANYWAY = ("Exiting because a job execution failed", "At least one job did not complete")


class LogHandler(LogHandlerBase):
    """Tells a run line by line."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        settings = self.common_settings
        self.full = ColorizingTextHandler(
            nocolor=settings.nocolor,
            stream=sys.stdout if settings.stdout else sys.stderr,
            formatter=DefaultFormatter(settings.quiet, settings.show_failed_logs),
            filter=DefaultFilter(
                settings.quiet,
                settings.debug_dag,
                settings.verbose,
                settings.dryrun,
                settings.printshellcmds,
            ),
        )
        self.in_full = settings.dryrun or settings.verbose or settings.debug_dag
        if not self.in_full:
            os.environ[TELLS_FAILURES] = "1"
        self.quiet = frozenset(settings.quiet or ())
        self.progress = Progress()
        self.exits: dict[int | None, str] = {}
        self.pending: dict[str, tuple[LogRecord, str]] = {}
        self.warned: set[str] = set()

    def emit(self, record: LogRecord) -> None:
        """Tell one event."""
        tell = None if self.in_full else TELLERS.get(getattr(record, "event", None))
        with suppress(BrokenPipeError):  # a terminal that is gone does not end the run
            if tell is None:
                self.full.handle(record)
            else:
                tell(self, record, vars(record))

    def flush(self) -> None:
        """Tell the failures that were held back, as nothing more is to come."""
        for key in list(self.pending):
            self.tell_given_up(key)

    def say(self, record: LogRecord, line: str) -> None:
        """Print a line in the colour of its record, if the user wants such lines."""
        if Quietness.ALL not in self.quiet:
            self.full.stream.write(f"{self.full.decorate(record, line)}\n")
            self.full.flush()

    def say_progress(self, record: LogRecord, line: str) -> None:
        """Print a line about what goes well."""
        if Quietness.PROGRESS not in self.quiet:
            self.say(record, line)

    def tell_plan(self, record: LogRecord, info: dict[str, Any]) -> None:
        """Tell how many jobs of which rules there are."""
        self.say_progress(record, self.progress.plan(info["stats"], record.created))

    def tell_start(self, record: LogRecord, info: dict[str, Any]) -> None:
        """Remember a job; its own lines say that it runs."""
        self.progress.start(info, record.created)

    def tell_finish(self, record: LogRecord, info: dict[str, Any]) -> None:
        """Tell a finished job."""
        self.say_progress(record, self.progress.finish(info["job_id"], record.created))

    def tell_failure(self, record: LogRecord, info: dict[str, Any]) -> None:
        """Tell a failed job, unless its group tells it."""
        if not info["indent"]:
            log, reason = reasons.find(info["log"])
            ended = reasons.of_executor(info["rule_msg"]) or self.exits.pop(record.thread, "")
            self.hold(info["jobid"], record, reasons.joined(reason, ended), log)

    def tell_group_failure(self, record: LogRecord, info: dict[str, Any]) -> None:
        """Tell a failed group by the job whose log has an error, else by what the cluster says."""
        members = info["job_error_info"]
        for member in members:
            log, reason = reasons.find(member["log"])
            if reason:
                reason = reasons.joined(reason, f"in a group of {jobs(len(members))}")
                self.hold(member["jobid"], record, reason, log)
                return
        log, reason = reasons.find(info["aux_logs"])
        rules = by_rule(Counter(member["rule_name"] for member in members))
        first = min(member["jobid"] for member in members)
        self.hold(first, record, reason, log, name=f"a group of {jobs(len(members))} ({rules})")

    def tell_error(self, record: LogRecord, info: dict[str, Any]) -> None:
        """Pass on an error of Snakemake, but keep one of a job for the line about that job."""
        missing = MISSING_OUTPUT.search(record.msg)
        if missing:
            jobid = int(missing["jobid"])
            files = [line.split(" (missing")[0] for line in missing["files"].splitlines()]
            log, _ = reasons.find(self.progress.logs_of(jobid))
            self.hold(jobid, record, f"it ended without its output {', '.join(files)}", log)
        elif info["exception"] in FROM_JOBS and (ended := reasons.of_exit(record.msg)):
            self.exits[record.thread] = ended
        elif not any(words in record.msg for words in SAID_ANYWAY):
            self.full.handle(record)

    def tell_message(self, record: LogRecord, _: dict[str, Any]) -> None:
        """Pass on warnings and what is worth knowing; take notice of retries and the end."""
        if retried := RETRY.match(record.msg):
            self.tell_retry(retried["jobid"])
        elif record.msg.startswith(INTERRUPTED):
            self.tell_interruption(record)
        elif record.msg.startswith("Complete log(s): "):
            self.progress.details = os.path.relpath(record.msg.removeprefix("Complete log(s): "))
        elif record.msg.startswith("Elapsed time: "):
            self.flush()
            say = self.say if self.progress.undone() else self.say_progress
            say(record, self.progress.end(record.created))
        elif self.is_worth_telling(record):
            self.full.handle(record)

    def is_worth_telling(self, record: LogRecord) -> bool:
        """Tell whether a message of Snakemake is for the user; the same warning is so once."""
        if record.levelno >= WARNING:
            said_before = record.msg in self.warned
            self.warned.add(record.msg)
            return not (
                said_before or record.msg.startswith(SAID_ANYWAY) or ALL_IS_WELL in record.msg
            )
        if self.progress.began:
            return record.msg.startswith(WORTH_KNOWING)
        return not record.msg.startswith(SETTING_UP)

    def tell_interruption(self, record: LogRecord) -> None:
        """Tell that the user ended the run; the jobs that end with it have not failed."""
        self.progress.interrupted = True
        for key in self.pending:
            del self.progress.failed[int(key)]
        self.pending.clear()
        self.full.handle(record)

    def tell_nothing(self, _: LogRecord, __: dict[str, Any]) -> None:
        """Leave an event to the log file."""

    def hold(
        self, jobid: int, record: LogRecord, reason: str, log: str, *, name: str = ""
    ) -> None:
        """Keep a failure until it is known whether the job is tried again."""
        if self.progress.interrupted:
            return
        self.pending[str(jobid)] = record, self.progress.fail(jobid, reason, log, name=name)
        timer = Timer(RETRY_WITHIN, self.tell_overdue, (str(jobid), record))
        timer.daemon = True
        timer.start()

    def tell_overdue(self, key: str, record: LogRecord) -> None:
        """Tell a failure after which nothing was heard."""
        self.acquire()
        if self.pending.get(key, (None,))[0] is record:
            self.tell_given_up(key)
        self.release()

    def tell_given_up(self, key: str) -> None:
        """Tell a failure that is not followed by another attempt."""
        if key in self.pending:
            self.say(*self.pending.pop(key))

    def tell_retry(self, key: str) -> None:
        """Tell a failure that is followed by another attempt; a group is known by another name."""
        key = key if key.isdigit() else next(iter(self.pending), key)
        if key in self.pending:
            record, line = self.pending.pop(key)
            self.say(record, f"{line}; tried again")


TELLERS: dict[LogEvent | None, Callable[[LogHandler, LogRecord, dict[str, Any]], None]] = {
    None: LogHandler.tell_message,
    LogEvent.RUN_INFO: LogHandler.tell_plan,
    LogEvent.JOB_INFO: LogHandler.tell_start,
    LogEvent.JOB_FINISHED: LogHandler.tell_finish,
    LogEvent.JOB_ERROR: LogHandler.tell_failure,
    LogEvent.GROUP_ERROR: LogHandler.tell_group_failure,
    LogEvent.ERROR: LogHandler.tell_error,
    LogEvent.GROUP_INFO: LogHandler.tell_nothing,
    LogEvent.JOB_STARTED: LogHandler.tell_nothing,
    LogEvent.PROGRESS: LogHandler.tell_nothing,
    LogEvent.RESOURCES_INFO: LogHandler.tell_nothing,
    LogEvent.RULEGRAPH: LogHandler.tell_nothing,
    LogEvent.WORKFLOW_STARTED: LogHandler.tell_nothing,
}
