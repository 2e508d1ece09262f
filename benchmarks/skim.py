"""The skim against NanoEvents with virtual arrays, awkward masks and `ak.to_parquet`.

JetClass is written by ROOT, with vectors as it is published, PFNano by uproot, with counters as
CMS has them. Files are packed as ROOT does by default (zlib), or by zstd; jets that pass lie
anywhere, or side by side, as where files join slices of pt. To unpack the blocks that are needed
is what nobody can do without.
"""

import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import awkward as ak
import numpy as np
import uproot
from coffea.nanoevents import BaseSchema, NanoEventsFactory, PFNanoAODSchema
from uproot.compression import ZLIB, ZSTD, Compression, _decompress_ZLIB

from benchmarks.by_root import write_by_root
from benchmarks.racing import race, verdict
from tagline.data.columns import TRUTH
from tagline.data.jets import Columns, Jets, read_jets
from tagline.datasets.jetclass import IMPACT_BRANCHES, KINDS, LABELS
from tagline.reading.blocks import Bytes, unpacked
from tagline.reading.parts import Source, skim_file
from tagline.settings.catalogue import Dataset
from tagline.settings.records import ListedFile
from tests.toys import add_tree, jetclass_branches, nano_branches, toy_jets

NUM_JETS, NUM_CLUSTERS = 120_000, 12
ETA_MAX = 1
THIRD, HUNDREDTH = 600, 648.4  # smallest pt [GeV], which 33 % and 1 % of the jets pass
GOALS = {THIRD: 1.3, HUNDREDTH: 2.0}
GOAL_OF_READING = 0.9
MOMENTA = ("px", "py", "pz", "energy")
UNREAD = ("jet_energy", "jet_nparticles", "FatJet_mass", "PFCands_charge")


class Setting(NamedTuple):
    """How files are packed and their jets ordered, and which jets pass."""

    packing: Compression
    in_slices: bool
    pt_min: float

    def __str__(self) -> str:
        return f"{self.packing.name}{', in slices of pt' if self.in_slices else ''}"


SETTINGS = [
    *(Setting(packing, False, pt_min) for packing in (ZLIB(1), ZSTD(5)) for pt_min in GOALS),
    Setting(ZSTD(5), True, HUNDREDTH),
]


def write_inputs(folder: Path, setting: Setting) -> None:
    """Write the same jets as JetClass and, in clusters, as PFNano."""
    jets = toy_jets(NUM_JETS, seed=1)
    if setting.in_slices:
        jets = jets.take(np.argsort(jets.jets["pt"], kind="stable"))
    size = NUM_JETS // NUM_CLUSTERS
    clusters = [jets.take(np.arange(n, n + size)) for n in range(0, NUM_JETS, size)]
    dialect = {"links": "FatJetPFCands", "index": "pFCandsIdx", "candidates": "PFCands"}
    branches = jetclass_branches(jets)
    write_by_root(folder / "jetclass.root", "tree", branches, packing=setting.packing.code)
    with uproot.recreate(folder / "pfnano.root", compression=setting.packing) as file:
        add_tree(file, "Events", *(nano_branches(part, **dialect) for part in clusters))


def skim_ours(reader: str, folder: Path, pt_min: float) -> None:
    """Skim as a task of the workflow does."""
    file = folder / f"{reader}.root"
    part = folder / reader
    (part / "ledger.json").unlink(missing_ok=True)
    select = f"pt > {pt_min} and abs(eta) < {ETA_MAX}"
    dataset = Dataset(reader=reader, files=(str(file),), select=select)
    skim_file(Source(ListedFile(path=str(file)), part), dataset=dataset, made=None)


def skim_jetclass_with_coffea(folder: Path, pt_min: float) -> None:
    """Skim the JetClass file with NanoEvents and awkward arrays."""
    file = {str(folder / "jetclass.root"): "tree"}
    events = NanoEventsFactory.from_root(file, schemaclass=BaseSchema, mode="virtual").events()
    kept = events[(events.jet_pt > pt_min) & (abs(events.jet_eta) < ETA_MAX)]
    columns = {name: kept[f"part_{name}"] for name in (*MOMENTA, "charge")}
    columns |= {name: kept[branch] * np.float32(0.1) for name, branch in IMPACT_BRANCHES.items()}
    sign = ak.where(columns["charge"] < 0, -1, 1)
    columns["pdgid"] = sum(kept[branch] * code * sign for branch, code in KINDS.items())
    columns |= {name: kept[f"jet_{name}"] for name in ("pt", "eta", "phi")}
    columns["truth"] = sum(
        kept[label] * TRUTH[name] for label, name in LABELS.items() if label in events.fields
    )
    columns |= {name: kept[name] for name in ("run", "luminosity_block", "event", "jet_index")}
    columns["mass"] = mass_of(columns)
    ak.to_parquet(ak.zip(columns, depth_limit=1), str(folder / "jetclass.parquet"))


def skim_pfnano_with_coffea(folder: Path, pt_min: float) -> None:
    """Skim the PFNano file with NanoEvents and awkward arrays."""
    file = {str(folder / "pfnano.root"): "Events"}
    events = NanoEventsFactory.from_root(
        file, schemaclass=PFNanoAODSchema, mode="virtual"
    ).events()
    jets, links = events.FatJet, events.FatJetPFCands
    passing = (jets.pt > pt_min) & (abs(jets.eta) < ETA_MAX)
    kept = links[passing[links.jetIdx]]
    num_constituents = ak.flatten(ak.run_lengths(kept.jetIdx))

    def read(name: str) -> ak.Array:
        return ak.unflatten(ak.flatten(events.PFCands[name][kept.pFCandsIdx]), num_constituents)

    weight, eta, phi = read("puppiWeight"), read("eta"), read("phi")
    pt, mass = read("pt") * weight, read("mass") * weight
    columns = {"px": pt * np.cos(phi), "py": pt * np.sin(phi), "pz": pt * np.sinh(eta)}
    squares = sum(component**2 for component in (*columns.values(), mass))
    columns |= {"energy": np.sqrt(squares), "pdgid": read("pdgId")}
    for name in ("d0", "dz"):
        columns |= {name: read(name), f"{name}_error": read(f"{name}Err")}
    columns |= {name: ak.flatten(jets[name][passing]) for name in ("pt", "eta", "phi")}
    jet_index = ak.local_index(jets.pt)[passing]
    columns["jet_index"] = ak.flatten(jet_index)
    for name in ("run", "luminosityBlock", "event"):
        columns[name] = ak.flatten(ak.broadcast_arrays(events[name], jet_index)[0])
    columns["luminosity_block"] = columns.pop("luminosityBlock")
    columns["mass"] = mass_of(columns)
    ak.to_parquet(ak.zip(columns, depth_limit=1), str(folder / "pfnano.parquet"))


def mass_of(columns: dict[str, ak.Array]) -> ak.Array:
    """Return the mass of the sum of the constituents."""
    px, py, pz, energy = (
        ak.sum(ak.values_astype(columns[name], np.float64), axis=1) for name in MOMENTA
    )
    square = energy**2 - px**2 - py**2 - pz**2
    return ak.values_astype(np.sqrt(np.maximum(square, 0)), np.float32)


def check_equal(reader: str, folder: Path) -> Jets:
    """Compare all columns that both wrote."""
    ours = read_jets(folder / reader)
    theirs = ak.from_parquet(str(folder / f"{reader}.parquet"))
    for name in theirs.fields:
        flat = ak.to_numpy(ak.flatten(theirs[name], axis=None))
        columns: Columns = ours.jets if name in ours.jets else ours.constituents
        np.testing.assert_allclose(columns[name], flat, rtol=1e-3 if name == "mass" else 1e-6)
    return ours


def read_needed(reader: str, folder: Path) -> None:
    """Read the branches that the skim reads: its limit."""
    with uproot.open(folder / f"{reader}.root") as file:
        (name,) = file.keys(cycle=False)
        file[name].arrays(filter_name=is_needed)


def is_needed(branch: str) -> bool:
    """Return whether the skim reads a branch; lists need no counters, which begin with n."""
    return not branch.startswith("n") and branch not in UNREAD


def as_uproot_inflates(run: Callable[[], None]) -> Callable[[], None]:
    """Return the contender with zlib as uproot has it; the skim gives it another one.

    What is read alone inflates as the skim does, since it is the limit and no rival.
    """
    inflate = type(_decompress_ZLIB).decompress.__get__(_decompress_ZLIB)

    def run_with_it() -> None:
        with mock.patch.object(_decompress_ZLIB, "decompress", inflate):
            run()

    return run_with_it


def blocks_of(read: Callable[[], None]) -> list[tuple[bytes, int]]:
    """Return what is packed in each basket that is read, with its size when unpacked."""
    blocks: list[tuple[bytes, int]] = []

    def remember(packed: memoryview, num_bytes: int) -> Bytes | None:
        blocks.append((bytes(packed), num_bytes))
        return unpacked(packed, num_bytes)

    with mock.patch("tagline.reading.baskets.unpacked", remember):
        read()
    return blocks


def unpack_alone(blocks: list[tuple[bytes, int]]) -> None:
    """Unpack blocks, and nothing else."""
    for packed, num_bytes in blocks:
        unpacked(memoryview(packed), num_bytes)


def run(reader: str, folder: Path, setting: Setting) -> None:
    """Race one layout in one setting, and print who won and how near the limits are."""
    pt_min = setting.pt_min
    rival = {"jetclass": skim_jetclass_with_coffea, "pfnano": skim_pfnano_with_coffea}[reader]
    skim, read = partial(skim_ours, reader, folder, pt_min), partial(read_needed, reader, folder)
    blocks = blocks_of(skim)
    seconds = race(
        {
            "tagline": skim,
            "coffea": as_uproot_inflates(partial(rival, folder, pt_min)),
            "coffea, unpacked alike": partial(rival, folder, pt_min),
            "read alone": read,
            "unpack alone": partial(unpack_alone, blocks),
        }
    )
    kept = len(check_equal(reader, folder))
    print(
        verdict(
            f"skim {reader}, {setting}, {kept} of {NUM_JETS} jets",
            seconds,
            ours="tagline",
            rival="coffea",
            goal=GOALS[pt_min],
            limit="read alone",
            goal_of_limit=GOAL_OF_READING,
        ),
        {name: round(value, 3) for name, value in seconds.items()},
        flush=True,
    )


def main() -> None:
    """Race both layouts in all settings."""
    warnings.simplefilter("ignore", RuntimeWarning)  # cross-references that our file has not
    for setting in SETTINGS:
        with tempfile.TemporaryDirectory() as name:
            write_inputs(Path(name), setting)
            for reader in ("jetclass", "pfnano"):
                run(reader, Path(name), setting)


if __name__ == "__main__":
    main()
