"""The columns of DeepNTuples besides those of `columns.py`, called as the files have them.

The inputs of Jet Flavour Classification Using DeepJet, Bols (2020), arXiv:2008.10519, in the order
of its training, with the meanings that the producer's code gives them. It bounds many of them, and
moves some so that 0 stands for the lists' empty slots: that is left as it is.
"""

from tagline.data.columns import Column
from tagline.reading.descriptions import Described, declared

FLAGS = {
    "isB": ("bottom", "one b hadron, no neutrino of it nearby"),
    "isBB": ("bottom", "several b hadrons"),
    "isGBB": ("bottom", "several b hadrons, of a gluon"),
    "isLeptonicB": ("bottom", "one b hadron, a neutrino of it nearby"),
    "isLeptonicB_C": ("bottom", "one b hadron, a neutrino of a c hadron nearby"),
    "isC": ("charm", "one c hadron"),
    "isCC": ("charm", "several c hadrons"),
    "isGCC": ("charm", "several c hadrons, of a gluon"),
    "isUD": ("light_quark", "parton u or d"),
    "isU": ("light_quark", "parton u"),
    "isD": ("light_quark", "parton d"),
    "isS": ("light_quark", "parton s"),
    "isG": ("gluon", "parton g"),
    "isTau": ("tau", "a tau"),
    "isPU": ("pileup", "pile-up"),
}
"""Which name of TRUTH a flag stands for, and what else it says; a jet has one of them at most."""

ALTERNATIVE_FLAGS = ("isUD", "isU", "isD", "isTau", "isPU")
"""Those that only some versions of the producer write: `isUD`, or `isU` and `isD`."""

GLOBAL: Described = {
    "nCpfcand": ("", "number of charged candidates"),
    "nNpfcand": ("", "number of neutral candidates"),
    "nsv": ("", "number of secondary vertices"),
    "npv": ("", "number of primary vertices"),
    "TagVarCSV_trackSumJetEtRatio": ("", "ET of the selected tracks over that of the jet"),
    "TagVarCSV_trackSumJetDeltaR": ("", "distance of their sum to the jet axis"),
    "TagVarCSV_vertexCategory": ("", "0 with a vertex, 1 with a pseudo vertex, 2 without"),
    "TagVarCSV_trackSip2dValAboveCharm": (
        "cm",
        "2D impact parameter of the first track to lift the mass above that of charm",
    ),
    "TagVarCSV_trackSip2dSigAboveCharm": ("", "the same over its uncertainty"),
    "TagVarCSV_trackSip3dValAboveCharm": ("cm", "3D impact parameter of this track"),
    "TagVarCSV_trackSip3dSigAboveCharm": ("", "the same over its uncertainty"),
    "TagVarCSV_jetNSelectedTracks": ("", "number of selected tracks"),
    "TagVarCSV_jetNTracksEtaRel": ("", "number of tracks with an eta to the jet axis"),
}
"""With `pt` and `eta` the 15 global inputs; -999 where there is none."""

SPECTATORS: Described = {
    "jet_corr_pt": ("GeV", "pT after corrections"),
    "jet_mass": ("GeV", "mass after corrections"),
    "gen_pt": ("GeV", "pT of the generated jet"),
    "ntrueInt": ("", "mean number of interactions in a bunch crossing"),
    "rho": ("GeV", "density of pile-up"),
}

CHARGED: Described = {
    "Cpfcan_BtagPf_trackEtaRel": ("", "pseudorapidity relative to the jet axis"),
    "Cpfcan_BtagPf_trackPtRel": ("GeV", "momentum across the jet axis, at most 4"),
    "Cpfcan_BtagPf_trackPPar": ("GeV", "momentum along the jet axis"),
    "Cpfcan_BtagPf_trackDeltaR": ("", "distance to the jet axis"),
    "Cpfcan_BtagPf_trackPParRatio": ("", "momentum along the axis over the momentum"),
    "Cpfcan_BtagPf_trackSip2dVal": ("cm", "signed 2D impact parameter"),
    "Cpfcan_BtagPf_trackSip2dSig": ("", "the same over its uncertainty"),
    "Cpfcan_BtagPf_trackSip3dVal": ("cm", "signed 3D impact parameter"),
    "Cpfcan_BtagPf_trackSip3dSig": ("", "the same over its uncertainty"),
    "Cpfcan_BtagPf_trackJetDistVal": ("cm", "distance to the jet axis where it is smallest"),
    "Cpfcan_ptrel": ("", "pT over that of the jet, minus 1"),
    "Cpfcan_drminsv": ("", "distance to the nearest secondary vertex, minus 0.4"),
    "Cpfcan_VTX_ass": ("", "quality of the association to the primary vertex"),
    "Cpfcan_puppiw": ("", "PUPPI weight"),
    "Cpfcan_chi2": ("", "chi2 per degree of freedom, at most 300"),
    "Cpfcan_quality": ("", "bits of quality"),
}

NEUTRAL: Described = {
    "Npfcan_ptrel": ("", "pT over that of the jet, minus 1"),
    "Npfcan_deltaR": ("", "distance to the jet axis, minus 0.6"),
    "Npfcan_isGamma": ("", "1 for a photon"),
    "Npfcan_HadFrac": ("", "share of the energy in the hadron calorimeter"),
    "Npfcan_drminsv": ("", "distance to the nearest secondary vertex, minus 0.4"),
    "Npfcan_puppiw": ("", "PUPPI weight"),
}

VERTICES: Described = {
    "sv_pt": ("GeV", "transverse momentum"),
    "sv_deltaR": ("", "distance to the jet axis, minus 0.5"),
    "sv_mass": ("GeV", "mass"),
    "sv_ntracks": ("", "number of tracks"),
    "sv_chi2": ("", "chi2 of the fit"),
    "sv_normchi2": ("", "chi2 per degree of freedom, at most 1000"),
    "sv_dxy": ("cm", "transverse flight distance"),
    "sv_dxysig": ("", "the same over its uncertainty, at most 800"),
    "sv_d3d": ("cm", "flight distance"),
    "sv_d3dsig": ("", "the same over its uncertainty, at most 800"),
    "sv_costhetasvpv": ("", "cosine of the angle of momentum and flight"),
    "sv_enratio": ("", "energy over that of the jet"),
}

OF_JETS = (
    *declared(GLOBAL),
    *declared(SPECTATORS),
    *(
        Column(flag, "int8", "", f"1 for {meaning}", required=False)
        for flag, (_, meaning) in FLAGS.items()
    ),
)
TABLES = {
    "charged": declared(CHARGED),
    "neutral": declared(NEUTRAL),
    "vertices": declared(VERTICES),
}
