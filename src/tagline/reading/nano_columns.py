"""Columns of jets in CMS' NanoAOD, v9 to v15, called as the branches of their collection.

A file has those of its version. Meanings are those that NanoAOD gives its branches. What begins
with `subjet1_` or `subjet2_` is of the subjets that soft drop leaves; ratios are made here.
"""

from tagline.data.columns import Column
from tagline.reading.descriptions import Described, declared

SUBJETS = {"subjet1": "subJetIdx1", "subjet2": "subJetIdx2"}
"""The branch that says which they are, by the beginning of their columns."""

RATIOS = {"tau21": ("tau2", "tau1"), "tau32": ("tau3", "tau2"), "tau43": ("tau4", "tau3")}
"""What is divided by what."""

SHARED: Described = {
    "area": ("", "area in eta and phi"),
    "rawFactor": ("", "1 minus what corrections divide the momentum by"),
    "chHEF": ("", "energy fraction of charged hadrons"),
    "neHEF": ("", "energy fraction of neutral hadrons"),
    "chEmEF": ("", "charged electromagnetic energy fraction"),
    "neEmEF": ("", "neutral electromagnetic energy fraction"),
    "muEF": ("", "energy fraction of muons"),
}

FAT_JETS: Described = SHARED | {
    "tau1": ("", "1-subjettiness"),
    "tau2": ("", "2-subjettiness"),
    "tau3": ("", "3-subjettiness"),
    "tau4": ("", "4-subjettiness"),
    "tau21": ("", "tau2 / tau1, 0 where tau1 is"),
    "tau32": ("", "tau3 / tau2, 0 where tau2 is"),
    "tau43": ("", "tau4 / tau3, 0 where tau3 is"),
    "n2b1": ("", "N2 with beta = 1"),
    "n3b1": ("", "N3 with beta = 1"),
    "lsf3": ("", "lepton subjet fraction of three subjets"),
}

JETS: Described = SHARED | {
    "qgl": ("", "likelihood of quarks against gluons"),
    "puIdDisc": ("", "discriminant of pile-up jets"),
    "hfsigmaEtaEta": ("", "width in eta in the forward calorimeter"),
    "hfsigmaPhiPhi": ("", "width in phi in the forward calorimeter"),
}

SCORES_OF_FAT_JETS = {
    "btag": "CMVA CSVV2 DeepB Hbb DDBvL DDBvL_noMD DDBvLV2 DDCvB DDCvB_noMD DDCvBV2 DDCvL "
    "DDCvL_noMD DDCvLV2",
    "deepTag_": "H QCD QCDothers TvsQCD WvsQCD ZvsQCD",
    "deepTagMD_": "H4qvsQCD HbbvsQCD TvsQCD WvsQCD ZHbbvsQCD ZHccvsQCD ZbbvsQCD ZvsQCD bbvsLight "
    "ccvsLight",
    "particleNet_": "H4qvsQCD HbbvsQCD HccvsQCD QCD QCD0HF QCD1HF QCD2HF TvsQCD WVsQCD WvsQCD "
    "XbbVsQCD XccVsQCD XggVsQCD XqqVsQCD XteVsQCD XtmVsQCD XttVsQCD ZvsQCD massCorr",
    "particleNetMD_": "QCD Xbb Xcc Xqq",
    "particleNetLegacy_": "QCD Xbb Xcc Xqq mass",
    "particleNetWithMass_": "H4qvsQCD HbbvsQCD HccvsQCD QCD TvsQCD WvsQCD ZvsQCD",
    "globalParT3_": "QCD TopbWev TopbWmv TopbWq TopbWqq TopbWtauhv WvsQCD XWW3q XWW4q XWWqqev "
    "XWWqqmv Xbb Xcc Xcs Xqq Xtauhtaue Xtauhtauh Xtauhtaum massCorrGeneric massCorrX2p "
    "withMassTopvsQCD withMassWvsQCD withMassZvsQCD",
}
"""Outputs of taggers, by the beginnings of their names."""

SCORES_OF_JETS = {
    "btag": "CMVA CSVV2 DeepB DeepC DeepCvB DeepCvL",
    "btagDeepFlav": "B C CvB CvL QG",
    "btagPNet": "B CvB CvL CvNotB QvG TauVJet",
    "btagRobustParTAK4": "B CvB CvL QG",
    "btagUParTAK4": "B CvB CvL CvNotB Ele Mu QvG SvCB SvUDG TauVJet UDG probb probbb",
}

NUMBERS = {
    "jetId": "bits of the identification",
    "nConstituents": "number of constituents",
    "chMultiplicity": "number of charged constituents",
    "neMultiplicity": "number of neutral constituents",
    "partonFlavour": "flavour of the parton it follows",
    "hadronFlavour": "5 with a b hadron, else 4 with a c hadron, else 0",
    "nBHadrons": "number of b hadrons",
    "nCHadrons": "number of c hadrons",
}

SUBJET: Described = {
    "pt": ("GeV", "transverse momentum"),
    "eta": ("", "pseudorapidity"),
    "phi": ("rad", "azimuth"),
    "mass": ("GeV", "mass"),
    "tau1": ("", "1-subjettiness"),
    "tau2": ("", "2-subjettiness"),
    "btagCSVV2": ("", "score of a tagger"),
    "btagDeepB": ("", "score of a tagger"),
    "btagDeepFlavB": ("", "score of a tagger"),
    "btagUParTAK4B": ("", "score of a tagger"),
}


def _scores(of: dict[str, str]) -> tuple[Column, ...]:
    return declared(
        {
            f"{tagger}{score}": ("", "output of a tagger")
            for tagger, scores in of.items()
            for score in scores.split()
        }
    )


def _numbers(*further: str) -> tuple[Column, ...]:
    names = NUMBERS | dict.fromkeys(further, "place of the generated jet in its event, or -1")
    return tuple(
        Column(name, "int32", "", meaning, required=False) for name, meaning in names.items()
    )


OF_JETS = {
    "AK4": (*declared(JETS), *_scores(SCORES_OF_JETS), *_numbers("genJetIdx")),
    "AK8": (
        *declared(FAT_JETS),
        *_scores(SCORES_OF_FAT_JETS),
        *(column for subjet in SUBJETS for column in declared(SUBJET, prefix=f"{subjet}_")),
        *_numbers("genJetAK8Idx"),
    ),
}
