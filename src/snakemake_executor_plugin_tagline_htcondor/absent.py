"""What stands for the executor where HTCondor's Python package is not installed."""

from typing import Self

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import AbstractExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings

common_settings = CommonSettings(
    non_local_exec=True, implies_no_shared_fs=False, job_deploy_sources=False
)


class Executor(AbstractExecutor):
    """Says what to install; a dry run does not need it."""

    def __new__(cls, *_: object, **__: object) -> Self:
        """Refuse.

        Raises:
            WorkflowError: always.
        """
        raise WorkflowError(
            "executor tagline-htcondor needs HTCondor's Python package: "
            "pip install --constraint constraints.txt --editable '.[htcondor]'"
        )
