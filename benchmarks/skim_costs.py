"""What a skim costs a jet and a file: CPU time, bytes in and out, for files of published forms.

JetClass lies in a tar archive, as it is published; ROOT writes both, with vectors, as theirs are.
All jets pass, and every table is kept: the dearest case. `config/production.md` scales it up.
"""

import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.by_root import write_by_root
from tagline.data.jets import Jets
from tagline.reading.parts import Source, skim_file
from tagline.settings.catalogue import Dataset
from tagline.settings.records import ListedFile
from tests.hbb_files import hbb_branches
from tests.toys import published_branches, toy_jets

NUM_JETS = 50_000
ROUNDS = 5
Branches = Callable[[Jets], dict[str, object]]
FORMS: dict[str, tuple[str, str, Branches]] = {
    "jetclass": ("jetclass.tar", "tree", published_branches),
    "cms_hbb": ("cms_hbb.root", "deepntuplizer/tree", hbb_branches),
}


def write_file(path: Path, tree: str, branches: Branches) -> None:
    """Write jets, in an archive if the path is one's."""
    jets = toy_jets(NUM_JETS, seed=1)
    file = path.with_suffix(".root")
    write_by_root(file, tree, branches(jets))
    if path != file:
        with tarfile.open(path, "w") as archive:
            archive.add(file, arcname=file.name)


def skim_once(reader: str, path: Path) -> float:
    """Skim a file as a task of the workflow does; return the CPU seconds."""
    (path.parent / reader / "ledger.json").unlink(missing_ok=True)
    dataset = Dataset(reader=reader, files=(str(path),))
    start = time.process_time()
    report = skim_file(
        Source(ListedFile(path=str(path)), path.parent / reader), dataset=dataset, made=None
    )
    assert report.ledger.kept == NUM_JETS, report
    return time.process_time() - start


def main() -> None:
    """Say what each form costs."""
    with tempfile.TemporaryDirectory() as name:
        for reader, (file, tree, branches) in FORMS.items():
            path = Path(name) / file
            write_file(path, tree, branches)
            skim_once(reader, path)
            seconds = statistics.median(skim_once(reader, path) for _ in range(ROUNDS))
            written = sum(part.stat().st_size for part in (path.parent / reader).iterdir())
            read = path.stat().st_size
            print(
                f"{reader}: {seconds / NUM_JETS * 1e6:.0f} us of CPU a jet, "
                f"{read / NUM_JETS / 1e3:.1f} kB read, {written / NUM_JETS / 1e3:.1f} kB written; "
                f"one core takes {read / seconds / 1e6:.0f} MB/s"
            )


if __name__ == "__main__":
    main()
