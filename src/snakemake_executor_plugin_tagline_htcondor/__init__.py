"""HTCondor for Snakemake that understands what rules ask for: mem_mb, disk_mb, runtime and gpu.

The executor of snakemake-executor-plugin-htcondor (the extra `htcondor`) does the work, but reads
HTCondor's own words alone. Snakemake imports this module wherever it is installed, so without the
extra it says what to install when it is chosen.
"""

from importlib.util import find_spec

__all__ = ["Executor", "common_settings"]

if find_spec("snakemake_executor_plugin_htcondor"):
    from snakemake_executor_plugin_tagline_htcondor.executor import (
        Executor,
        ExecutorSettings,
        common_settings,
    )

    __all__ += ["ExecutorSettings"]
else:
    from snakemake_executor_plugin_tagline_htcondor.absent import Executor, common_settings
