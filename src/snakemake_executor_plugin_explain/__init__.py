"""`snakemake --executor explain ...`: what would run and why, in words, and what it would take.

Nothing runs, as in a dry run. The words go to standard output. Nothing of the package is imported
before the Snakefile has said where it is.
"""

import logging
import sys
from collections.abc import Sequence
from typing import Any

from snakemake_interface_executor_plugins.executors.base import AbstractExecutor, SubmittedJobInfo
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    dryrun_exec=True,
    non_local_exec=False,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_envvar_declarations_to_cmd=False,
    auto_deploy_default_storage_provider=False,
)


class Executor(AbstractExecutor):
    """Explains the plan instead of running it."""

    def __init__(self, workflow: Any, logger: Any) -> None:  # noqa: ANN401 (Snakemake's)
        super().__init__(workflow, logger)
        from snakemake_executor_plugin_explain.plan import explanation

        sys.stdout.write(explanation(workflow) + "\n")
        sys.stdout.flush()
        logger.setLevel(logging.WARNING)  # Snakemake's own listing would drown the words

    def run_jobs(self, jobs: Sequence[Any]) -> None:
        """Pass jobs as done without telling of each."""
        for job in jobs:
            self.run_job(job)

    def run_job(self, job: Any) -> None:  # noqa: ANN401 (Snakemake's)
        """Pass one job as done."""
        self.get_resource_declarations_dict(job)  # here, since they cannot be in an event loop
        done = SubmittedJobInfo(job=job)
        self.report_job_submission(done)
        self.report_job_success(done)

    def cancel(self) -> None:
        """There is nothing to cancel."""

    def shutdown(self) -> None:
        """There is nothing to shut down."""

    def handle_job_success(self, job: Any) -> None:  # noqa: ANN401 (Snakemake's)
        """There is nothing to handle."""

    def handle_job_error(self, job: Any) -> None:  # noqa: ANN401 (Snakemake's)
        """There is nothing to handle."""
