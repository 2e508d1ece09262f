"""A project on a cluster, and Snakemake as a user runs it there."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import torch

from tests.slurm.cluster import ACCOUNT, Cluster, wait_for
from tests.test_workflow import ROOT, edit, new_project

CONFIG = "toy.yaml"
SNAKEMAKE = [sys.executable, "-m", "snakemake"]
CLUSTER = ["--profile", "slurm", "--tagline-slurm-init-seconds-before-status-checks", "2"]
CLUSTER += ["--latency-wait", "5", "--cores", "2", "--configfile", CONFIG]
LOCAL = ["--cores", "2", "--quiet", "all", "--configfile", CONFIG]
PATIENCE = 1200
EPOCHS_BEFORE = 30
EPOCH = "epoch_seconds: 0.3"


def prepared_project(folder: Path) -> Path:
    """Set up a clone of the project and run it on this machine as far as the prepared jets."""
    new_project(folder)
    shutil.copy2(ROOT / "tests/workflows/slurm.yaml", folder / CONFIG)
    (folder / "mine").mkdir()
    shutil.copy2(ROOT / "tests/slurm/lasting_tagger.py", folder / "mine")
    run_locally(folder, "results/toy_tagging/prepared/pfn_cloud")
    return folder


def pace(folder: Path, *, epoch_seconds: float) -> None:
    """Set how long an epoch lasts at least; the weights are the same."""
    edit(folder / CONFIG, EPOCH, f"epoch_seconds: {epoch_seconds}")


def run_locally(folder: Path, *targets: str) -> None:
    """Run the workflow on this machine, in peace."""
    subprocess.run(
        [*SNAKEMAKE, *targets, *LOCAL], cwd=folder, check=True, stderr=subprocess.DEVNULL
    )


class Run:
    """Snakemake on the cluster, in the background; what it prints is kept in a file."""

    def __init__(self, cluster: Cluster, folder: Path, *arguments: str) -> None:
        self.cluster = cluster
        self.folder = folder
        self.arguments = arguments
        self.log = folder / "terminal.log"
        self.start()

    def start(self) -> None:
        """Start Snakemake as the README says, with the site's names in the environment."""
        site = {
            "SNAKEMAKE_TAGLINE_SLURM_ACCOUNT": ACCOUNT,
            "SNAKEMAKE_TAGLINE_SLURM_PARTITION": "cpu",
            "SNAKEMAKE_TAGLINE_SLURM_GPU_PARTITION": "gpu",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*SNAKEMAKE, *self.arguments, *CLUSTER],
                cwd=self.folder,
                env=self.cluster.environment | site,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill Snakemake and whatever it has started on this machine, if it is alive."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def printed(self) -> str:
        """What the user has seen so far."""
        return self.log.read_text()

    @property
    def jobs(self) -> list[dict[str, str]]:
        """All Slurm jobs of the study, in the order of their submission."""
        return [job for job in self.cluster.jobs() if job["WorkDir"] == str(self.folder)]

    def jobs_of(self, seed: int) -> list[dict[str, str]]:
        """Return the Slurm jobs of one training, in the order of their submission."""
        comment = f"rule_train_wildcards_toy_tagging_lasting_none_{seed}"
        return [job for job in self.jobs if job["Comment"] == comment]

    def wait_for_training(self, seed: int) -> dict[str, str]:
        """Wait until a training is well under way, and return its Slurm job."""
        wait_for(lambda: is_under_way(self.folder, seed), f"seed {seed}", PATIENCE)
        return self.jobs_of(seed)[-1]

    def wait_for_state(self, seed: int, state: str) -> None:
        """Wait until the last Slurm job of a training is in a state."""
        wait_for(
            lambda: self.jobs_of(seed)[-1]["State"].startswith(state), f"{seed} {state}", PATIENCE
        )


def is_under_way(folder: Path, seed: int) -> bool:
    """Whether a training has done some epochs in its present attempt."""
    log = folder / f"logs/train/toy_tagging/lasting/none/{seed}.log"
    attempt = log.read_text().rpartition("=====")[2] if log.exists() else ""
    return attempt.count(" epoch ") > EPOCHS_BEFORE


def attempts_of(folder: Path, seed: int, *, tagger: str = "lasting") -> list[str]:
    """Return what each attempt at a training has written into the log."""
    log = folder / f"logs/train/toy_tagging/{tagger}/none/{seed}.log"
    return re.split(r"^=====.*=====$", log.read_text(), flags=re.MULTILINE)[1:]


def model_of(seed: int) -> str:
    """Name the file of a trained model."""
    return f"results/toy_tagging/models/lasting/none/{seed}/model.pt"


def weights_are_equal(one: Path, other: Path) -> bool:
    """Whether two models have the same weights, bit for bit."""
    ours, theirs = (torch.load(path, weights_only=True)["weights"] for path in (one, other))
    return ours.keys() == theirs.keys() and all(
        torch.equal(ours[name], theirs[name]) for name in ours
    )
