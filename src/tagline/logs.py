"""Log lines of a job: to its log file, and to the terminal with the job's name in front."""

import logging
from pathlib import Path


def start(log_file: str | Path, job: str) -> None:
    """Send all log lines of this process to a file and to the terminal."""
    Path(log_file).parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(log_file, mode="w")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    to_terminal = logging.StreamHandler()
    to_terminal.setFormatter(logging.Formatter(f"{job}: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[to_file, to_terminal], force=True)
    logging.captureWarnings(True)
