"""A small production, disturbed all the time and killed once, ends complete; see the benchmark."""

import pytest

from benchmarks.production import produce


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nothing_is_lost_while_servers_connections_and_processes_die(tmp_path):
    happened = produce(tmp_path, num_files=6, jets_per_file=300, files_per_job=6, pause=30)
    assert happened["production killed"] == 1
    assert happened["server killed"] > 0
    assert happened["connections cut"] > 0
