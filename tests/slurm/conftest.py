"""A cluster and a prepared project for the tests of a file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, missing_programs, running
from tests.slurm.runs import Run, prepared_project


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """A Slurm of four nodes, two of them with a GPU."""
    if missing := missing_programs():
        pytest.skip(f"no {', '.join(missing)}: apt-get install slurm-wlm slurmdbd mariadb-server")
    with running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """A project whose jets are prepared, and nothing is trained."""
    return prepared_project(tmp_path_factory.mktemp("prepared") / "project")


@pytest.fixture(scope="module")
def start(cluster) -> Iterator[Callable[..., Run]]:
    """Start Snakemake on the cluster; what still runs in the end is killed."""
    runs = []

    def start_run(folder: Path, *arguments: str) -> Run:
        runs.append(Run(cluster, folder, *arguments))
        return runs[-1]

    yield start_run
    for run in runs:
        run.kill()
