"""The columns of CMS' H(bb) ntuples besides those of `columns.py`, called as the files have them.

Meanings as the producer's description gives them (record 12103 of CERN Open Data) or, where it has
none, as its code fills them. Axes are those of 2-subjettiness.
"""

from tagline.data.columns import Column
from tagline.reading.descriptions import Described, declared

HIGH_LEVEL: Described = {
    "fj_jetNTracks": ("", "number of tracks"),
    "fj_nSV": ("", "number of secondary vertices"),
    "fj_tau0_trackEtaRel_0": ("", "smallest eta of a track to the jet, first axis"),
    "fj_tau0_trackEtaRel_1": ("", "second smallest eta of a track to the jet, first axis"),
    "fj_tau0_trackEtaRel_2": ("", "third smallest eta of a track to the jet, first axis"),
    "fj_tau1_trackEtaRel_0": ("", "smallest eta of a track to the jet, second axis"),
    "fj_tau1_trackEtaRel_1": ("", "second smallest eta of a track to the jet, second axis"),
    "fj_tau1_trackEtaRel_2": ("", "third smallest eta of a track to the jet, second axis"),
    "fj_tau_flightDistance2dSig_0": ("", "2D flight distance over its uncertainty, first axis"),
    "fj_tau_flightDistance2dSig_1": ("", "the same, second axis"),
    "fj_tau_vertexDeltaR_0": ("", "distance of the first axis and its vertex"),
    "fj_tau_vertexEnergyRatio_0": ("", "energy of vertices over that of tracks, first axis"),
    "fj_tau_vertexEnergyRatio_1": ("", "the same, second axis"),
    "fj_tau_vertexMass_0": ("GeV", "mass of all tracks of vertices, first axis"),
    "fj_tau_vertexMass_1": ("GeV", "the same, second axis"),
    "fj_trackSip2dSigAboveBottom_0": (
        "",
        "2D significance of the first track to lift the mass to 5.2 GeV",
    ),
    "fj_trackSip2dSigAboveBottom_1": ("", "the same of the second such track"),
    "fj_trackSip2dSigAboveCharm_0": ("", "the same of the first to lift it to 1.5 GeV"),
    "fj_trackSipdSig_0": ("", "largest 3D impact significance of a track"),
    "fj_trackSipdSig_0_0": ("", "largest, first axis"),
    "fj_trackSipdSig_0_1": ("", "second largest, first axis"),
    "fj_trackSipdSig_1": ("", "second largest"),
    "fj_trackSipdSig_1_0": ("", "largest, second axis"),
    "fj_trackSipdSig_1_1": ("", "second largest, second axis"),
    "fj_trackSipdSig_2": ("", "third largest"),
    "fj_trackSipdSig_3": ("", "fourth largest"),
    "fj_z_ratio": ("", "the z ratio of CMS-BTV-16-002"),
}
"""The 27 features of the DeepDoubleB baseline, in the order in which its authors give them."""

SPECTATORS: Described = {
    "fj_mass": ("GeV", "mass before grooming"),
    "fj_tau1": ("", "N-subjettiness"),
    "fj_tau2": ("", "likewise"),
    "fj_tau3": ("", "likewise"),
    "fj_tau21": ("", "tau2 / tau1"),
    "fj_tau32": ("", "tau3 / tau2"),
    "fj_doubleb": ("", "double-b discriminant of CMS-BTV-16-002"),
    "fj_n_sdsubjets": ("", "number of soft drop subjets, at most 2"),
    "npv": ("", "number of primary vertices"),
    "ntrueInt": ("", "mean number of interactions in a bunch crossing"),
    "rho": ("GeV", "density of pile-up"),
}

COUNTS: Described = {
    "event_no": ("uint32", "event number; several jets and several samples have the same"),
    "fj_nbHadrons": ("int32", "number of b hadrons"),
    "fj_ncHadrons": ("int32", "number of c hadrons"),
    "label_QCD_bb": ("int8", "1 for QCD with two b hadrons"),
    "label_QCD_b": ("int8", "1 for QCD with one"),
    "label_QCD_cc": ("int8", "1 for QCD with two c hadrons"),
    "label_QCD_c": ("int8", "1 for QCD with one"),
    "label_QCD_others": ("int8", "1 for QCD without"),
}
"""Their type and meaning."""

CANDIDATES: Described = {
    "deltaR": ("", "distance to the jet axis"),
    "drminsv": ("", "distance to the nearest secondary vertex, -1 without any"),
    "drsubjet1": ("", "distance to the first soft drop subjet, -1 without"),
    "drsubjet2": ("", "distance to the second, -1 without"),
    "puppiw": ("", "PUPPI weight"),
    "VTX_ass": ("", "quality of the association to the primary vertex"),
    "fromPV": ("", "whether it is from the primary vertex, 0 to 3"),
    "lostInnerHits": ("", "hits lost in the inner tracker, -1 for one in the first layer"),
    "dxysig": ("", "transverse impact parameter over its uncertainty"),
    "dzsig": ("", "longitudinal impact parameter over its uncertainty"),
    "hcalFrac": ("", "share of the energy in the hadron calorimeter"),
}
"""Without the prefix `pfcand_`."""

TRACKS: Described = {
    "track_ptrel": ("", "pT over that of the jet"),
    "track_erel": ("", "energy over that of the jet"),
    "track_etarel": ("", "eta relative to the jet, times the sign of its eta"),
    "track_phirel": ("rad", "azimuth relative to the jet"),
    "track_pt": ("GeV", "transverse momentum"),
    "track_mass": ("GeV", "mass"),
    "track_charge": ("e", "electric charge"),
    "track_isEl": ("", "1 for an electron"),
    "track_isMu": ("", "1 for a muon"),
    "track_isChargedHad": ("", "1 for a charged hadron"),
    "track_deltaR": ("", "distance to the jet axis"),
    "track_drminsv": ("", "distance to the nearest secondary vertex, -1 without any"),
    "track_drsubjet1": ("", "distance to the first soft drop subjet, -1 without"),
    "track_drsubjet2": ("", "distance to the second, -1 without"),
    "track_puppiw": ("", "PUPPI weight"),
    "track_VTX_ass": ("", "quality of the association to the primary vertex"),
    "track_fromPV": ("", "whether it is from the primary vertex, 0 to 3"),
    "track_lostInnerHits": ("", "hits lost in the inner tracker, -1 for one in the first layer"),
    "track_dxysig": ("", "transverse impact parameter over its uncertainty"),
    "track_dzsig": ("", "longitudinal impact parameter over its uncertainty"),
    "track_dxy": ("cm", "transverse impact parameter"),
    "track_dz": ("cm", "longitudinal impact parameter"),
    "track_normchi2": ("", "chi2 per degree of freedom"),
    "track_quality": ("", "bits of quality"),
    "track_dptdpt": ("", "covariance of q/p"),
    "track_detadeta": ("", "covariance of lambda"),
    "track_dphidphi": ("rad2", "covariance of azimuth"),
    "track_dxydxy": ("cm2", "covariance of dxy"),
    "track_dzdz": ("cm2", "covariance of dz"),
    "track_dxydz": ("cm2", "covariance of dxy and dz"),
    "track_dphidxy": ("rad cm", "covariance of azimuth and dxy"),
    "track_dlambdadz": ("cm", "covariance of lambda and dz"),
    "trackBTag_Momentum": ("GeV", "momentum"),
    "trackBTag_Eta": ("", "pseudorapidity"),
    "trackBTag_EtaRel": ("", "pseudorapidity relative to the jet axis"),
    "trackBTag_PtRel": ("GeV", "momentum across the jet axis"),
    "trackBTag_PPar": ("GeV", "momentum along the jet axis"),
    "trackBTag_DeltaR": ("", "distance to the jet axis"),
    "trackBTag_PtRatio": ("", "momentum across the axis over the momentum"),
    "trackBTag_PParRatio": ("", "momentum along the axis over the momentum"),
    "trackBTag_Sip2dVal": ("cm", "signed 2D impact parameter"),
    "trackBTag_Sip2dSig": ("", "the same over its uncertainty"),
    "trackBTag_Sip3dVal": ("cm", "signed 3D impact parameter"),
    "trackBTag_Sip3dSig": ("", "the same over its uncertainty"),
    "trackBTag_JetDistVal": ("cm", "distance to the jet axis"),
}

VERTICES: Described = {
    "sv_ptrel": ("", "pT over that of the jet"),
    "sv_erel": ("", "energy over that of the jet"),
    "sv_etarel": ("", "eta relative to the jet, times the sign of its eta"),
    "sv_phirel": ("rad", "azimuth relative to the jet"),
    "sv_deltaR": ("", "distance to the jet axis"),
    "sv_pt": ("GeV", "transverse momentum"),
    "sv_mass": ("GeV", "mass"),
    "sv_ntracks": ("", "number of tracks"),
    "sv_chi2": ("", "chi2 of the fit"),
    "sv_ndf": ("", "its degrees of freedom"),
    "sv_normchi2": ("", "chi2 per degree of freedom"),
    "sv_dxy": ("cm", "transverse flight distance"),
    "sv_dxyerr": ("cm", "its uncertainty"),
    "sv_dxysig": ("", "the one over the other"),
    "sv_d3d": ("cm", "flight distance"),
    "sv_d3derr": ("cm", "its uncertainty"),
    "sv_d3dsig": ("", "the one over the other"),
    "sv_costhetasvpv": ("", "cosine of the angle of momentum and flight"),
}


OF_JETS = (
    *declared(HIGH_LEVEL),
    *declared(SPECTATORS),
    *(
        Column(name, dtype, "", meaning, required=False)
        for name, (dtype, meaning) in COUNTS.items()
    ),
)
OF_CANDIDATES = declared(CANDIDATES, prefix="pfcand_")
