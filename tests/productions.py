"""Productions: projects whose files are on a server, and what numpy says of their skims."""

import shutil
import subprocess
import sys
from contextlib import suppress
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
from tests import nginx_server, xrootd_server
from tests.slurm.cluster import ACCOUNT, Cluster
from tests.toys import write_jetclass_root

ROOT = Path(__file__).parent.parent
COPIED = ("Snakefile", "config", "workflow", "src", "envs", "slurm")
TARGET = "results/production/tables/cut_flow.csv"
MANIFEST = "files.json"
PT_MIN, ETA_MAX = 600, 1
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
SITE = {
    "SNAKEMAKE_TAGLINE_SLURM_ACCOUNT": ACCOUNT,
    "SNAKEMAKE_TAGLINE_SLURM_PARTITION": "cpu",
    "SNAKEMAKE_TAGLINE_SLURM_GPU_PARTITION": "gpu",
}
Server = nginx_server.Server | xrootd_server.Server


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
        num_bytes: of all files together, once they are written.
    """

    folder: Path
    served: Path
    num_files: int
    jets: Jets
    files_per_job: int
    cluster: Cluster | None = None
    faults: dict[str, int] = field(default_factory=dict)
    num_bytes: int = 0

    def write_files(self) -> None:
        """Write all files."""
        for number in range(self.num_files):
            runs = np.full(len(self.jets), number, np.uint32)
            jets = replace(self.jets, jets=self.jets.jets | {"run": runs})
            write_jetclass_root(self.served / name_of(number), jets)
        self.num_bytes = sum(path.stat().st_size for path in self.served.iterdir())

    def write_project(self, server: Server, port: int) -> None:
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

    def run(self) -> None:
        """Run Snakemake undisturbed to a good end."""
        assert not self.start().wait(), f"see {self.folder / 'snakemake.log'}"

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
