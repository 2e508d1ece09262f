"""What a training takes of its GPUs: their mean utilisation and its highest memory."""

import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

SECONDS_BETWEEN_SAMPLES = 5.0
SAMPLE_TIMEOUT = 30
BYTES_PER_MB = 1e6
PERCENT = 0.01


@dataclass
class Usage:
    """Sums over the samples that were taken."""

    peak_memory_mb: float = 0.0
    utilisation_sum: float = 0.0
    num_samples: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            max(self.peak_memory_mb, other.peak_memory_mb),
            self.utilisation_sum + other.utilisation_sum,
            self.num_samples + other.num_samples,
        )

    @property
    def utilisation(self) -> float | None:
        """The mean share of the time in which a GPU was busy, None where nothing tells."""
        return self.utilisation_sum / self.num_samples if self.num_samples else None


@dataclass
class Meter:
    """Collects samples of the GPUs with these identities; of none on a CPU."""

    gpus: Sequence[str]
    samples: list[float] = field(default_factory=list)

    def read(self) -> Usage:
        """Return the usage since the last reading."""
        samples, self.samples = self.samples, []
        peak = torch.cuda.max_memory_reserved() / BYTES_PER_MB if self.gpus else 0.0
        return Usage(peak, sum(samples), len(samples))

    def watch(self, ended: threading.Event) -> None:
        """Take samples until the end."""
        while not ended.wait(SECONDS_BETWEEN_SAMPLES):
            self.samples.extend(utilisation_of(self.gpus))


@contextmanager
def measured(gpus: Sequence[str]) -> Iterator[Meter]:
    """Yield a meter that runs while the block lasts."""
    meter, ended = Meter(gpus), threading.Event()
    thread = threading.Thread(target=meter.watch, args=(ended,), daemon=True)
    if gpus and shutil.which("nvidia-smi"):
        thread.start()
    try:
        yield meter
    finally:
        ended.set()


def utilisation_of(gpus: Sequence[str]) -> list[float]:
    """Return the share of the last moments in which each GPU was busy, nothing where unknown."""
    query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(
            ["nvidia-smi", f"--id={','.join(gpus)}", *query],
            check=True,
            capture_output=True,
            text=True,
            timeout=SAMPLE_TIMEOUT,
        ).stdout
        return [PERCENT * float(line) for line in told.splitlines()]
    except (OSError, subprocess.SubprocessError, ValueError):  # such as [N/A] of a part of a GPU
        return []
