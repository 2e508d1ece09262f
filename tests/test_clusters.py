"""Processes of a skim may die, or not begin, and nothing is lost."""

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import pytest

from tagline import skim as stage
from tagline.reading import clusters
from tagline.reading.clusters import THIS_MACHINE, workers
from tagline.reading.ledger import FileLedger, read_ledger
from tagline.reading.parts import Report, Source, skim_file
from tagline.reading.patience import ROUNDS
from tagline.settings.catalogue import Dataset, Skim
from tagline.settings.records import ListedFile
from tagline.skim import skim
from tests import dying
from tests.slurm.cluster import wait_for
from tests.test_skim import contents
from tests.test_workflow import ROOT
from tests.toys import toy_jets, write_jetclass_root


@pytest.fixture
def run(tmp_path):
    """Return a skim of three files by two processes."""
    paths = [tmp_path / "raw" / f"{number}.root" for number in range(3)]
    for number, path in enumerate(paths):
        write_jetclass_root(path, toy_jets(20, seed=number))

    def skim_files(folder, processes=2, where=THIS_MACHINE, **options):
        dataset = Dataset(files=("*",), **options)
        files, cache = list(map(str, paths)), tmp_path / "caches" / folder
        places = {"folder": tmp_path / folder, "cache": cache, "where": where}
        skim(files, dataset=dataset, processes=processes, **places)
        return tmp_path / folder

    return skim_files


def test_a_process_killed_in_a_write_loses_nothing(run, tmp_path, monkeypatch):
    undisturbed = contents(run("undisturbed", processes=1))
    monkeypatch.setattr(stage, "skim_file", dying.once_in_a_write)
    disturbed = run("disturbed")
    assert (tmp_path / "caches" / "died").exists()
    assert contents(disturbed) == undisturbed
    assert not list((tmp_path / "caches").glob("*/*"))


@pytest.mark.slow
def test_processes_come_back_whose_parents_are_killed_too(run, monkeypatch):
    monkeypatch.setattr(clusters, "SECONDS_TO_REFILL", 0.5)
    monkeypatch.setattr(stage, "skim_file", dying.once_with_its_parent)
    accounts = read_ledger(run("skim") / "ledger.json")
    assert [account.kept for account in accounts] == [20, 20, 20]


def test_reports_that_are_lost_with_their_process_are_waited_for_again(tmp_path, monkeypatch):
    class Lost:
        """A future that is done, but whose result died before it was fetched."""

        def __init__(self, report):
            self.report, self.was_asked = report, False

        def result(self, timeout):
            del timeout
            if not self.was_asked:
                self.was_asked = True
                raise TimeoutError
            return self.report

    sources = [Source(ListedFile(path=f"{n}.root"), tmp_path / f"000{n}") for n in range(2)]
    reports = [Report(FileLedger(source.file.path, source.part)) for source in sources]
    client = SimpleNamespace(map=lambda *_, **__: list(map(Lost, reports)))
    refills = []
    monkeypatch.setattr("distributed.wait", lambda waiting, **_: (set(waiting), set()))
    found = list(clusters._run_on(client, lambda: refills.append(1), skim_file, sources))
    assert sorted(report.ledger.file for report in found) == ["0.root", "1.root"]
    assert len(refills) == 2


@pytest.mark.slow
def test_a_file_that_kills_every_process_fails_and_the_rest_goes_on(run, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
    monkeypatch.setattr(stage, "skim_file", dying.always_at_one_file)
    monkeypatch.setattr(stage, "ROUNDS", (0.0, 0.1))
    first, second, third = read_ledger(run("skim", allow_failed=1) / "ledger.json")
    assert "1.root: every process that read it died" in second.failed
    assert second.attempts == 2
    assert first.kept == third.kept == 20


def test_a_scheduler_outlives_a_slow_start_and_the_pauses_between_rounds(monkeypatch):
    """It ends by itself when it has had no task for long."""
    asked = {}

    @contextmanager
    def noted(**options):
        asked.update(options)
        yield SimpleNamespace(workers={})

    monkeypatch.setattr("distributed.deploy.subprocess.SubprocessCluster", noted)
    with clusters.start(THIS_MACHINE, processes=2, memory_mb=2000):
        pass
    longest = max(*ROUNDS, clusters.SECONDS_TO_BEGIN["local"])
    assert asked["scheduler_kwargs"]["idle_timeout"] > longest


@pytest.mark.slow
def test_processes_share_the_memory_of_the_job_and_are_watched(tmp_path, caplog):
    caplog.set_level("INFO")
    source = Source(ListedFile(path="0.root"), tmp_path / "0000")
    performance = tmp_path / "logs" / "performance.html"
    with workers(THIS_MACHINE, processes=2, memory_mb=2500, performance=performance) as run_on:
        (report,) = run_on(dying.memory_limit, [source])
    assert report.num_bytes == 1_000_000_000
    assert "dashboard is at http://" in caplog.text
    assert "bokeh" in performance.read_text()


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler that is none of the skim's business, with two processes of which one can die."""
    address = tmp_path / "scheduler.json"
    with ExitStack() as stack:

        def start(program, *options):
            command = [sys.executable, "-m", f"distributed.cli.dask_{program}", *options]
            where = ("--scheduler-file", str(address), "--no-dashboard")
            process = subprocess.Popen([*command, *where], cwd=ROOT, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)

        start("scheduler", "--host", "127.0.0.1", "--port", "0")
        wait_for(address.exists, "the scheduler")
        for _ in range(2):
            start("worker", "--nthreads", "1")
        yield json.loads(address.read_text())["address"]


@pytest.mark.slow
def test_a_cluster_that_runs_is_used_and_left_running(run, scheduler, monkeypatch):
    undisturbed = contents(run("undisturbed", processes=1))
    where = Skim(cluster="scheduler", scheduler=scheduler)
    assert contents(run("there", where=where)) == undisturbed
    monkeypatch.setattr(stage, "skim_file", dying.once_in_a_write)
    assert contents(run("disturbed", where=where)) == undisturbed


def test_a_scheduler_needs_its_address():
    with pytest.raises(ValueError, match="address that `cluster: scheduler` needs"):
        Skim(cluster="scheduler")
