"""Planning a study of about a thousand jobs, against a bare workflow of as many.

The bare one has nothing but files, logs and constant resources: what Snakemake itself needs. Times
are CPU seconds of `snakemake -n`, less those of a small plan, which are its start.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
ROUNDS = 3
SEEDS = {"small": 1, "large": 40}
BARE = """
rule all:
    input: [f"second/{{i}}" for i in range({half})]
rule second:
    input: "first/{{i}}"
    output: "second/{{i}}"
    log: "logs/second/{{i}}"
    benchmark: "times/second/{{i}}"
    resources: mem_mb=1000, runtime=10
    script: "nothing.py"
rule first:
    output: "first/{{i}}"
    log: "logs/first/{{i}}"
    benchmark: "times/first/{{i}}"
    resources: mem_mb=1000, runtime=10
    script: "nothing.py"
"""


def plan(folder: Path, *arguments: str) -> tuple[float, int]:
    """Return the CPU seconds of a dry run, and how many jobs it planned."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    after = os.times()
    seconds = after.children_user + after.children_system
    seconds -= before.children_user + before.children_system
    total = re.search(r"^total +(\d+)$", done.stdout + done.stderr, flags=re.MULTILINE)
    return seconds, int(total[1]) if total else 0


def study(folder: Path, size: str) -> tuple[float, int]:
    """Plan the quickstart with more or fewer seeds, from nothing."""
    config = folder / f"{size}.yaml"
    planned = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    planned["study"] |= {"name": "planned", "seeds": list(range(1, SEEDS[size] + 1))}
    config.write_text(yaml.safe_dump(planned))
    return plan(ROOT, "--directory", str(folder), "--nolock", "--configfile", str(config))


def bare(folder: Path, num_jobs: int) -> tuple[float, int]:
    """Plan a workflow of so many jobs that ask for nothing."""
    (folder / "Snakefile").write_text(BARE.format(half=num_jobs // 2))
    (folder / "nothing.py").write_text("")
    return plan(folder)


def race_thousand() -> None:
    """Compare the CPU time a job."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "config").symlink_to(ROOT / "config")
            large, small = study(folder, "large"), study(folder, "small")
            bare_large, bare_small = bare(folder, large[1]), bare(folder, 10)
        ours.append((large[0] - small[0]) / (large[1] - small[1]))
        theirs.append((bare_large[0] - bare_small[0]) / (bare_large[1] - bare_small[1]))
    mine, floor = 1e3 * statistics.median(ours), 1e3 * statistics.median(theirs)
    reached = "reached" if mine <= 1 else "MISSED"
    print(
        f"planning {large[1]} jobs: {mine:.2f} ms of CPU a job (goal 1 ms {reached}); a bare "
        f"workflow of as many: {floor:.2f} ms; start: {small[0]:.2f} s"
    )


if __name__ == "__main__":
    race_thousand()
