"""A production over XRootD while servers, connections and processes die, and what it ends with.

Files of known jets are served by a real XRootD server behind a proxy that cuts connections. While
`snakemake` skims them, the server is killed and started again, processes that read are killed, and
once everything is; one file is missing and one is truncated, until they are repaired. In the end
the ledger and all jets must be what numpy says. With `--slurm` the skims are jobs of a real Slurm,
Snakemake alone is killed, and a node is lost with all that runs there.
`python -m benchmarks.production --help`.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import yaml

from tagline.artefacts.digests import checksum_of
from tagline.artefacts.files import write_json
from tagline.data.jets import CONSTITUENTS_FILE, JETS_FILE, Jets
from tagline.reading.ledger import FileLedger, read_ledger
from tagline.settings.records import Manifest, RemoteFile
from tests import xrootd_server
from tests.cutting_proxy import cutting
from tests.slurm.cluster import ACCOUNT, Cluster, running, wait_for
from tests.toys import toy_jets, write_jetclass_root

ROOT = Path(__file__).parent.parent
COPIED = ("Snakefile", "config", "workflow", "src", "envs", "slurm")
TARGET = "results/production/tables/cut_flow.csv"
MANIFEST = "files.json"
PT_MIN, ETA_MAX = 600, 1
MISSING, TRUNCATED = 1, 2
COMMAND = [
    sys.executable,
    "-m",
    "snakemake",
    TARGET,
    "--configfile",
    "production.yaml",
    "--verbose",
]
LOCAL = ["--profile", "workflow/profiles/local", "--cores", "2", "--nolock"]
ON_SLURM = ["--profile", "slurm", "--tagline-slurm-init-seconds-before-status-checks", "2"]
NODE = "c1"
SITE = {
    "SNAKEMAKE_TAGLINE_SLURM_ACCOUNT": ACCOUNT,
    "SNAKEMAKE_TAGLINE_SLURM_PARTITION": "cpu",
    "SNAKEMAKE_TAGLINE_SLURM_GPU_PARTITION": "gpu",
}


@dataclass
class Production:
    """A project, and the files that it skims.

    Args:
        folder: of the project.
        served: folder of the server's files; those that it lacks are in the project's `away`.
        num_files: so many.
        jets: of each file, but for their run, which is the number of the file.
        files_per_job: that one skim reads.
        cluster: whose jobs the skims are; of this machine if there is none.
        faults: how often what has happened.
    """

    folder: Path
    served: Path
    num_files: int
    jets: Jets
    files_per_job: int
    cluster: Cluster | None = None
    faults: dict[str, int] = field(default_factory=dict)

    def write_files(self) -> int:
        """Write all files, and return how many bytes they have."""
        for number in range(self.num_files):
            runs = np.full(len(self.jets), number, np.uint32)
            jets = replace(self.jets, jets=self.jets.jets | {"run": runs})
            write_jetclass_root(self.served / name_of(number), jets)
        return sum(path.stat().st_size for path in self.served.iterdir())

    def write_project(self, server: xrootd_server.Server, port: int) -> None:
        """Copy the workflow, and configure the production; its files are behind a port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, self.folder / name)
        files = [
            RemoteFile(
                name=name_of(number),
                url=server.url(name_of(number), port=port),
                size=(self.served / name_of(number)).stat().st_size,
                checksum=f"adler32:{checksum_of(self.served / name_of(number), 'adler32')}",
                events=len(self.jets),
            )
            for number in range(self.num_files)
        ]
        listed = Manifest(source="files of this benchmark", files=tuple(files))
        write_json(listed.model_dump(mode="json"), self.folder / MANIFEST)
        select = f"pt > {PT_MIN} and abs(eta) < {ETA_MAX}"
        dataset = {
            "read": {"manifest": MANIFEST},
            "select": select,
            "files_per_job": self.files_per_job,
        }
        classes = {
            name: {"datasets": ["production"], "select": f"truth == {name}"}
            for name in ("qcd", "t_bqq")
        }
        study = {
            "name": "production",
            "title": "Production",
            "tasks": ["production"],
            "taggers": ["pfn"],
            "decorrelations": ["none"],
            "seeds": [1],
            "figures": ["cut_flow"],
        }
        values = {
            "datasets": {"production": dataset},
            "tasks": {"production": {"classes": classes}},
            "study": study,
        }
        (self.folder / "production.yaml").write_text(yaml.safe_dump(values))

    def start(self) -> subprocess.Popen[bytes]:
        """Start Snakemake in a process group of its own."""
        command = COMMAND + (ON_SLURM if self.cluster else LOCAL)
        environment = self.cluster.environment | SITE if self.cluster else None
        with (self.folder / "snakemake.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def readers(self) -> list[psutil.Process]:
        """List the processes that read files, wherever they were started."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_worker = "multiprocessing.spawn" in " ".join(process.cmdline())
                if is_worker and not process.children() and process.cwd() == str(self.folder):
                    found.append(process)
        return found

    def num_finished(self) -> int:
        """Count the parts that are finished."""
        waiting = self.folder.glob("results/.checkpoints/*/[0-9]*/ledger.json")
        published = self.folder.glob("results/datasets/*/skim/*/[0-9]*/ledger.json")
        return len({*waiting, *published})

    def count(self, fault: str) -> None:
        """Count a fault."""
        self.faults[fault] = self.faults.get(fault, 0) + 1


def name_of(number: int) -> str:
    """Return the name of a file."""
    return f"{number:04d}.root"


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
    server: xrootd_server.Server,
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


def run_disturbed(
    production: Production, server: xrootd_server.Server, *, pause: float, kill_at: int
) -> int:
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


def verify(production: Production) -> None:
    """Compare the ledger and all jets with what numpy selects."""
    columns = production.jets.jets
    passing = np.flatnonzero((columns["pt"] > PT_MIN) & (np.abs(columns["eta"]) < ETA_MAX))
    expected = production.jets.take(passing)
    skims = sorted((production.folder / "results/datasets/production/skim").iterdir())
    ledgers = [(skim, account) for skim in skims for account in read_ledger(skim / "ledger.json")]
    assert len(ledgers) == production.num_files, f"{len(ledgers)} files are in the ledgers"
    for number, (skim, account) in enumerate(ledgers):
        verify_account(account, number, production.jets, kept=len(expected))
        verify_part(skim / account.part, number, expected)
    leftovers = list((production.folder / "results").rglob(".writing-*"))
    assert not leftovers, f"something is half-written: {leftovers}"


def verify_account(account: FileLedger, number: int, jets: Jets, *, kept: int) -> None:
    """Compare what a ledger says of one file."""
    assert account.file.endswith(name_of(number)), account
    assert (account.events, account.jets, account.failed) == (len(jets), len(jets), ""), account
    assert account.kept == kept, account


def verify_part(part: Path, number: int, expected: Jets) -> None:
    """Compare the jets of one file, and all momenta of their constituents."""
    jets = pq.read_table(part / JETS_FILE)
    assert set(jets["run"].to_numpy()) == {number}, part
    for name in ("event", "pt", "truth", "num_constituents"):
        assert np.array_equal(jets[name].to_numpy(), expected.jets[name]), (part, name)
    constituents = pq.read_table(part / CONSTITUENTS_FILE)
    for name in ("px", "py", "pz", "energy"):
        found = constituents[name].to_numpy()
        assert np.array_equal(found, expected.constituents[name]), (part, name)


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
        num_bytes = production.write_files()
        cut_after = max(num_bytes // num_files // 2, 200_000)
        with cutting(server.port, cut_after=cut_after) as proxy:
            production.write_project(server, proxy.port)
            damage(production)
            start = time.monotonic()
            run_disturbed(production, server, pause=pause, kill_at=max(num_files // 2, 1))
            failed = run_disturbed(production, server, pause=pause, kill_at=0)
            assert failed, "the production ended well without two of its files"
            before = production.num_finished()
            assert before == num_files - 2, f"{before} parts of {num_files} files are finished"
            repair(production)
            assert not production.start().wait(), f"see {folder / 'snakemake.log'}"
            seconds = time.monotonic() - start
    verify(production)
    return {
        "files": num_files,
        "MB": round(num_bytes / 1e6, 1),
        "s": round(seconds, 1),
        "connections cut": proxy.num_cuts,
        **production.faults,
    }


def main() -> None:
    """Run a production of any size."""
    parser = argparse.ArgumentParser(prog="benchmarks.production", description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--jets", type=int, default=25_000, help="in each file, of 1 kB or so")
    parser.add_argument("--files-per-job", type=int, default=50)
    parser.add_argument("--pause", type=float, default=20.0, help="seconds between two faults")
    parser.add_argument("--folder", type=Path, help="empty; kept; a temporary one otherwise")
    parser.add_argument("--slurm", action="store_true", help="as jobs of a Slurm, started here")
    options = parser.parse_args()
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        slurm = running(temporary / "slurm") if options.slurm else nullcontext()
        done = produce(
            (options.folder or temporary / "project").resolve(),
            num_files=options.files,
            jets_per_file=options.jets,
            files_per_job=options.files_per_job,
            pause=options.pause,
            cluster=stack.enter_context(slurm),
        )
    print("every file, event and constituent is there:", done)


if __name__ == "__main__":
    main()
