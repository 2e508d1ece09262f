"""All races, or those named: `python -m benchmarks [name ...]`, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

TOOLS = {
    "__init__",
    "__main__",
    "by_root",
    "dalitz",
    "networks",
    "production",
    "racing",
    "rival_energyflow",
    "weaver",
}


def main(names: list[str]) -> int:
    """Run the races one after another; return how many failed."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    wanted = names or [name for name in known if name not in TOOLS]
    failed = 0
    for name in wanted:
        print(f"== {name}", flush=True)
        one_thread = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], env=one_thread, check=False
        )
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
