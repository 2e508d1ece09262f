"""What is left of a group: `python -m ... PLAN ARGUMENTS` runs Snakemake for unfinished members.

A Slurm job that goes back into the queue starts its command again, and Snakemake would begin by
removing what all members have made. A plan names their outputs, and is written just before the
submission: what is newer was made by this job.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.utils import encode_target_jobs_cli_args

from snakemake_executor_plugin_tagline_slurm.submissions import digest

logger = logging.getLogger(__name__)


def write_plan(folder: Path, jobs: Iterable[JobExecutorInterface]) -> Path:
    """Name the outputs of each member of a group that is about to be submitted."""
    outputs = {target_of(job): sorted(map(str, job.output)) for job in jobs}
    plan = folder.absolute() / f"{digest(sorted(outputs))}.json"
    plan.parent.mkdir(exist_ok=True)
    plan.write_text(json.dumps(outputs))
    return plan


def target_of(job: JobExecutorInterface) -> str:
    """Return a job as the command line of Snakemake calls it."""
    (target,) = encode_target_jobs_cli_args(job.get_target_spec())
    return str(target)


def finished_since(plan: Path) -> set[str]:
    """Return the members whose outputs are all there; a folder may have been begun only."""
    submitted = plan.stat().st_mtime_ns
    return {
        target
        for target, outputs in json.loads(plan.read_text()).items()
        if all(is_newer(Path(output), submitted) for output in outputs)
    }


def is_newer(file: Path, time: int) -> bool:
    """Whether this is a file, and was written later."""
    return file.is_file() and file.stat().st_mtime_ns > time


def main(plan: Path, arguments: list[str]) -> None:
    """Become Snakemake for the members that are left, if there are any."""
    finished = finished_since(plan)
    for member in sorted(finished):
        logger.info("finished before: %s", member)
    if finished != json.loads(plan.read_text()).keys():
        left = [argument for argument in arguments if argument not in finished]
        os.execv(sys.executable, [sys.executable, "-m", "snakemake", *left])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main(Path(sys.argv[1]), sys.argv[2:])
