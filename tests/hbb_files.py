"""Toy jets in the form of CMS' H(bb) ntuples, as its producer and its converter write them.

Producer and converter: records 12103 and 12102 of CERN Open Data; every variable that the record
lists is there. The converter pads, cuts lists, and loses the last row of the last jet.
"""

from pathlib import Path

import awkward as ak
import numpy as np
import numpy.typing as npt
import tables
import uproot

from tagline.data.columns import TRUTH
from tagline.data.jets import Jets
from tests.toys import ragged

SLOTS = {"pfcand": 100, "track": 60, "sv": 5}
LISTED = {
    "fj": (
        "doubleb gen_eta gen_pt isNonBB isTop isW isZ label labelJMAR "
        "labelLegacy jetNTracks nSV n_sdsubjets mass tau1 tau2 tau3 tau21 tau32 ptDR relptdiff "
        "sdn2 z_ratio trackSipdSig_0 trackSipdSig_1 trackSipdSig_2 trackSipdSig_3 "
        "trackSipdSig_0_0 trackSipdSig_0_1 trackSipdSig_1_0 trackSipdSig_1_1 "
        "trackSip2dSigAboveCharm_0 "
        "trackSip2dSigAboveBottom_0 trackSip2dSigAboveBottom_1 tau0_trackEtaRel_0 "
        "tau0_trackEtaRel_1 tau0_trackEtaRel_2 tau1_trackEtaRel_0 tau1_trackEtaRel_1 "
        "tau1_trackEtaRel_2 tau_vertexMass_0 tau_vertexMass_1 tau_vertexEnergyRatio_0 "
        "tau_vertexEnergyRatio_1 tau_flightDistance2dSig_0 tau_flightDistance2dSig_1 "
        "tau_vertexDeltaR_0"
    ),
    "pfcand": (
        "VTX_ass deltaR drminsv drsubjet1 drsubjet2 dxysig dzsig erel fromPV hcalFrac "
        "lostInnerHits puppiw"
    ),
    "track": (
        "VTX_ass charge deltaR detadeta dlambdadz dphidphi dphidxy dptdpt dxydxy dxydz dzdz "
        "drminsv drsubjet1 drsubjet2 dxy dxysig dz dzsig erel etarel fromPV isChargedHad isEl "
        "isMu lostInnerHits mass normchi2 phirel pt puppiw quality"
    ),
    "trackBTag": (
        "DeltaR Eta EtaRel JetDistVal Momentum PPar PParRatio PtRatio PtRel Sip2dVal Sip2dSig "
        "Sip3dSig Sip3dVal"
    ),
    "sv": (
        "chi2 ndf normchi2 costhetasvpv d3d d3derr d3dsig dxy dxyerr dxysig deltaR erel etarel "
        "mass ntracks phirel pt"
    ),
}
KINDS = {"ChargedHad": 211, "NeutralHad": 130, "Gamma": 22, "El": 11, "Mu": 13}
SUBJET = ("axis1", "axis2", "csv", "eta", "mass", "mult", "phi", "pt", "ptD")
QCD_LABELS = ("bb", "b", "cc", "c", "others")


def hbb_branches(jets: Jets, *, seed: int = 7) -> dict[str, object]:
    """Return jets as branches: tops stand for H(bb), lists are awkward arrays."""
    random = np.random.default_rng(seed)
    num_tracks = random.integers(0, 70, len(jets))
    sizes = {
        "fj": None,
        "pfcand": jets.jets["num_constituents"],
        "track": num_tracks,
        "trackBTag": num_tracks,
        "sv": random.integers(0, 7, len(jets)),
    }
    branches: dict[str, object] = {}
    for prefix, names in LISTED.items():
        for name in names.split():
            branches[f"{prefix}_{name}"] = drawn(random, sizes[prefix], len(jets))
    for name in ("track", "sv"):
        branches[f"{name}_ptrel"] = drawn(random, sizes[name], len(jets), positive=True)
    numbers = {"pfcands": "pfcand", "tracks": "track", "sv": "sv"}
    for name, prefix in numbers.items():
        branches[f"n_{name}"] = np.asarray(sizes[prefix], np.int32)
        branches[f"n{name}"] = np.asarray(sizes[prefix], np.float32)
    for subjet in ("fj_sdsj1", "fj_sdsj2"):
        for name in SUBJET:
            branches[f"{subjet}_{name}"] = drawn(random, None, len(jets))
    return branches | of_jets(jets) | of_candidates(jets)


def drawn(
    random: np.random.Generator,
    sizes: npt.NDArray[np.integer] | None,
    num_jets: int,
    *,
    positive: bool = False,
) -> object:
    """Return a random number a jet, or of so many in each."""
    values = random.normal(size=num_jets if sizes is None else sizes.sum()).astype(np.float32)
    values = np.abs(values) + np.float32(1e-3) if positive else values
    return values if sizes is None else ragged(values, np.append(0, np.cumsum(sizes)))


def of_jets(jets: Jets) -> dict[str, object]:
    """Return what a jet is and where."""
    is_higgs = (jets.jets["truth"] == TRUTH["t_bqq"]).astype(np.int32)
    of_qcd = np.append(1 - is_higgs[:-1], 1).astype(np.int32)
    branches: dict[str, object] = {
        "event_no": np.arange(len(jets), dtype=np.uint32) % 7,
        **{name: np.ones(len(jets), np.float32) for name in ("npv", "ntrueInt", "rho")},
        **{f"fj_{name}": jets.jets[name] for name in ("pt", "eta", "phi")},
        "fj_sdmass": jets.jets["mass"],
        "fj_nbHadrons": 2 * is_higgs,
        "fj_ncHadrons": 1 - is_higgs,
        "sample_isQCD": of_qcd,
        "fj_isH": is_higgs,
        "fj_isBB": is_higgs,
        "fj_isQCD": 1 - is_higgs,
        "label_H_bb": is_higgs,
    }
    for number, name in enumerate(QCD_LABELS):
        branches[f"label_QCD_{name}"] = (np.arange(len(jets)) % 5 == number).astype(np.int32)
    return branches


def of_candidates(jets: Jets) -> dict[str, object]:
    """Return momenta relative to the jet, and what kinds of particles they are."""
    particles = {name: column.astype(np.float64) for name, column in jets.constituents.items()}
    jet = np.repeat(np.arange(len(jets)), jets.jets["num_constituents"])
    pt, eta, phi = (jets.jets[name].astype(np.float64)[jet] for name in ("pt", "eta", "phi"))
    transverse = np.hypot(particles["px"], particles["py"])
    sign = np.where(eta > 0, 1, -1)
    difference = np.arctan2(particles["py"], particles["px"]) - phi
    flat = {
        "ptrel": transverse / pt,
        "etarel": sign * (np.arcsinh(particles["pz"] / transverse) - eta),
        "phirel": np.arctan2(np.sin(difference), np.cos(difference)),
        "mass": np.zeros(len(jet)),
        "charge": particles["charge"],
        "dxy": particles["d0"],
        "dz": particles["dz"],
        **{f"is{name}": np.abs(particles["pdgid"]) == code for name, code in KINDS.items()},
    }
    return {
        f"pfcand_{name}": ragged(values.astype(np.float32), jets.offsets)
        for name, values in flat.items()
    }


def write_hbb_root(path: Path, branches: dict[str, object]) -> None:
    """Write branches as the producer does, but for the headers of vectors."""
    with uproot.recreate(path) as file:
        types = {
            name: values.type if isinstance(values, ak.Array) else values.dtype
            for name, values in branches.items()
        }
        file.mktree("deepntuplizer/tree", types).extend(branches)


def write_hbb_hdf5(path: Path, branches: dict[str, object]) -> None:
    """Write branches as the converter does: arrays compressed by blosc, without the last row."""
    filters = tables.Filters(complevel=7, complib="blosc")
    with tables.open_file(str(path), mode="w") as file:
        for name, values in branches.items():
            array = values
            if isinstance(values, ak.Array):
                slots = SLOTS[name.split("_")[0].replace("trackBTag", "track")]
                array = np.zeros((len(values), slots))
                for row, numbers in enumerate(values):  # as the converter: slow, but its own
                    kept = numbers[:-1] if row == len(values) - 1 else numbers
                    array[row, : len(kept[:slots])] = kept[:slots]
            file.create_carray("/", name, obj=array, filters=filters)
