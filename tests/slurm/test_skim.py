"""A skim whose files are read by jobs that Dask submits to a real Slurm."""

import pytest

from tagline import skim as stage
from tagline.reading import clusters
from tagline.reading.ledger import read_ledger
from tagline.settings.catalogue import Dataset, Skim
from tagline.skim import skim
from tests import dying
from tests.slurm.cluster import wait_for
from tests.toys import toy_jets, write_jetclass_root

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_jobs_read_the_files_and_lost_ones_come_again(cluster, tmp_path, monkeypatch):
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, cluster.environment[name])
    monkeypatch.setattr(clusters, "SECONDS_TO_REFILL", 2)
    monkeypatch.setattr(stage, "skim_file", dying.once_with_its_parent)
    (tmp_path / "caches").mkdir()
    paths = [tmp_path / f"{number}.root" for number in range(4)]
    for number, path in enumerate(paths):
        write_jetclass_root(path, toy_jets(20, seed=number))
    skim(
        list(map(str, paths)),
        dataset=Dataset(files=("*",)),
        folder=tmp_path / "skim",
        processes=1,
        cache=tmp_path / "caches" / "skim",
        where=Skim(cluster="slurm", jobs=2, memory_mb=1000, minutes=30, partition="cpu"),
    )
    accounts = read_ledger(tmp_path / "skim" / "ledger.json")
    assert [account.kept for account in accounts] == [20] * 4

    def some_took_the_place_of_the_killed() -> bool:
        return sum(job["Partition"] == "cpu" for job in cluster.jobs()) >= 3

    wait_for(some_took_the_place_of_the_killed, "a job in the place of those that were killed")
