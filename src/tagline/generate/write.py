"""Writing jets as a ROOT tree with the branch names of JetClass, the same to the byte each time.

Particle Transformer for Jet Tagging, Qu, Li, Qian (2022), arXiv:2202.03772.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import awkward as ak
import numpy as np
import uproot

from tagline.artefacts import provenance
from tagline.artefacts.files import whole_file
from tagline.data.columns import TRUTH
from tagline.data.jets import Columns, Jets
from tagline.generate.particles import wrapped

TREE = "tree"
LABELS = {
    "label_QCD": "qcd",
    "label_Tbqq": "t_bqq",
    "label_Wqq": "w_qq",
    "label_quark": "light_quark",
    "label_gluon": "gluon",
    "label_charm": "charm",
    "label_bottom": "bottom",
}
IDENTITIES = {"isElectron": 11, "isMuon": 13, "isPhoton": 22}
FIRST_DATE = datetime(1995, 1, 1)  # that ROOT can write


def write_root(jets: Jets, path: Path, *, part: int, cross_section: float) -> None:
    """Write one entry a jet, with the part as its run and the cross-section in pb."""
    branches = {
        "run": np.full(len(jets), part, np.uint32),
        "luminosity_block": np.ones(len(jets), np.uint32),
        "event": jets.jets["event"].astype(np.uint64),
        "cross_section": np.full(len(jets), cross_section),
        **jet_branches(jets),
        "part": ak.zip(
            {
                name: ak.unflatten(column, jets.jets["num_constituents"])
                for name, column in particle_branches(jets).items()
            }
        ),
    }
    with whole_file(path) as unfinished, undated(unfinished, identity(jets, part)) as file:
        types = {
            name: branch.dtype if isinstance(branch, np.ndarray) else branch.type
            for name, branch in branches.items()
        }
        file.mktree(TREE, types).extend(branches)
        for key, record in provenance.text().items():
            file[key] = record


@contextmanager
def undated(path: Path, identity: UUID) -> Iterator[uproot.WritableDirectory]:
    """Yield a new file in which FIRST_DATE stands for the time of writing."""
    date = uproot._util.datetime_to_code(FIRST_DATE)
    with (
        patch.object(uproot._util, "datetime_to_code", lambda _: date),
        uproot.recreate(path, uuid_function=lambda: identity) as file,
    ):
        yield file


def identity(jets: Jets, part: int) -> UUID:
    """Return what ROOT tells files apart by, from their content instead of the time."""
    content = hashlib.sha256(str(part).encode())
    for column in (*jets.jets.values(), *jets.constituents.values()):
        content.update(column.tobytes())
    return UUID(bytes=content.digest()[:16], version=4)


def jet_branches(jets: Jets) -> Columns:
    """Return the branches that have one value a jet."""
    momenta = {f"jet_{name}": jets.jets[name] for name in ("pt", "eta", "phi", "energy")}
    momenta["jet_nparticles"] = jets.jets["num_constituents"]
    if "pile_up" in jets.jets:
        momenta["pile_up"] = jets.jets["pile_up"]
    labels = {name: jets.jets["truth"] == TRUTH[truth] for name, truth in LABELS.items()}
    return {name: column.astype(np.float32) for name, column in momenta.items()} | {
        name: column.astype(np.int32) for name, column in labels.items()
    }


def particle_branches(jets: Jets) -> Columns:
    """Return the branches that have one value a constituent, without their common `part_`.

    As in JetClass, `deta` is positive away from the middle of the detector.
    """
    particles = jets.constituents
    jet = np.repeat(np.arange(len(jets)), jets.jets["num_constituents"])
    pt = np.hypot(particles["px"], particles["py"])
    eta, phi = np.arcsinh(particles["pz"] / pt), np.arctan2(particles["py"], particles["px"])
    axis_eta, axis_phi = jets.jets["eta"][jet], jets.jets["phi"][jet]
    kind, charged = np.abs(particles["pdgid"]), particles["charge"] != 0
    identities = {name: kind == pdgid for name, pdgid in IDENTITIES.items()}
    hadron = ~np.any(list(identities.values()), axis=0)
    identities |= {"isChargedHadron": hadron & charged, "isNeutralHadron": hadron & ~charged}
    floats = {name: particles[name] for name in ("px", "py", "pz", "energy", "charge")} | {
        "deta": (eta - axis_eta) * np.where(axis_eta > 0, 1, -1),
        "dphi": wrapped(phi - axis_phi),
    }
    return (
        {name: column.astype(np.float32) for name, column in floats.items()}
        | {"pdgid": particles["pdgid"].astype(np.int32)}
        | {name: column.astype(np.bool_) for name, column in identities.items()}
    )
