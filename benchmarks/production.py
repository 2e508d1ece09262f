"""A production over XRootD while servers, connections and processes die, and what it ends with.

Files of known jets are served by a real XRootD server behind a proxy that cuts connections. While
`snakemake` skims them, the server is killed and started again, processes that read are killed, and
once everything is; one file is missing and one is truncated, until they are repaired. In the end
the ledger and all jets must be what numpy says. With `--slurm` the skims are jobs of a real Slurm,
Snakemake alone is killed, and a node is lost with all that runs there.
`python -m benchmarks.production --help`.
"""

import argparse
import tempfile
from contextlib import ExitStack, nullcontext
from pathlib import Path

from tests.disturbances import produce
from tests.slurm.cluster import running


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
