"""Pythia 8 from a command file, and its batches of events as numpy arrays.

A comprehensive guide to the physics and usage of PYTHIA 8.3, Bierlich et al. (2022),
arXiv:2203.11601.
"""

from collections.abc import Mapping
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


# Status, up to a sign, of what leaves a hard process or the decay of a resonance; Pythia 8 manual
OUTGOING = 23


@dataclass(frozen=True)
class Record:
    """A batch of events: their final particles, and the partons that leave hard processes.

    The `outgoing` are all that leaves a hard process or the decay of a resonance; each has its
    first mother, and that one's status, in the same row of `mothers` and `mother_status`. Vertices
    are those of the final particles, in mm.
    """

    num_events: int
    particles: Particles
    vertex_P3: Floats
    outgoing: Particles
    mothers: Particles
    mother_status: npt.NDArray[np.int32]


class Generator:
    """Pythia with the settings of a command file, further ones, and a seed."""

    def __init__(
        self, command_file: Path, *, seed: int, settings: Mapping[str, float] | None = None
    ) -> None:
        self.pythia = pythia8mc.Pythia("", False)
        read_commands(self.pythia, command_file)
        for name, value in (settings or {}).items():
            if not self.pythia.readString(f"{name} = {value}", False):
                raise ValueError(f"in_turn: Pythia refuses '{name} = {value}'")
        for line in (
            "Print:quiet = on",
            "Random:setSeed = on",
            f"Random:seed = {1 + seed % MAX_SEED}",
        ):
            self.pythia.readString(line)
        if not self.pythia.init():
            raise ValueError(f"{command_file}: Pythia cannot start with these settings")

    def events(self, num_events: int) -> Record:
        """Generate events; those that Pythia gives up are left out."""
        return self.record(self.pythia.nextBatch(num_events, "skip").prt)

    def record(self, entries: Any) -> Record:  # noqa: ANN401 (awkward has no types)
        """Return what matters of a batch as flat columns."""
        counts = ak.to_numpy(ak.num(entries.id, axis=1))
        event = np.repeat(np.arange(len(counts)), counts)
        flat = ak.flatten(entries, axis=1)
        status = np.asarray(flat.status)
        final = np.flatnonzero(status > 0)
        outgoing = np.flatnonzero(np.abs(status) == OUTGOING)
        first = (np.cumsum(counts) - counts)[event[outgoing]]
        mothers = first + np.asarray(flat.mother1)[outgoing]
        return Record(
            num_events=len(counts),
            particles=self.particles(flat, event, final),
            vertex_P3=vertices(flat.vProd[final]),
            outgoing=self.particles(flat, event, outgoing),
            mothers=self.particles(flat, event, mothers),
            mother_status=status[mothers],
        )

    def particles(self, entries: Any, event: Integers, rows: Integers) -> Particles:  # noqa: ANN401
        """Return some entries of the record; the charges of quarks are rounded."""
        pdgid = np.asarray(entries.id)[rows]
        kinds, kind = np.unique(pdgid, return_inverse=True)
        charges = [self.pythia.particleData.charge(int(pdgid)) for pdgid in kinds]
        px, py, pz, energy = (
            np.asarray(entries.p[axis])[rows] for axis in ("px", "py", "pz", "e")
        )
        return Particles(
            event[rows],
            px=px,
            py=py,
            pz=pz,
            energy=energy,
            charge=np.rint(charges).astype(np.int8)[kind],
            pdgid=pdgid,
        )

    @property
    def cross_section(self) -> float:
        """The cross-section estimated from the events so far, in pb."""
        return float(self.pythia.infoPython().sigmaGen()) * PB_PER_MB

    @property
    def cross_section_error(self) -> float:
        """Its statistical uncertainty, in pb."""
        return float(self.pythia.infoPython().sigmaErr()) * PB_PER_MB


def read_commands(pythia: Any, command_file: Path) -> None:  # noqa: ANN401 (Pythia has no types)
    """Apply a command file line by line.

    Raises:
        ValueError: the file is missing, or Pythia refuses a line.
    """
    if not command_file.is_file():
        raise ValueError(f"no Pythia command file {command_file}")
    for number, line in enumerate(command_file.read_text().splitlines(), start=1):
        if not pythia.readString(line, False):
            raise ValueError(f"{command_file}, line {number}: Pythia refuses {line.strip()!r}")


def vertices(positions: Any) -> Floats:  # noqa: ANN401 (awkward has no types)
    """Return production vertices (P, 3) in mm; without one, a particle comes from the origin."""
    axes = (ak.fill_none(positions[axis], 0.0) for axis in ("px", "py", "pz"))
    return np.stack([ak.to_numpy(axis) for axis in axes], axis=-1)
