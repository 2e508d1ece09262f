"""A jet as a set of particles, in falling pT, without padding.

The inputs of P-CNN and ParticleNet (Qu and Gouskos 2020, https://arxiv.org/abs/1902.08570), of
the particle transformer (Qu, Li and Qian 2022, https://arxiv.org/abs/2202.03772), of
PFN and EFN (Komiske et al. 2019, https://arxiv.org/abs/1810.05165) and of TopoDNN (Pearkes et al.
2017, https://arxiv.org/abs/1704.02124).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.inputs import Inputs, Statistics
from tagline.data.jets import Jets
from tagline.observables import frames
from tagline.observables.frames import Array, Particles
from tagline.representations import BaseRepresentation
from tagline.settings.options import RepresentationOptions

ELECTRON, MUON, PHOTON = 11, 13, 22
MM_PER_CM = 10


class Config(RepresentationOptions):
    """Which particles, which of their features, and the frame of `eta` and `phi`."""

    features: tuple[
        Literal[
            "log_pt",
            "log_energy",
            "log_relative_pt",
            "log_relative_energy",
            "d_eta",
            "d_phi",
            "d_r",
            "pt_fraction",
            "scaled_pt",
            "eta",
            "phi",
            "px",
            "py",
            "pz",
            "energy",
            "outward_d_eta",
            "charge",
            "is_charged_hadron",
            "is_neutral_hadron",
            "is_photon",
            "is_electron",
            "is_muon",
            "tanh_d0",
            "d0_error",
            "tanh_dz",
            "dz_error",
        ],
        ...,
    ] = Field(
        (
            "log_pt",
            "log_energy",
            "log_relative_pt",
            "log_relative_energy",
            "d_eta",
            "d_phi",
            "d_r",
        ),
        min_length=1,
    )
    max_constituents: int = Field(200, gt=0, description="leading constituents in pT")
    frame: Literal["jet_axis", "centroid", "leading"] = Field(
        "jet_axis", description="origin: jet axis, pT-weighted centroid or leading constituent"
    )
    rotate: bool = Field(
        False,
        description="principal axis vertical; in the frame `leading`, second constituent down",
    )
    flip: bool = Field(
        False,
        description="heavier halves right and up; in the frame `leading`, mean eta to the right",
    )
    pt_scale: float = Field(
        1.0, gt=0, description="`scaled_pt` is pT in the frame over this [GeV]"
    )
    standardise: bool = Field(
        False, description="shift and scale the features of the particle transformer"
    )


@dataclass(frozen=True)
class _View:
    """What features are made of: particles around the jet axis and in the frame, and jets."""

    jets: Jets
    around_axis: Particles
    in_frame: Particles
    pt_scale: float

    def jet(self, name: str) -> Array:
        return self.jets.jets[name].astype(np.float64)

    def jet_energy(self) -> Array:
        return np.hypot(self.jet("pt") * np.cosh(self.jet("eta")), self.jet("mass"))

    def particle(self, name: str) -> Array:
        return self.jets.constituents[name][self.around_axis.row_P].astype(np.float64)

    def away_from_middle(self, eta_P: Array) -> Array:
        return eta_P * np.where(self.jet("eta") >= 0, 1, -1)[self.around_axis.jet_P]

    def is_kind(self, pdgid: int) -> Array:
        return np.where(np.abs(self.particle("pdgid")) == pdgid, 1.0, 0.0)

    def is_hadron(self, *, charged: bool) -> Array:
        pdgid_P, charged_P = self.particle("pdgid"), self.particle("charge") != 0
        others_P = np.isin(np.abs(pdgid_P), (0, ELECTRON, MUON, PHOTON))
        return np.where(~others_P & (charged_P == charged), 1.0, 0.0)

    def over_jet(self, values_P: Array, jet_J: Array) -> Array:
        return values_P / jet_J[self.around_axis.jet_P]


FEATURES: dict[str, Callable[[_View], Array]] = {
    "log_pt": lambda view: np.log(view.around_axis.pt_P),
    "log_energy": lambda view: np.log(view.particle("energy")),
    "log_relative_pt": lambda view: np.log(view.over_jet(view.around_axis.pt_P, view.jet("pt"))),
    "log_relative_energy": lambda view: np.log(
        view.over_jet(view.particle("energy"), view.jet_energy())
    ),
    "d_eta": lambda view: view.around_axis.eta_P,
    "d_phi": lambda view: view.around_axis.phi_P,
    "d_r": lambda view: np.hypot(view.around_axis.eta_P, view.around_axis.phi_P),
    "pt_fraction": lambda view: view.over_jet(
        view.around_axis.pt_P, view.around_axis.sum(view.around_axis.pt_P)
    ),
    "scaled_pt": lambda view: view.in_frame.pt_P / view.pt_scale,
    "eta": lambda view: view.in_frame.eta_P,
    "phi": lambda view: view.in_frame.phi_P,
    "px": lambda view: view.particle("px"),
    "py": lambda view: view.particle("py"),
    "pz": lambda view: view.particle("pz"),
    "energy": lambda view: view.particle("energy"),
    "outward_d_eta": lambda view: view.away_from_middle(view.around_axis.eta_P),
    "charge": lambda view: view.particle("charge"),
    "is_charged_hadron": lambda view: view.is_hadron(charged=True),
    "is_neutral_hadron": lambda view: view.is_hadron(charged=False),
    "is_photon": lambda view: view.is_kind(PHOTON),
    "is_electron": lambda view: view.is_kind(ELECTRON),
    "is_muon": lambda view: view.is_kind(MUON),
    "tanh_d0": lambda view: np.tanh(view.particle("d0") * MM_PER_CM),
    "d0_error": lambda view: np.clip(view.particle("d0_error") * MM_PER_CM, 0, 1),
    "tanh_dz": lambda view: np.tanh(view.particle("dz") * MM_PER_CM),
    "dz_error": lambda view: np.clip(view.particle("dz_error") * MM_PER_CM, 0, 1),
}
"""The last are those of data/JetClass/JetClass_full.yaml of jet-universe/particle_transformer:
lengths in mm, errors of at most 1 mm, and eta positive away from the middle of the detector."""

IDENTITY = ("charge", "pdgid")
NEEDED = dict.fromkeys(
    ("is_charged_hadron", "is_neutral_hadron", "is_photon", "is_electron", "is_muon"), IDENTITY
) | {
    "charge": ("charge",),
    "tanh_d0": ("d0",),
    "d0_error": ("d0_error",),
    "tanh_dz": ("dz",),
    "dz_error": ("dz_error",),
}
"""Columns behind features, besides the momenta."""

# Subtracted, then multiplied: data/TopLandscape/top_kin.yaml of jet-universe/particle_transformer.
STANDARD = {
    "log_pt": (1.7, 0.7),
    "log_energy": (2.0, 0.7),
    "log_relative_pt": (-4.7, 0.7),
    "log_relative_energy": (-4.7, 0.7),
    "d_r": (0.2, 4.0),
}
LARGEST_STANDARD = 5.0


class Representation(BaseRepresentation):
    """The leading particles of each jet with the configured features."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def reads(self) -> tuple[str, ...]:
        """Name the momenta, and the columns that the features need besides."""
        needed = [column for name in self.config.features for column in NEEDED.get(name, ())]
        return tuple(dict.fromkeys([*super().reads(), *needed]))

    def transform(self, jets: Jets, statistics: Statistics) -> Jets:
        """Return one row a particle."""
        del statistics
        around_axis = frames.around_jet_axis(
            frames.leading(jets, self.config.max_constituents), jets
        )
        view = _View(jets, around_axis, self._in_frame(around_axis), self.config.pt_scale)
        return Jets(
            jets={"num_constituents": around_axis.num_J.astype(np.int32)},
            constituents={
                name: self._feature(name, view).astype(np.float32) for name in self.config.features
            },
        )

    def _feature(self, name: str, view: _View) -> Array:
        feature_P = FEATURES[name](view)
        if not self.config.standardise or name not in STANDARD:
            return feature_P
        shift, scale = STANDARD[name]
        return np.clip((feature_P - shift) * scale, -LARGEST_STANDARD, LARGEST_STANDARD)

    def _in_frame(self, particles: Particles) -> Particles:
        if self.config.frame == "leading":
            particles = frames.around_leading(particles)
            rotate, flip = frames.second_down, frames.mean_right
        else:
            if self.config.frame == "centroid":
                particles = frames.centred(particles)
            rotate, flip = frames.upright, frames.reflected
        if self.config.rotate:
            particles = rotate(particles)
        if self.config.flip:
            particles = flip(particles)
        return particles

    def inputs(self, statistics: Statistics) -> Inputs:
        """Describe the particles."""
        return Inputs(
            constituent_features=self.config.features,
            max_constituents=self.config.max_constituents,
            statistics=statistics,
        )
