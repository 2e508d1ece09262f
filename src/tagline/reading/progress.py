"""How far a skim is: files, events, megabytes a second, failures, and the time that is left."""

import time

from tagline.accounting.accounts import show_time
from tagline.reading.parts import Report


class Progress:
    """Counts what is done and failed; a file that is tried again counts as it ended last.

    Args:
        num_files: number of all files.
    """

    def __init__(self, num_files: int) -> None:
        self.num_files, self.start = num_files, time.monotonic()
        self.reports: dict[str, Report] = {}

    def add(self, report: Report) -> None:
        """Count one file."""
        self.reports[report.ledger.part] = report

    def line(self) -> str:
        """Describe how far it is."""
        reports = self.reports.values()
        failed = sum(bool(report.ledger.failed) for report in reports)
        events = sum(report.ledger.events for report in reports)
        seconds = max(time.monotonic() - self.start, 1e-3)
        megabytes = sum(report.num_bytes for report in reports) / 1e6
        words = [
            f"{len(reports)} of {self.num_files} files",
            f"{events:,} events",
            f"{megabytes / seconds:.3g} MB/s",
            f"{failed} failed",
        ]
        here = sum(report.seconds > 0 for report in reports)
        if here and len(reports) < self.num_files:
            left = seconds / here * (self.num_files - len(reports))
            words.append(f"{show_time(left)} left")
        return ", ".join(words)
