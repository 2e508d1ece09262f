"""The EnergyFlow quark and gluon jets: NumPy archives of zero-padded particles and of labels.

Pythia8 and Herwig7 Quark and Gluon Jets for Energy Flow, Komiske, Metodiev and Thaler (2019),
https://doi.org/10.5281/zenodo.3164691 and https://doi.org/10.5281/zenodo.3066475, the jets of
arXiv:1810.05165. `X` (J, N, 4) holds pT [GeV], rapidity, azimuth and PDG id, `y` (J,) is 1 for
quarks: u, d and s, and in the files `withbc` c and b too. An event is a row of a file.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.columns import TRUTH
from tagline.data.jets import Columns
from tagline.datasets import Array, BaseReader, UnreadableFileError
from tagline.observables import species
from tagline.reading.bare_jets import BareJets
from tagline.reading.numpy_archives import read_rows
from tagline.settings.options import ReaderOptions

PARTICLES, LABEL = "X", "y"
NUM_FEATURES = 4
TRUTH_OF_LABEL = np.array([TRUTH["gluon"], TRUTH["light_quark"]])


class Config(ReaderOptions):
    """Options of the reader."""

    masses: Literal["pdg", "zero"] = Field(
        "pdg",
        description="of the particles: what their ids say, or none, as the particle transformer",
    )
    entries: int = Field(10_000, gt=0, description="jets that are read at once")


class Reader(BaseReader):
    """Reads the EnergyFlow quark and gluon jets."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[BareJets]:
        """Yield all jets of a file, chunk by chunk."""
        for rows, values in read_rows(path, [PARTICLES, LABEL], at_once=self.config.entries):
            yield jets_of(*values, rows=rows, path=path, masses=self.config.masses)


def jets_of(
    particles_JNF: Array, label_J: Array, *, rows: range, path: str, masses: str
) -> BareJets:
    """Return the jets of some rows of a file."""
    where = f"{path}: rows {rows.start} to {rows.stop}"
    if particles_JNF.ndim != 3 or particles_JNF.shape[2] != NUM_FEATURES:
        shape = particles_JNF.shape
        raise UnreadableFileError(f"{where}: {PARTICLES!r} is {shape}, not (J, N, {NUM_FEATURES})")
    if not np.isin(label_J, (0, 1)).all():
        raise UnreadableFileError(f"{where}: {LABEL!r} is {np.unique(label_J)}, not 0 or 1")
    filled_JN = particles_JNF[:, :, 0] > 0
    pt_P, rapidity_P, phi_P, pdgid_P = particles_JNF[filled_JN].T
    pdgid_P = pdgid_P.astype(np.int32)
    mass_P = species.masses(pdgid_P) if masses == "pdg" else np.zeros(len(pdgid_P))
    jets = BareJets(
        where,
        path=path,
        entries=rows,
        truth=TRUTH_OF_LABEL[label_J.astype(int)],
        filled_JN=filled_JN,
        particles=momenta(pt_P, rapidity_P, phi_P, mass_P)
        | {"charge": species.charges(pdgid_P), "pdgid": pdgid_P},
    )
    jets.notes += strangers(where, pdgid_P)
    return jets


def momenta(pt_P: Array, rapidity_P: Array, phi_P: Array, mass_P: Array) -> Columns:
    """Return four-momenta; E = mT cosh y and pz = mT sinh y with mT^2 = m^2 + pT^2."""
    transverse_mass_P = np.hypot(mass_P, pt_P)
    return {
        "px": pt_P * np.cos(phi_P),
        "py": pt_P * np.sin(phi_P),
        "pz": transverse_mass_P * np.sinh(rapidity_P),
        "energy": transverse_mass_P * np.cosh(rapidity_P),
    }


def strangers(where: str, pdgid_P: Array) -> tuple[str, ...]:
    """Say which particles are taken without mass and charge, since not known; nothing if none."""
    unknown, counts = np.unique(pdgid_P[~species.are_known(pdgid_P)], return_counts=True)
    found = ", ".join(
        f"{count} of id {pdgid}" for pdgid, count in zip(unknown, counts, strict=True)
    )
    return (
        (f"{where}: particles without mass and charge, since not known: {found}",) if found else ()
    )
