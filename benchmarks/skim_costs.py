"""What a skim costs a jet and a file: CPU time, bytes in and out, for files of published forms.

All jets pass, and every table is kept: the dearest case. `config/production.md` scales it up.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import uproot

from tagline.catalogue import Dataset
from tagline.jets import Jets
from tagline.parts import Source, skim_file
from tagline.records import ListedFile
from tests.hbb_files import hbb_branches
from tests.toys import add_tree, published_branches, toy_jets

JETS_OF_CLUSTER, NUM_CLUSTERS = 5_000, 10
ROUNDS = 5
Branches = Callable[[Jets], dict[str, object]]
FORMS: dict[str, tuple[str, Branches]] = {
    "jetclass": ("tree", published_branches),
    "cms_hbb": ("deepntuplizer/tree", hbb_branches),
}


def write_file(path: Path, tree: str, branches: Branches) -> None:
    """Write clusters of jets, compressed as ROOT does unless told otherwise."""
    jets = toy_jets(JETS_OF_CLUSTER * NUM_CLUSTERS, seed=1)
    starts = range(0, len(jets), JETS_OF_CLUSTER)
    clusters = (jets.take(np.arange(n, n + JETS_OF_CLUSTER)) for n in starts)
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as file:
        add_tree(file, tree, *map(branches, clusters))


def skim_once(reader: str, path: Path) -> float:
    """Skim a file as a task of the workflow does; return the CPU seconds."""
    (path.parent / reader / "ledger.json").unlink(missing_ok=True)
    dataset = Dataset(reader=reader, files=(str(path),))
    start = time.process_time()
    report = skim_file(
        Source(ListedFile(path=str(path)), path.parent / reader), dataset=dataset, made=None
    )
    assert report.ledger.kept == JETS_OF_CLUSTER * NUM_CLUSTERS, report
    return time.process_time() - start


def main() -> None:
    """Say what each form costs."""
    num_jets = JETS_OF_CLUSTER * NUM_CLUSTERS
    with tempfile.TemporaryDirectory() as name:
        for reader, (tree, branches) in FORMS.items():
            path = Path(name) / f"{reader}.root"
            write_file(path, tree, branches)
            skim_once(reader, path)
            seconds = statistics.median(skim_once(reader, path) for _ in range(ROUNDS))
            written = sum(part.stat().st_size for part in (path.parent / reader).iterdir())
            read = path.stat().st_size
            print(
                f"{reader}: {seconds / num_jets * 1e6:.0f} us of CPU a jet, "
                f"{read / num_jets / 1e3:.1f} kB read, {written / num_jets / 1e3:.1f} kB written; "
                f"one core takes {read / seconds / 1e6:.0f} MB/s"
            )


if __name__ == "__main__":
    main()
