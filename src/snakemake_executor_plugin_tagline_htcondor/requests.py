"""What a rule asks for, in HTCondor's words."""

from collections.abc import Mapping
from typing import Any


def requests(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Translate what HTCondor has other names for, unless the job names it so already.

    The time limit is told by the attributes that CERN (`MaxRuntime`) and DESY (`RequestRuntime`)
    read; other sites ignore them.
    """
    translated = {
        "htcondor_request_mem_mb": resources.get("mem_mb"),
        "htcondor_request_disk_mb": resources.get("disk_mb"),
        "request_gpus": resources.get("gpu"),
        "classad_MaxRuntime": seconds(resources.get("runtime")),
        "classad_RequestRuntime": seconds(resources.get("runtime")),
    }
    named = {
        "htcondor_request_mem_mb": "request_memory",
        "htcondor_request_disk_mb": "request_disk",
    }
    return {
        name: value
        for name, value in translated.items()
        if value and resources.get(name) is None and resources.get(named.get(name, name)) is None
    }


def seconds(minutes: int | None) -> int | None:
    """Convert Snakemake's unit of time to HTCondor's."""
    return minutes * 60 if minutes else None
