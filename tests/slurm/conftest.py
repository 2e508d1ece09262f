"""A cluster and a prepared project for the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster, missing_programs, running
from tests.slurm.runs import prepared_project


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
