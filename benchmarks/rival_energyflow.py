"""EnergyFlow in an environment of its own: it needs an older NumPy than everything else.

The first half runs here and drives the second, which the Python of that environment runs.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

VERSION = "EnergyFlow 1.4.0"
REQUIREMENTS = ("energyflow==1.4.0", "numpy==1.26.4")
ENVIRONMENT = Path(".venv-energyflow")


class EnergyFlow:
    """A process that computes polynomials of the same jets as often as it is asked.

    Args:
        jets: rows of each particle of each jet.
        coords: what is in a row, in EnergyFlow's words.
        beta: power of the angles.
        selection: which polynomials, in EnergyFlow's words.
    """

    def __init__(self, jets: list[Any], *, coords: str, beta: float, selection: list[str]) -> None:
        self.seconds = 0.0
        self.process = subprocess.Popen(
            [_python(), __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._ask({"jets": jets, "coords": coords, "beta": beta, "selection": selection})

    def graphs(self) -> list[Any]:
        """Return the connected graphs as lists of edges."""
        return self._ask("graphs")

    def run(self) -> None:
        """Compute all polynomials once and add the CPU time to `seconds`."""
        self.seconds += self._ask("run")

    def values(self) -> list[Any]:
        """Return what the last run has found for each jet, the connected graphs first."""
        return self._ask("values")

    def _ask(self, question: object) -> Any:
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self) -> "EnergyFlow":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def _python() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *REQUIREMENTS], check=True)
    return python


def answer() -> None:
    """Answer one line after another, each in JSON; the first says what is to be computed."""
    import energyflow
    import numpy as np

    wanted = json.loads(sys.stdin.readline())
    jets = [np.array(jet) for jet in wanted["jets"]]
    polynomials = energyflow.EFPSet(
        *wanted["selection"],
        measure="hadr",
        beta=wanted["beta"],
        normed=True,
        coords=wanted["coords"],
    )
    print(json.dumps("ready"), flush=True)
    values = np.empty(0)
    for line in sys.stdin:
        match json.loads(line):
            case "graphs":
                found = [efp.graph for efp in polynomials.efps]
            case "run":
                start = time.process_time()
                values = polynomials.batch_compute(jets, n_jobs=1)
                found = time.process_time() - start
            case "values":
                found = values.tolist()
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    answer()
