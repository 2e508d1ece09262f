"""Peak memory of skimming a file, and one with twenty times the jets, each in a fresh process."""

import subprocess
import sys
import tempfile
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import uproot

from tagline.reading.parts import Source, skim_file
from tagline.settings.catalogue import Dataset
from tagline.settings.records import ListedFile
from tests.toys import add_tree, jetclass_branches, toy_jets

JETS_OF_CLUSTER = 10_000
CLUSTERS = (10, 200)  # 100,000 jets, as the files of JetClass have, and 2 million
GOAL = 1.2


def write_files(folder: Path) -> list[Path]:
    """Write the same cluster of jets so many times."""
    branches = jetclass_branches(toy_jets(JETS_OF_CLUSTER, seed=1))
    paths = [folder / f"{number}.root" for number in CLUSTERS]
    for path, number in zip(paths, CLUSTERS, strict=True):
        with uproot.recreate(path, compression=uproot.LZ4(1)) as file:
            add_tree(file, "tree", *[branches] * number)
    return paths


def skim_here(path: Path) -> int:
    """Skim all jets of a file, and return the largest memory that this took [kB]."""
    dataset = Dataset(reader="jetclass", files=(str(path),))
    source = Source(ListedFile(path=str(path)), path.with_suffix(""))
    report = skim_file(source, dataset=dataset, made=None)
    assert report.ledger.kept == report.ledger.jets > 0, report
    return getrusage(RUSAGE_SELF).ru_maxrss


def skim_afresh(path: Path) -> int:
    """Do so in another process."""
    command = [sys.executable, "-m", "benchmarks.skim_memory", str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Compare both."""
    with tempfile.TemporaryDirectory() as name:
        small, large = (skim_afresh(path) for path in write_files(Path(name)))
    ratio, growth = large / small, CLUSTERS[1] / CLUSTERS[0]
    reached = "reached" if ratio <= GOAL else "MISSED"
    print(
        f"memory of a skim of {growth:g} times the jets: {ratio:.2f}x (goal {GOAL}x {reached})",
        {"small MB": round(small / 1e3), "large MB": round(large / 1e3)},
    )


if __name__ == "__main__":
    if sys.argv[1:]:
        print(skim_here(Path(sys.argv[1])))
    else:
        main()
