"""Pythia 8 from a command file, and its batches of events as numpy arrays.

A comprehensive guide to the physics and usage of PYTHIA 8.3, Bierlich et al. (2022), arXiv:2203.11601.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
import pythia8mc

from tagline.generate.particles import Floats, Integers, Particles

MAX_SEED = 900_000_000
PB_PER_MB = 1e9


@dataclass(frozen=True)
class Record:
    """All entries of a batch of event records as flat columns, each (P,), and (E+1,) `offsets` of the events."""

    offsets: Integers
    pdgid: npt.NDArray[np.int32]
    status: npt.NDArray[np.int32]
    mother: Integers
    particles: Particles
    vertex_P3: Floats

    @property
    def num_events(self) -> int:
        """Number of events in the batch."""
        return len(self.offsets) - 1


class Generator:
    """Pythia with the settings of a command file and a seed."""

    def __init__(self, command_file: Path, *, seed: int) -> None:
        self.pythia = pythia8mc.Pythia("", False)
        self._read("Print:quiet = on")
        _read_commands(self.pythia, command_file)
        for line in ("Random:setSeed = on", f"Random:seed = {1 + seed % MAX_SEED}"):
            self._read(line)
        if not self.pythia.init():
            raise ValueError(f"{command_file}: Pythia cannot start with these settings")

    def _read(self, line: str) -> None:
        assert self.pythia.readString(line)

    def events(self, num_events: int) -> Record:
        """Generate events; those that Pythia gives up are left out."""
        batch = self.pythia.nextBatch(num_events, "skip")
        return self._record(batch.prt)

    def _record(self, entries: Any) -> Record:  # noqa: ANN401 (an awkward array)
        counts = ak.to_numpy(ak.num(entries.id, axis=1))
        offsets = np.concatenate([[0], np.cumsum(counts)])
        event = np.repeat(np.arange(len(counts)), counts)
        flat = ak.flatten(entries, axis=1)
        pdgid = np.asarray(flat.id)
        particles = Particles(
            event,
            px=np.asarray(flat.p.px),
            py=np.asarray(flat.p.py),
            pz=np.asarray(flat.p.pz),
            energy=np.asarray(flat.p.e),
            charge=self._charges(pdgid),
            pdgid=pdgid,
        )
        return Record(
            offsets,
            pdgid=pdgid,
            status=np.asarray(flat.status),
            mother=offsets[event] + np.asarray(flat.mother1),
            particles=particles,
            vertex_P3=_vertices(flat.vProd),
        )

    def _charges(self, pdgid: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
        """Return electric charges, rounded to whole ones: partons, which are no final particles, get 0 or 1."""
        kinds, kind = np.unique(pdgid, return_inverse=True)
        charges = [self.pythia.particleData.charge(int(pdgid)) for pdgid in kinds]
        return np.rint(charges).astype(np.int8)[kind]

    @property
    def cross_section(self) -> float:
        """The cross-section estimated from the events so far, in pb."""
        return float(self.pythia.infoPython().sigmaGen()) * PB_PER_MB

    @property
    def cross_section_error(self) -> float:
        """Its statistical uncertainty, in pb."""
        return float(self.pythia.infoPython().sigmaErr()) * PB_PER_MB


def _read_commands(pythia: Any, command_file: Path) -> None:  # noqa: ANN401 (no types)
    if not command_file.is_file():
        raise ValueError(f"no Pythia command file {command_file}")
    for number, line in enumerate(command_file.read_text().splitlines(), start=1):
        if not pythia.readString(line, False):
            raise ValueError(f"{command_file}, line {number}: Pythia refuses {line.strip()!r}")


def _vertices(vertices: Any) -> Floats:  # noqa: ANN401 (an awkward array)
    """Return production vertices (P, 3) in mm; most particles come from the origin, where Pythia gives none."""
    filled = (ak.fill_none(vertices[axis], 0.0) for axis in ("px", "py", "pz"))
    return np.stack([ak.to_numpy(column) for column in filled], axis=-1)
