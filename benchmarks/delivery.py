"""An epoch of shuffled batches, from files to tensors, against weaver-core 0.5.3 on the same jets.

Both deliver the seven features of ParticleNet; weaver adds the points and the mask that its
networks ask for, as in its own configuration for the top-tagging sample. weaver computes the
features anew in every epoch, and pads. Tagline computes them once, in the stage `prepare`; an
epoch reads and packs them. `with prepare` adds that stage, as in a training of one epoch.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
import uproot
import yaml
from torch import Tensor
from torch.utils.data import DataLoader
from weaver.utils.dataset import SimpleIterDataset

from benchmarks.racing import race, rates, verdict
from tagline import prepare
from tagline.data.columns import TRUTH
from tagline.data.inputs import Inputs
from tagline.data.jets import Columns, Jets, read_jets, write_jets
from tagline.learning.delivery import load
from tagline.observables.frames import around_jet_axis, leading
from tagline.settings.catalogue import Representation
from tests.toys import ragged, toy_jets

NUM_JETS, BATCH_SIZE, PADDED_TO = 20_000, 256, 128
FEATURES = {
    "log_pt": "np.log(np.hypot(part_px, part_py))",
    "log_energy": "np.log(part_energy)",
    "log_relative_pt": "np.log(np.hypot(part_px, part_py) / jet_pt)",
    "log_relative_energy": "np.log(part_energy / jet_energy)",
    "d_eta": "part_deta",
    "d_phi": "part_dphi",
    "d_r": "np.hypot(part_deta, part_dphi)",
}
REPRESENTATION = Representation(kind="cloud", parameters={"features": list(FEATURES)})


def padded(*names: str) -> dict[str, object]:
    """Return an input of weaver's with these variables as they are."""
    variables = [[name, None] for name in names]
    return {"length": PADDED_TO, "pad_mode": "constant", "vars": variables}


WEAVER = {
    "treename": "tree",
    "new_variables": FEATURES | {"mask": "ak.ones_like(part_energy)"},
    "preprocess": {"method": "manual"},
    "inputs": {
        "pf_points": padded("d_eta", "d_phi"),
        "pf_features": padded(*FEATURES),
        "pf_mask": padded("mask"),
    },
    "labels": {"type": "simple", "value": ["label_QCD", "label_Tbqq"]},
}


def main() -> None:
    """Write the same jets three times, race, and check that all deliver the same."""
    torch.set_num_threads(1)
    jets = toy_jets(NUM_JETS, seed=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = write_for_tagline(jets, folder)
        runs: dict[str, Callable[[], Iterable[Tensor]]] = {
            "tagline": lambda: deliver(folder / "prepared", inputs),
            "tagline with prepare": lambda: deliver(prepare_anew(folder), inputs),
        }
        for kind, file in write_for_weaver(jets, folder).items():
            runs[f"weaver {kind}"] = partial(deliver_with_weaver, file, folder)
        expected = read_jets(folder / "prepared", constituents=list(FEATURES))
        for run in runs.values():
            check(run(), expected)
        seconds = race({name: partial(exhaust, run) for name, run in runs.items()})
    title = f"an epoch of {NUM_JETS} jets, {len(inputs.constituent_features)} features"
    for rival, goal in (("ROOT", 8), ("Parquet", 25), ("nullable Parquet", 25)):
        print(verdict(title, seconds, ours="tagline", rival=f"weaver {rival}", goal=goal))
    print(rates(seconds, NUM_JETS))


def exhaust(run: Callable[[], Iterable[Tensor]]) -> None:
    """Ask for every batch."""
    for _ in run():
        pass


def check(batches: Iterable[Tensor], expected: Jets) -> None:
    """Compare the sum of each feature over all particles with that of the prepared jets."""
    found_F = sum(batch.reshape(-1, len(FEATURES)).double().sum(0) for batch in batches)
    for found, feature_P in zip(found_F.tolist(), expected.constituents.values(), strict=True):
        feature_P = feature_P.astype(np.float64)
        assert abs(found - feature_P.sum()) < 1e-5 * np.abs(feature_P).sum()


def write_for_tagline(jets: Jets, folder: Path) -> Inputs:
    """Write the jets as skimmed, then prepared, and return what taggers are told of them."""
    jets.jets["event_id"] = jets.jets["event"]
    jets.jets["label"] = (jets.jets["truth"] == TRUTH["t_bqq"]).astype(np.int64)
    write_jets(jets, folder / "skimmed", provenance={})
    prepare_anew(folder)
    return prepare.load(REPRESENTATION).inputs({})


def prepare_anew(folder: Path) -> Path:
    """Compute the features and return where they are."""
    prepared = prepare.transform(
        read_jets(folder / "skimmed", constituents=("px", "py", "pz", "energy")),
        prepare.load(REPRESENTATION),
        statistics={},
        protected=["mass"],
    )
    write_jets(prepared, folder / "prepared", provenance={})
    return folder / "prepared"


def write_for_weaver(jets: Jets, folder: Path) -> dict[str, Path]:
    """Write the jets as JetClass has them: a TTree with LZ4, and Parquet with lists."""
    around_axis = around_jet_axis(leading(jets, PADDED_TO), jets)
    particles = {name: jets.constituents[name] for name in ("px", "py", "pz", "energy")} | {
        "deta": around_axis.eta_P.astype(np.float32),
        "dphi": around_axis.phi_P.astype(np.float32),
    }
    lists = {f"part_{name}": ragged(column, jets.offsets) for name, column in particles.items()}
    labels = {
        f"label_{label}": (jets.jets["truth"] == TRUTH[truth]).astype(np.int32)
        for label, truth in (("QCD", "qcd"), ("Tbqq", "t_bqq"))
    }
    pt, eta, mass = (jets.jets[name].astype(np.float64) for name in ("pt", "eta", "mass"))
    flat = labels | {
        "jet_pt": jets.jets["pt"],
        "jet_energy": np.hypot(pt * np.cosh(eta), mass).astype(np.float32),
    }
    columns = lists | {name: ak.Array(column) for name, column in flat.items()}
    with uproot.recreate(folder / "jets.root", compression=uproot.LZ4(4)) as file:
        file.mktree("tree", {name: column.type for name, column in columns.items()})
        file["tree"].extend(columns)
    ak.to_parquet(ak.Array(columns), folder / "jets.parquet")
    pq.write_table(nullable(particles, flat, jets), folder / "nullable.parquet")
    (folder / "weaver.yaml").write_text(yaml.safe_dump(WEAVER))
    return {
        "ROOT": folder / "jets.root",
        "Parquet": folder / "jets.parquet",
        "nullable Parquet": folder / "nullable.parquet",
    }


def nullable(particles: Columns, flat: Columns, jets: Jets) -> pa.Table:
    """Return the lists as pyarrow makes them unless told otherwise: each may be null."""
    lists = {
        f"part_{name}": pa.ListArray.from_arrays(jets.offsets.astype(np.int32), column)
        for name, column in particles.items()
    }
    return pa.table(lists | {name: pa.array(column) for name, column in flat.items()})


def deliver(folder: Path, inputs: Inputs) -> Iterator[Tensor]:
    """Read and pack all jets in a random order."""
    jets = load(folder, inputs, protected=["mass"])
    for rows_B in torch.split(torch.randperm(len(jets)), BATCH_SIZE):
        yield jets.take(rows_B).constituents_PF


def deliver_with_weaver(file: Path, folder: Path) -> Iterator[Tensor]:
    """Read, transform and pad all jets in a random order."""
    dataset = SimpleIterDataset(
        {"toy": [str(file)]},
        str(folder / "weaver.yaml"),
        for_training=True,
        fetch_step=1.0,
        async_load=False,
        batch_size=BATCH_SIZE,
    )
    for inputs, *_ in DataLoader(dataset, batch_size=BATCH_SIZE, num_workers=0):
        yield inputs["pf_features"].transpose(1, 2)


if __name__ == "__main__":
    main()
