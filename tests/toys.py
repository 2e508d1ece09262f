"""Synthetic jets that can be told apart, three-prong tops and one-prong QCD, and files of them."""

from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot

from tagline.data.columns import TRUTH
from tagline.data.jets import Jets
from tagline.settings.catalogue import Representation

RADIUS = 0.8
PT_RANGE = (550.0, 650.0)
NUM_CONSTITUENTS = {"qcd": (10, 50), "t_bqq": (20, 60)}
PRONG_SHARES = {"qcd": (30.0, 2.0, 1.0), "t_bqq": (6.0, 6.0, 6.0)}  # Dirichlet parameters
PRONG_DISTANCE = {"qcd": 0.25, "t_bqq": 0.30}
PRONG_WIDTH = 0.05
PARTICLE_SHARES = {211: 0.3, -211: 0.3, 22: 0.25, 130: 0.13, 11: 0.01, -13: 0.01}
JETCLASS_LABELS = {
    "QCD": "qcd",
    "Hbb": "h_bb",
    "Hcc": "h_cc",
    "Hgg": "h_gg",
    "H4q": "h_4q",
    "Hqql": "h_qql",
    "Zqq": "z_qq",
    "Wqq": "w_qq",
    "Tbqq": "t_bqq",
    "Tbl": "t_bl",
}

Array = npt.NDArray[np.float64]


def toy_jets(num_jets: int, *, seed: int) -> Jets:
    """Return jets with the columns of a skim, each of its own event, about half of them tops."""
    random = np.random.default_rng(seed)
    truth = random.choice([TRUTH["qcd"], TRUTH["t_bqq"]], size=num_jets)
    by_truth = np.where(truth == TRUTH["t_bqq"], "t_bqq", "qcd")
    counts = np.zeros(num_jets, np.int32)
    axes = np.zeros((num_jets, 3, 2))
    shares = np.zeros((num_jets, 3))
    for name in PRONG_SHARES:
        of_class = by_truth == name
        num = int(of_class.sum())
        counts[of_class] = random.integers(*NUM_CONSTITUENTS[name], size=num, endpoint=True)
        shares[of_class] = random.dirichlet(PRONG_SHARES[name], size=num)
        axes[of_class] = _prong_axes(num, distance=PRONG_DISTANCE[name], random=random)
    momenta = _constituents(counts, axes=axes, shares=shares, random=random)
    tracks = _tracks(len(momenta["px"]), random=random)
    return Jets(
        jets={
            "run": np.ones(num_jets, np.uint32),
            "luminosity_block": np.ones(num_jets, np.uint32),
            "event": np.arange(num_jets, dtype=np.uint64),
            "jet_index": np.zeros(num_jets, np.uint16),
            **jet_momenta(momenta, counts=counts),
            "truth": truth.astype(np.int8),
            "weight": np.ones(num_jets, np.float32),
            "num_constituents": counts,
        },
        constituents=momenta | tracks,
    )


def jet_momenta(
    momenta: dict[str, npt.NDArray[np.float32]], *, counts: npt.NDArray[np.int32]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return pt, eta, phi and mass of the sums of the constituents."""
    jet = np.repeat(np.arange(len(counts)), counts)
    px, py, pz, energy = (
        np.bincount(jet, momenta[name].astype(np.float64), minlength=len(counts))
        for name in ("px", "py", "pz", "energy")
    )
    pt = np.hypot(px, py)
    columns = {
        "pt": pt,
        "eta": np.arcsinh(pz / pt),
        "phi": np.arctan2(py, px),
        "mass": np.sqrt(np.maximum(energy**2 - pt**2 - pz**2, 0)),
    }
    return {name: column.astype(np.float32) for name, column in columns.items()}


def write_jetclass_root(path: Path, jets: Jets) -> None:
    """Write jets as JetClass files have them, one entry a jet, besides their event ids."""
    write_tree(path, "tree", branches=jetclass_branches(jets))


def write_tree(path: Path, name: str, *, branches: dict[str, object]) -> None:
    """Write arrays as a TTree."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with uproot.recreate(path) as file:
        add_tree(file, name, branches)


def add_tree(file: uproot.WritableDirectory, name: str, *clusters: dict[str, object]) -> None:
    """Write arrays as a TTree of so many clusters; an older one of this name stays beneath it."""
    types = {
        key: array.type
        if isinstance(array, ak.Array)
        else np.dtype((array.dtype, array.shape[1:]))
        for key, array in clusters[0].items()
    }
    tree = file.mktree(name, types)
    for cluster in clusters:
        tree.extend(cluster)


def jetclass_branches(jets: Jets) -> dict[str, object]:
    """Return jets as branches of JetClass, with impact parameters in mm."""
    particles, columns = jets.constituents, jets.jets
    pt, eta, mass = (columns[name].astype(np.float64) for name in ("pt", "eta", "mass"))
    pdgid = np.abs(particles["pdgid"])
    flat = {name: particles[name] for name in ("px", "py", "pz", "energy")} | {
        "charge": particles["charge"].astype(np.float32),
        "d0val": particles["d0"] * 10,
        "d0err": particles["d0_error"] * 10,
        "dzval": particles["dz"] * 10,
        "dzerr": particles["dz_error"] * 10,
        "isChargedHadron": pdgid == 211,
        "isNeutralHadron": pdgid == 130,
        "isPhoton": pdgid == 22,
        "isElectron": pdgid == 11,
        "isMuon": pdgid == 13,
    }
    branches = {
        "part": ak.zip({name: ragged(column, jets.offsets) for name, column in flat.items()}),
        "jet_pt": columns["pt"],
        "jet_eta": columns["eta"],
        "jet_phi": columns["phi"],
        "jet_energy": np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2).astype(np.float32),
        "jet_nparticles": columns["num_constituents"].astype(np.float32),
    }
    for label, truth in JETCLASS_LABELS.items():
        branches[f"label_{label}"] = (columns["truth"] == TRUTH[truth]).astype(np.int32)
    event_ids = ("run", "luminosity_block", "event", "jet_index")
    return branches | {name: columns[name].astype(np.int64) for name in event_ids}


def published_branches(jets: Jets) -> dict[str, object]:
    """Return those branches of JetClass that the published files have, without event ids."""
    branches = jetclass_branches(jets)
    for name in ("run", "luminosity_block", "event", "jet_index"):
        del branches[name]
    return branches


def nano_branches(jets: Jets, *, links: str, index: str, candidates: str) -> dict[str, object]:
    """Return jets as NanoAOD with candidates of PUPPI weight 1/2, two jets an event.

    The candidates of an event are in another order than its links.
    """
    columns, particles = jets.jets, jets.constituents
    events = np.append(np.arange(0, len(jets), 2), len(jets))
    of_candidates = jets.offsets[events]
    sizes = np.diff(of_candidates)
    place = np.arange(of_candidates[-1]) - np.repeat(of_candidates[:-1], sizes)
    reversed_place = np.repeat(sizes, sizes) - 1 - place
    backwards = np.repeat(of_candidates[:-1], sizes) + reversed_place
    pt = np.hypot(particles["px"], particles["py"])
    of_particles = {
        "pt": 2 * pt,
        "eta": np.arcsinh(particles["pz"] / pt),
        "phi": np.arctan2(particles["py"], particles["px"]),
        "mass": np.zeros_like(pt),
        "pdgId": particles["pdgid"],
        "charge": particles["charge"].astype(np.int32),
        "puppiWeight": np.full_like(pt, 0.5),
        "d0": particles["d0"],
        "d0Err": particles["d0_error"],
        "dz": particles["dz"],
        "dzErr": particles["dz_error"],
    }
    jet = np.repeat(np.arange(len(jets)) % 2, columns["num_constituents"])
    of_links = {"jetIdx": jet.astype(np.int32), index: reversed_place.astype(np.int32)}
    of_jets = {name: columns[name] for name in ("pt", "eta", "phi", "mass")}
    num_events = len(events) - 1
    return {
        "run": np.ones(num_events, np.uint32),
        "luminosityBlock": np.ones(num_events, np.uint32),
        "event": np.arange(num_events, dtype=np.uint64),
        "genWeight": np.full(num_events, -2, np.float32),
        "FatJet": ak.zip({name: ragged(flat, events) for name, flat in of_jets.items()}),
        links: ak.zip({name: ragged(flat, of_candidates) for name, flat in of_links.items()}),
        candidates: ak.zip(
            {name: ragged(flat[backwards], of_candidates) for name, flat in of_particles.items()}
        ),
    }


def ragged(flat: npt.NDArray[np.generic], offsets: npt.NDArray[np.int64]) -> ak.Array:
    """Return lists that begin and end at the offsets."""
    contents = ak.contents.NumpyArray(np.ascontiguousarray(flat))
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), contents))


def _prong_axes(num_jets: int, *, distance: float, random: np.random.Generator) -> Array:
    """Return offsets (J, 3, 2) in eta and phi of three prongs around the jet axis."""
    angle = random.uniform(0, 2 * np.pi, (num_jets, 1)) + random.normal(
        2 * np.pi / 3 * np.arange(3), 0.3, (num_jets, 3)
    )
    radius = distance * random.gamma(8, 1 / 8, (num_jets, 3))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _constituents(
    counts: npt.NDArray[np.int32], *, axes: Array, shares: Array, random: np.random.Generator
) -> dict[str, npt.NDArray[np.float32]]:
    """Return massless constituents around the prongs, in descending pt within each jet."""
    num_jets = len(counts)
    jet = np.repeat(np.arange(num_jets), counts)
    prong = (random.uniform(size=(len(jet), 1)) > np.cumsum(shares, axis=1)[jet][:, :2]).sum(
        axis=1
    )
    offset = axes[jet, prong] + random.normal(0, PRONG_WIDTH, (len(jet), 2))
    distance = np.hypot(*offset.T)[:, None]
    offset *= np.minimum(1, 0.95 * RADIUS / distance)
    energy_share = random.exponential(size=len(jet)) ** 1.5 + 1e-3
    eta_jet = random.uniform(-1.5, 1.5, num_jets)
    phi_jet = random.uniform(-np.pi, np.pi, num_jets)
    eta, phi = eta_jet[jet] + offset[:, 0], phi_jet[jet] + offset[:, 1]
    vector_sum = np.hypot(
        np.bincount(jet, energy_share * np.cos(phi), minlength=num_jets),
        np.bincount(jet, energy_share * np.sin(phi), minlength=num_jets),
    )
    scale = random.uniform(*PT_RANGE, num_jets) / vector_sum
    pt = (energy_share * scale[jet]).astype(np.float32)
    order = np.lexsort([-pt, jet])
    pt, eta, phi = pt[order], eta[order], phi[order]
    momenta = {
        "px": pt * np.cos(phi),
        "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta),
    }
    momenta = {name: column.astype(np.float32) for name, column in momenta.items()}
    squares = sum(column.astype(np.float64) ** 2 for column in momenta.values())
    return momenta | {"energy": np.sqrt(squares).astype(np.float32)}


def _tracks(num: int, *, random: np.random.Generator) -> dict[str, npt.NDArray[np.generic]]:
    """Return charge, particle id and impact parameters [cm] of so many particles."""
    pdgids, shares = zip(*PARTICLE_SHARES.items(), strict=True)
    pdgid = random.choice(pdgids, size=num, p=shares)
    charge = np.where(np.abs(pdgid) == 211, np.sign(pdgid), -np.sign(pdgid))
    charge[np.isin(pdgid, [22, 130])] = 0
    charged = charge != 0
    impact = {"d0": 0.01, "d0_error": 0.002, "dz": 0.02, "dz_error": 0.003}
    values = {
        name: np.where(charged, random.normal(0, scale, num), 0).astype(np.float32)
        for name, scale in impact.items()
    }
    for name in ("d0_error", "dz_error"):
        values[name] = np.abs(values[name])
    return {"charge": charge.astype(np.int8), "pdgid": pdgid.astype(np.int32), **values}


def with_columns_of(representation: Representation, jets: Jets, *, seed: int) -> Jets:
    """Return the jets with random numbers in the columns that a reader would have to give."""
    random = np.random.default_rng(seed)
    added = {
        name: random.normal(size=len(jets)).astype(np.float32)
        for name in representation.parameters.get("columns", ())
        if name not in jets.jets
    }
    return replace(jets, jets=jets.jets | added)
