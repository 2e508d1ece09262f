"""What happens to a production: files that are damaged, and servers and processes that die."""

import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests import xrootd_server
from tests.cutting_proxy import cutting
from tests.productions import Production, Server, name_of, verify
from tests.slurm.cluster import Cluster, wait_for
from tests.toys import toy_jets

MISSING, TRUNCATED = 1, 2
NODE = "c1"


def damage(production: Production) -> None:
    """Take one file away and truncate another."""
    away = production.folder / "away"
    away.mkdir()
    for number in (MISSING, TRUNCATED):
        shutil.move(production.served / name_of(number), away)
    whole = (away / name_of(TRUNCATED)).read_bytes()
    (production.served / name_of(TRUNCATED)).write_bytes(whole[: len(whole) // 2])


def repair(production: Production) -> None:
    """Bring both files back."""
    for number in (MISSING, TRUNCATED):
        shutil.copy(production.folder / "away" / name_of(number), production.served)


def kill_a_reader(production: Production) -> None:
    """Kill one process that reads files, if there is any just now."""
    with suppress(psutil.NoSuchProcess):  # it has ended by itself
        for reader in production.readers()[-1:]:
            reader.kill()
            production.count("readers killed")


def kill_everything(production: Production, process: subprocess.Popen[bytes]) -> None:
    """Kill Snakemake and its jobs; of a Slurm, the jobs of one node, which comes back."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    production.count("production killed")
    if cluster := production.cluster:
        cluster.lose_node(NODE)
        wait_for(lambda: cluster.states()[NODE].startswith("down"), f"loss of {NODE}")
        cluster.start_node(NODE)
        production.count("nodes lost")


def disturb(
    production: Production,
    server: Server,
    *,
    pause: float,
    ended: threading.Event,
) -> None:
    """Kill the server, every third time a process that reads, too, until the production ends."""
    while not ended.wait(pause):
        server.kill()
        ended.wait(pause / 5)
        server.start()
        production.count("server killed")
        if production.faults["server killed"] % 3 == 2:
            kill_a_reader(production)


def run_disturbed(production: Production, server: Server, *, pause: float, kill_at: int) -> int:
    """Run the production while it is disturbed; kill all of it when so many parts are finished."""
    process, ended = production.start(), threading.Event()
    disturber = threading.Thread(
        target=disturb, args=(production, server), kwargs={"pause": pause, "ended": ended}
    )
    disturber.start()
    try:
        while process.poll() is None:
            if kill_at and production.num_finished() >= kill_at:
                kill_everything(production, process)
            time.sleep(0.05)
    finally:
        ended.set()
        disturber.join()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode


def half_a_file(production: Production) -> int:
    """Return after how many bytes connections are cut, so that one request still has room."""
    return max(production.num_bytes // production.num_files // 2, 200_000)


def go_through_everything(production: Production, server: Server, *, pause: float) -> None:
    """Run the production twice while it is disturbed, and again when its files are repaired."""
    damage(production)
    run_disturbed(production, server, pause=pause, kill_at=max(production.num_files // 2, 1))
    failed = run_disturbed(production, server, pause=pause, kill_at=0)
    assert failed, "the production ended well without two of its files"
    before, expected = production.num_finished(), production.num_files - 2
    assert before == expected, f"{before} parts of {production.num_files} files are finished"
    repair(production)
    production.run()


def produce(
    folder: Path,
    *,
    num_files: int,
    jets_per_file: int,
    files_per_job: int,
    pause: float,
    cluster: Cluster | None = None,
) -> dict[str, float]:
    """Run all of it in an empty folder, and return what happened and how long it took."""
    jets = toy_jets(jets_per_file, seed=1)
    with xrootd_server.serving() as server:
        production = Production(folder, server.folder, num_files, jets, files_per_job, cluster)
        production.write_files()
        with cutting(server.port, cut_after=half_a_file(production)) as proxy:
            production.write_project(server, proxy.port)
            start = time.monotonic()
            go_through_everything(production, server, pause=pause)
            seconds = time.monotonic() - start
    verify(production)
    return {
        "files": num_files,
        "MB": round(production.num_bytes / 1e6, 1),
        "s": round(seconds, 1),
        "connections cut": proxy.num_cuts,
        **production.faults,
    }
