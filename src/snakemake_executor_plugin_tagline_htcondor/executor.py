"""The executor where HTCondor's Python package is installed."""

from snakemake_executor_plugin_htcondor import Executor as HTCondorExecutor
from snakemake_executor_plugin_htcondor import ExecutorSettings, common_settings
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface

from snakemake_executor_plugin_tagline_htcondor.requests import requests

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


class Executor(HTCondorExecutor):
    """Submit to HTCondor with the requests of the rule."""

    def run_job(self, job: JobExecutorInterface) -> None:
        """Submit a job."""
        job.resources.update(requests(job.resources))
        super().run_job(job)
