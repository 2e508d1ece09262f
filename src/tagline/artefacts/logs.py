"""Log lines of a job: to its log file, and to the terminal with the job's name in front.

Snakemake removes the log file before it starts a job again. So the file is a link, and the lines
of all attempts stay in a hidden file beside it.
"""

import logging
from pathlib import Path

ATTEMPT = "===== attempt"


def start(log_file: Path, job: str) -> None:
    """Send all log lines of this process to a file and to the terminal."""
    to_file = logging.FileHandler(linked(log_file))
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    to_terminal = logging.StreamHandler()
    to_terminal.setFormatter(logging.Formatter(f"{job}: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file, to_terminal], force=True)
    logging.captureWarnings(True)


def linked(log_file: Path) -> Path:
    """Head a new attempt in the file behind a log, and link the log to it."""
    behind = log_file.with_name(f".{log_file.name}")
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with behind.open("a+") as file:
        file.seek(0)
        attempts = sum(line.startswith(ATTEMPT) for line in file)
        file.write(f"{ATTEMPT} {attempts + 1} =====\n")
    log_file.unlink(missing_ok=True)
    log_file.symlink_to(behind.name)
    return behind
