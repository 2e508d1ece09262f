"""Attributions averaged over jets: by pixel, by rank of constituents, around the jet axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagline.data.inputs import Inputs
from tagline.interpretation.attributions import (
    Attributions,
    ConstituentMaps,
    Importance,
    Map,
    PixelMaps,
)
from tagline.interpretation.explained import IS_BEAM, Array, Explained, Indices

BINS = 32  # of the plane, in each direction
SHOWN = 0.99  # of the constituents lie within the plane
STEP = 0.1  # rad; the plane's half width is a multiple
ANGLES = (("d_eta", "d_phi"), ("eta", "phi"))
MOMENTA = ("energy", "px", "py", "pz")

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Constituents:
    """Particles of explained jets, beams left out.

    Args:
        jet_P: row of the jet.
        rank_P: place in the jet, counted from 0.
        attribution_P: integrated gradients, features added.
        saliency_P: length of the gradient.
        eta_P: from the jet axis; empty where the features have no angles.
        phi_P: likewise.
    """

    jet_P: Indices
    rank_P: Indices
    attribution_P: Array
    saliency_P: Array
    eta_P: Array
    phi_P: Array

    def select(self, is_kept_J: Booleans) -> "Constituents":
        """Return those of some jets."""
        kept_P = is_kept_J[self.jet_P]
        return Constituents(
            **{
                name: values[kept_P] if len(values) else values
                for name, values in vars(self).items()
            }
        )


def gap_of(explained: Explained) -> float:
    """Return by how much the attributions miss what they should add up to, which may be nothing.

    It is one where a tagger is made of steps, as trees are: gradients see none of them.
    """
    missing, whole = np.abs(explained.gap_J).mean(), np.abs(explained.difference_J).mean()
    return float(missing / whole) if missing else 0.0


def attributions_of(
    explained: Explained,
    inputs: Inputs,
    class_names: Sequence[str],
    *,
    auc_drops: Mapping[str, Array],
) -> Attributions:
    """Average over the jets of each class that has any; by feature, over all jets."""
    is_of = {name: explained.label_J == label for label, name in enumerate(class_names)}
    is_of = {name: is_of_J for name, is_of_J in is_of.items() if is_of_J.any()}
    found = Attributions(
        num_jets={name: int(is_of_J.sum()) for name, is_of_J in is_of.items()},
        gap=gap_of(explained),
        features=features_of(explained, inputs, auc_drops),
    )
    if inputs.image_shape:
        images = images_of(explained, inputs)
        pixels = {
            name: pixel_maps({kind: image[is_of_J] for kind, image in images.items()})
            for name, is_of_J in is_of.items()
        }
        channels = inputs.constituent_features[2:]
        return found.model_copy(update={"pixels": pixels, "channels": channels})
    if not inputs.constituent_features:
        return found
    constituents = constituents_of(explained, inputs)
    half_width = half_width_of(constituents)
    maps = {
        name: constituent_maps(
            constituents.select(is_of_J), int(is_of_J.sum()), half_width=half_width
        )
        for name, is_of_J in is_of.items()
    }
    return found.model_copy(update={"constituents": maps, "half_width": half_width})


def features_of(
    explained: Explained, inputs: Inputs, auc_drops: Mapping[str, Array]
) -> dict[str, Importance]:
    """Set what each feature adds to the log-odds, constituents summed, beside the loss of AUC."""
    jet_P, num_jets = _jets_of(explained), len(explained.label_J)
    sums_FJ = [
        np.bincount(jet_P, integrated_P, minlength=num_jets)
        for integrated_P in explained.integrated_PF.T
    ]
    names = (*inputs.jet_features, *inputs.constituent_features)
    added = dict(zip(names, (*explained.integrated_JG.T, *sums_FJ), strict=True))
    return {
        name: Importance(
            auc_drop=float(drop.mean()),
            auc_drop_error=float(drop.std(ddof=1)),
            attribution=float(np.abs(added[name]).mean()),
        )
        for name, drop in auc_drops.items()
    }


def images_of(explained: Explained, inputs: Inputs) -> dict[str, Array]:
    """Return images (J, K, Y, X) of pixels, and of their saliency and integrated gradients."""
    assert inputs.image_shape
    num_channels, num_rows, num_columns = inputs.image_shape
    shape = (len(explained.label_J), num_rows, num_columns, num_channels)
    columns = {
        "mean": explained.x_PF,
        "saliency": explained.saliency_PF,
        "attribution": explained.integrated_PF,
    }
    return {
        name: values_PF[:, 2:].reshape(shape).transpose(0, 3, 1, 2)
        for name, values_PF in columns.items()
    }


def constituents_of(explained: Explained, inputs: Inputs) -> Constituents:
    """Set the gradients of constituents beside their place and their angles."""
    features, jet_P = inputs.constituent_features, _jets_of(explained)
    eta_P, phi_P = angles_of(explained.x_PF, jet_P, features)
    kept_P = np.ones(len(jet_P), dtype=np.bool_)
    if IS_BEAM in features:
        kept_P = explained.x_PF[:, features.index(IS_BEAM)] == 0
    jet_P = jet_P[kept_P]
    return Constituents(
        jet_P=jet_P,
        rank_P=np.arange(len(jet_P)) - np.searchsorted(jet_P, jet_P),
        attribution_P=explained.integrated_PF[kept_P].sum(1),
        saliency_P=np.sqrt((explained.saliency_PF[kept_P] ** 2).sum(1)),
        eta_P=eta_P[kept_P] if len(eta_P) else eta_P,
        phi_P=phi_P[kept_P] if len(phi_P) else phi_P,
    )


def _jets_of(explained: Explained) -> Indices:
    return np.repeat(np.arange(len(explained.num_J)), explained.num_J)


def angles_of(x_PF: Array, jet_P: Indices, features: Sequence[str]) -> tuple[Array, Array]:
    """Return eta and phi from the jet axis, or nothing where the features have no angles."""
    for names in ANGLES:
        if set(names) <= set(features):
            eta_P, phi_P = (x_PF[:, features.index(name)] for name in names)
            return eta_P, phi_P
    if not set(MOMENTA) <= set(features):
        return np.empty(0), np.empty(0)
    p_4P = np.stack([x_PF[:, features.index(name)] for name in MOMENTA])
    if IS_BEAM in features:
        p_4P = p_4P * (x_PF[:, features.index(IS_BEAM)] == 0)
    jet_4J = np.array([np.bincount(jet_P, component_P) for component_P in p_4P], np.float64)
    eta_P, phi_P = _direction(p_4P)
    eta_J, phi_J = _direction(jet_4J)
    return eta_P - eta_J[jet_P], (phi_P - phi_J[jet_P] + np.pi) % (2 * np.pi) - np.pi


def _direction(p_4: Array) -> tuple[Array, Array]:
    _, px, py, pz = p_4
    pt = np.hypot(px, py)
    return np.arcsinh(pz / np.where(pt > 0, pt, np.inf)), np.arctan2(py, px)


def half_width_of(constituents: Constituents) -> float:
    """Return the half width of a plane that shows nearly all constituents; 0 without angles."""
    if not len(constituents.eta_P):
        return 0.0
    farthest_P = np.maximum(np.abs(constituents.eta_P), np.abs(constituents.phi_P))
    return round(float(np.ceil(np.quantile(farthest_P, SHOWN) / STEP) * STEP), 1)


def constituent_maps(
    constituents: Constituents, num_jets: int, *, half_width: float
) -> ConstituentMaps:
    """Average over so many jets with these constituents; by rank, over those that have it."""
    rank_P, attribution_P = constituents.rank_P, constituents.attribution_P
    jets_N = np.bincount(rank_P)

    def by_rank(values_P: Array) -> tuple[float, ...]:
        return tuple((np.bincount(rank_P, values_P) / jets_N).tolist())

    return ConstituentMaps(
        by_rank=by_rank(attribution_P),
        absolute_by_rank=by_rank(np.abs(attribution_P)),
        saliency_by_rank=by_rank(constituents.saliency_P),
        jets_by_rank=tuple(jets_N.tolist()),
        plane=_plane(constituents, num_jets, half_width=half_width),
    )


def _plane(constituents: Constituents, num_jets: int, *, half_width: float) -> Map:
    if not half_width:
        return ()
    edges = np.linspace(-half_width, half_width, BINS + 1)
    sums_YX, _, _ = np.histogram2d(
        constituents.phi_P,
        constituents.eta_P,
        bins=(edges, edges),
        weights=constituents.attribution_P,
    )
    return _as_map(sums_YX / max(num_jets, 1))


def pixel_maps(images_JKYX: Mapping[str, Array]) -> PixelMaps:
    """Average images of the jets of a class: `mean`, `saliency` and `attribution`."""
    return PixelMaps(
        **{
            name: tuple(_as_map(mean_YX) for mean_YX in image_JKYX.mean(axis=0))
            for name, image_JKYX in images_JKYX.items()
        }
    )


def _as_map(image_YX: Array) -> Map:
    return tuple(tuple(row) for row in image_YX.tolist())
