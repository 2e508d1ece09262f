"""Peak memory of splitting and preparing a task, and one with eight times the jets, each alone."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from tagline.data.jets import write_jets
from tagline.prepare import prepare
from tagline.settings.catalogue import Representation
from tagline.settings.task import Task
from tagline.split import split
from tests.toys import toy_jets

JETS_OF_PART = 50_000
PARTS = (4, 32)
TASK = Task(
    classes={
        "qcd": {"datasets": ("jets",), "select": "truth == qcd"},
        "top": {"datasets": ("jets",), "select": "truth == t_bqq"},
    }
)
CLOUD = Representation(kind="cloud", parameters={})


def write_skims(folder: Path, num_parts: int) -> None:
    """Write the same jets again and again, with other numbers of runs."""
    jets = toy_jets(JETS_OF_PART, seed=1)
    for number in range(num_parts):
        jets.jets["run"][:] = number
        write_jets(jets, folder / f"{number:04d}", provenance={})


def split_here(folder: Path) -> None:
    """Split the skims of a folder."""
    split(
        {"jets": [folder / "skim"]},
        task=TASK,
        folder=folder / "split",
        sampling=folder / "sampling.json",
    )


def prepare_here(folder: Path) -> None:
    """Prepare the split of a folder."""
    prepare(
        folder / "split",
        representation=CLOUD,
        protected=["mass"],
        class_names=list(TASK.classes),
        folder=folder / "prepared",
    )


STAGES: dict[str, Callable[[Path], None]] = {"split": split_here, "prepare": prepare_here}


def peak_of(stage: str, folder: Path) -> int:
    """Run a stage in another process, and return the largest memory that it took [kB]."""
    command = [sys.executable, "-m", "benchmarks.task_memory", stage, str(folder)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(output.splitlines()[-1])


def main() -> None:
    """Compare both sizes."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(num_parts) for num_parts in PARTS]
        for folder, num_parts in zip(folders, PARTS, strict=True):
            write_skims(folder / "skim", num_parts)
        for stage in STAGES:
            small, large = (peak_of(stage, folder) for folder in folders)
            print(
                f"memory to {stage} {PARTS[1] // PARTS[0]} times the jets: {large / small:.2f}x",
                {"small MB": round(small / 1e3), "large MB": round(large / 1e3)},
            )


if __name__ == "__main__":
    if sys.argv[1:]:
        STAGES[sys.argv[1]](Path(sys.argv[2]))
        print(getrusage(RUSAGE_SELF).ru_maxrss)
    else:
        main()
