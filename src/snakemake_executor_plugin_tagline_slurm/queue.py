"""What Slurm knows of the jobs of one run."""

import subprocess
from datetime import datetime, timedelta

ALIVE = {
    "PENDING",
    "CONFIGURING",
    "RUNNING",
    "COMPLETING",
    "SUSPENDED",
    "REQUEUED",
    "RESIZING",
    "STAGE_OUT",
}
DAYS_LOOKED_BACK = 30


def states_of(run: str) -> dict[str, str]:
    """Return the state of each job of a run by its number, from the queue or else accounting."""
    since = datetime.now() - timedelta(days=DAYS_LOOKED_BACK)
    accounting = ["sacct", "-X", "--parsable2", "--format=JobID,State", f"--starttime={since:%F}"]
    queue = ["squeue", "--array", "--states=all", "--format=%i|%T"]
    return states_from(*accounting, run) | states_from(*queue, run)


def states_from(*command_and_run: str) -> dict[str, str]:
    """Return what one command tells of a run; nothing where a site does not have it."""
    *command, run = command_and_run
    try:
        done = subprocess.run(
            [*command, "--noheader", f"--name={run}"], capture_output=True, text=True, check=True
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return {}
    pairs = (line.split("|") for line in done.stdout.splitlines())
    return {number: state.split()[0] for number, state in pairs if state}  # "CANCELLED by 0"
