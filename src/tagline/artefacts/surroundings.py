"""What a job runs in: the commit of the project, and the versions that can change its numbers."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tagline import __version__
from tagline.artefacts.provenance import UNKNOWN

PROJECT = Path(__file__).parents[3]
PACKAGES = (
    "awkward",
    "coffea",
    "dask",
    "fastjet",
    "lightning-fabric",
    "matplotlib",
    "numba",
    "numpy",
    "pyarrow",
    "pythia8mc",
    "scikit-learn",
    "snakemake",
    "torch",
    "uproot",
    "zuko",
)


def commit_of(project: Path) -> tuple[str, bool]:
    """Return the commit of a git checkout and whether tracked files differ from it.

    It is UNKNOWN, and nothing differs, where there is no checkout, no commit or no git.
    """
    if not (project / ".git").exists():  # a repository around it would be another project's
        return UNKNOWN, False
    # no lock, so that jobs neither disturb nor are disturbed by a commit
    command = "git --no-optional-locks --git-dir=.git --work-tree=. status"
    options = ("--porcelain=v2", "--branch", "--untracked-files=no")
    try:
        done = subprocess.run(
            [*command.split(), *options], cwd=project, capture_output=True, text=True
        )
    except FileNotFoundError:
        return UNKNOWN, False
    lines = done.stdout.splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
    if done.returncode or commits in ([], ["(initial)"]):
        return UNKNOWN, False
    return commits[0], any(not line.startswith("#") for line in lines)


def versions() -> dict[str, str]:
    """Return versions by name, of the packages that are installed; that of CUDA if it is used."""
    found = {"python": platform.python_version(), "tagline": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    torch = sys.modules.get("torch")  # importing it takes longer than some jobs
    if torch is not None and torch.version.cuda:
        found["cuda"] = torch.version.cuda
    return found
