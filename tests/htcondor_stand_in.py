"""Snakemake with a stand-in for an HTCondor scheduler: it runs what is submitted on this machine.

The submit description and the event log are HTCondor's own classes; only the queue is not there.
Each description is written to `submitted.txt`.
"""

import itertools
import subprocess
import sys
import threading
import time
from pathlib import Path

import htcondor2
from snakemake.cli import main

USAGE = "\n".join(
    [
        f"\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  {what} Usage"
        for what in ("Run Remote", "Run Local", "Total Remote", "Total Local")
    ]
    + [
        f"\t0  -  {what} By Job"
        for what in (
            "Run Bytes Sent",
            "Run Bytes Received",
            "Total Bytes Sent",
            "Total Bytes Received",
        )
    ]
)


class Submitted:
    """What HTCondor returns of a submission."""

    def __init__(self, number: int) -> None:
        self.number = number

    def cluster(self) -> int:
        return self.number


class Schedd:
    """Starts each job at once."""

    numbers = itertools.count(1)
    lock = threading.Lock()

    def submit(self, description: htcondor2.Submit) -> Submitted:
        number = next(self.numbers)
        with Path("submitted.txt").open("a") as file:
            file.write(f"{description}\n")
        tell(description, number, 0, "Job submitted from host: <127.0.0.1:9618>")
        threading.Thread(target=run, args=(description, number)).start()
        return Submitted(number)


def run(description: htcondor2.Submit, number: int) -> None:
    """Run a job; its arguments are split as HTCondor's old syntax does, at spaces."""
    tell(description, number, 1, "Job executing on host: <127.0.0.1:9618>")
    files = {
        stream: Path(description[name].replace("$(ClusterId)", str(number)))
        for stream, name in (("stdout", "output"), ("stderr", "error"))
    }
    command = [description["executable"], *description["arguments"].split()]
    done = subprocess.run(command, text=True, capture_output=True)
    for stream, file in files.items():
        file.write_text(getattr(done, stream))
    ended = f"Job terminated.\n\t(1) Normal termination (return value {done.returncode})\n{USAGE}"
    tell(description, number, 5, ended)


def tell(description: htcondor2.Submit, number: int, event: int, text: str) -> None:
    """Append an event to the log of the jobs."""
    with Schedd.lock, Path(description["log"]).open("a") as log:
        log.write(f"{event:03} ({number:03}.000.000) {time.strftime('%F %T')} {text}\n...\n")


if __name__ == "__main__":
    htcondor2.Schedd = Schedd
    htcondor2.Submit.issue_credentials = lambda _: None
    main(sys.argv[1:])
