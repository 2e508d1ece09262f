"""Four-momenta (E, px, py, pz) in networks: the Minkowski metric, and what reads them.

Products of momenta lose digits: of two particles of 100 GeV, a tenth of a degree apart, the terms
of the product are 10,000 GeV^2 and their sum is 0.02 GeV^2. In float32 that is noise. So momenta,
which are few, are float64 in every network; what is made of them is float32.
"""

import torch
from torch import Tensor

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs

MOMENTA = ("energy", "px", "py", "pz")
IS_BEAM = "is_beam"
ROUNDING = 2.0**-21  # of E^2 - p^2 in terms of E^2, four times that of one float32


class FourVectors:
    """The columns of a batch that are four-momenta."""

    def __init__(self, inputs: Inputs) -> None:
        features = inputs.constituent_features
        if features[:4] != MOMENTA:
            raise ValueError(
                f"a four-vector tagger reads {', '.join(MOMENTA)}; "
                f"this representation has {', '.join(features) or 'none'}"
            )
        self.has_beams = IS_BEAM in features
        self._is_beam = features.index(IS_BEAM) if self.has_beams else 0

    def momenta(self, batch: Batch) -> Tensor:
        """Return momenta_P4 in float64."""
        return batch.constituents_PF[:, :4].double()

    def is_beam(self, batch: Batch) -> Tensor:
        """Return 1 for beams, 0 for particles."""
        return batch.constituents_PF[:, self._is_beam]


def minkowski(p_4: Tensor, q_4: Tensor) -> Tensor:
    """Return E_p E_q - p q of four-momenta in the last dimension."""
    products_4 = p_4 * q_4
    return products_4[..., 0] - products_4[..., 1:].sum(-1)


def mass2(p_4: Tensor) -> Tensor:
    """Return E^2 - p^2, zero where that is less than what is left of it in float32.

    A massless particle of 300 GeV whose momentum was rounded to float32 seems to have a mass of
    some 0.1 GeV, another one for each observer.
    """
    square = minkowski(p_4, p_4)
    return torch.where(square.abs() > ROUNDING * p_4[..., 0].square(), square, 0)


def boosted(p_4: Tensor, frame_4: Tensor) -> Tensor:
    """Return the momenta p in the rest frame of others, whose mass may not be zero.

    With the frame's energy E, momentum k and mass m: E' = (E E_p - k p) / m and
    p' = p + k ((k p) / (m (E + m)) - E_p / m).
    """
    energy_1, k_3 = frame_4[..., :1], frame_4[..., 1:]
    mass_1 = minkowski(frame_4, frame_4).sqrt()[..., None]
    product_1 = (k_3 * p_4[..., 1:]).sum(-1, keepdim=True)
    boosted_energy_1 = (energy_1 * p_4[..., :1] - product_1) / mass_1
    factor_1 = product_1 / (mass_1 * (energy_1 + mass_1)) - p_4[..., :1] / mass_1
    return torch.cat([boosted_energy_1, p_4[..., 1:] + factor_1 * k_3], dim=-1)
