"""Toy jets in the form of DeepNTuples, as the producer of DeepJet's training files writes them.

Branches, types and counters: `ntuple_JetInfo.cc`, `ntuple_pfCands.cc`, `ntuple_SV.cc` and
`ntuple_bTagVars.cc` of https://github.com/CMSDeepFlavour/DeepNTuples. What no reader interprets is
a random number.
"""

from pathlib import Path

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot

from tagline.data.jets import Jets
from tests.toys import ragged

FLAGS = "isB isGBB isBB isLeptonicB isLeptonicB_C isC isGCC isCC isUD isS isG isUndefined"
NUMBERS = {
    "": "npv rho ntrueInt gen_pt jet_corr_pt jet_mass jet_energy trackJetPt jetNTracks",
    "TagVarCSV_": (
        "jetNSecondaryVertices trackSumJetEtRatio trackSumJetDeltaR vertexCategory "
        "trackSip2dValAboveCharm trackSip2dSigAboveCharm trackSip3dValAboveCharm "
        "trackSip3dSigAboveCharm jetNSelectedTracks jetNTracksEtaRel"
    ),
}
LISTS = {
    "Cpfcan": (
        "erel phirel etarel deltaR puppiw dxyerrinv dxysig VTX_ass fromPV drminsv ptrel chi2 "
        "quality BtagPf_trackMomentum BtagPf_trackEta BtagPf_trackEtaRel BtagPf_trackPtRel "
        "BtagPf_trackPPar BtagPf_trackDeltaR BtagPf_trackPtRatio BtagPf_trackPParRatio "
        "BtagPf_trackSip3dVal BtagPf_trackSip3dSig BtagPf_trackSip2dVal BtagPf_trackSip2dSig "
        "BtagPf_trackDecayLen BtagPf_trackJetDistVal BtagPf_trackJetDistSig"
    ),
    "Npfcan": "erel puppiw phirel etarel deltaR HadFrac drminsv ptrel",
    "sv": (
        "pt eta phi mass ntracks chi2 ndf normchi2 dxy dxyerr dxysig d3d d3derr d3dsig "
        "costhetasvpv deltaR etarel phirel enratio"
    ),
}
COUNTERS = {"Cpfcan": "n_Cpfcand", "Npfcan": "n_Npfcand", "sv": "n_sv"}
JETS_PER_EVENT = 2
FIRST_EVENT = 2**32 - 20  # so large that some versions of the producer write it below zero


def deepntuples_branches(jets: Jets, *, seed: int = 7) -> dict[str, object]:
    """Return jets as branches, one flag after the other; lists are awkward arrays."""
    random = np.random.default_rng(seed)
    num_vertices = np.arange(len(jets)) % 5
    lists = of_candidates(jets) | {"sv": {}}
    offsets = {
        "Cpfcan": counted(jets, jets.constituents["charge"] != 0),
        "Npfcan": counted(jets, jets.constituents["charge"] == 0),
        "sv": np.append(0, np.cumsum(num_vertices)),
    }
    branches: dict[str, object] = {}
    for prefix, names in LISTS.items():
        columns = {name: random.normal(size=offsets[prefix][-1]) for name in names.split()}
        for name, values in (columns | lists[prefix]).items():
            branches[f"{prefix}_{name}"] = ragged(values.astype(np.float32), offsets[prefix])
    for prefix, names in NUMBERS.items():
        for name in names.split():
            branches[prefix + name] = random.normal(size=len(jets)).astype(np.float32)
    for name, prefix in {"nCpfcand": "Cpfcan", "nNpfcand": "Npfcan", "nsv": "sv"}.items():
        branches[name] = np.diff(offsets[prefix]).astype(np.float32)
    numbers, flags = np.arange(len(jets)), FLAGS.split()
    branches |= {f"jet_{name}": jets.jets[name] for name in ("pt", "eta", "phi")}
    branches |= {
        "event_no": (FIRST_EVENT + numbers // JETS_PER_EVENT).astype(np.uint32),
        "jet_no": (numbers % JETS_PER_EVENT).astype(np.uint32),
    }
    return branches | {
        flag: (numbers % len(flags) == number).astype(np.uint32)
        for number, flag in enumerate(flags)
    }


def of_candidates(jets: Jets) -> dict[str, dict[str, npt.NDArray[np.floating]]]:
    """Return what is known of charged and of neutral candidates."""
    particles = jets.constituents
    transverse = np.hypot(particles["px"], particles["py"])
    code = np.abs(particles["pdgid"])
    columns = {
        "pt": transverse,
        "eta": np.arcsinh(particles["pz"] / transverse),
        "phi": np.arctan2(particles["py"], particles["px"]),
        "e": particles["energy"],
    }
    of_charged = {
        "charge": particles["charge"],
        "dxy": np.abs(particles["d0"]),
        "dz": particles["dz"],
        "isEl": code == 11,
        "isMu": code == 13,
    }
    is_charged = particles["charge"] != 0
    return {
        "Cpfcan": {name: each[is_charged] for name, each in (columns | of_charged).items()},
        "Npfcan": {
            name: each[~is_charged] for name, each in (columns | {"isGamma": code == 22}).items()
        },
    }


def counted(jets: Jets, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return where the lists of some constituents begin, and the end of the last."""
    return np.append(0, np.cumsum(chosen))[jets.offsets]


def write_deepntuples(path: Path, *clusters: dict[str, object]) -> None:
    """Write branches as the producer does, lists with one counter for all that belong together."""
    with uproot.recreate(path) as file:
        tables = [of_tables(branches) for branches in clusters]
        types = {
            name: values.type if isinstance(values, ak.Array) else values.dtype
            for name, values in tables[0].items()
        }
        tree = file.mktree("deepntuplizer/tree", types, counter_name=COUNTERS.__getitem__)
        for table in tables:
            tree.extend(table)


def of_tables(branches: dict[str, object]) -> dict[str, object]:
    """Return lists that belong together as lists of records."""
    records: dict[str, dict[str, object]] = {prefix: {} for prefix in COUNTERS}
    numbers = {}
    for name, values in branches.items():
        if isinstance(values, ak.Array):
            prefix, _, field = name.partition("_")
            records[prefix][field] = values
        else:
            numbers[name] = values
    return numbers | {prefix: ak.zip(fields) for prefix, fields in records.items()}
