"""LoLa: combinations of a jet's momenta, and Lorentz scalars and sums of all of them.

Butter, Kasieczka, Plehn and Russell, "Deep-learned Top Tagging with a Lorentz Layer", 2017,
https://arxiv.org/abs/1707.08966.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import dense, padded_rows
from tagline.networks.lorentz import FourVectors
from tagline.settings.strict import Strict

MINKOWSKI = (1.0, -1.0, -1.0, -1.0)
FIRST_WEIGHTS = 0.05  # all are first within +-this: "uniform" in the Keras of the authors' code
SMALLEST_PT2 = 1e-12  # a square root has no gradient at zero
NUM_SINGLE = 2  # mass^2 and pT of each momentum
NUM_WEIGHTED = 3  # weighted sums of energies, pT and masses^2


class Config(Strict):
    """The network of the Landscape of Top Taggers (1902.09914)."""

    combinations: int = Field(10, ge=0, description="trained combinations of the momenta")
    sums: int = Field(1, ge=0, description="weighted sums of squared distances")
    minima: int = Field(5, ge=0, description="minima of weighted squared distances")
    dense: tuple[int, ...] = (100, 50)
    trainable_metric: bool = Field(
        False, description="learn the diagonal metric of masses and distances"
    )


class Tagger(nn.Module):
    """CoLa, LoLa, dense layers: 126,952 parameters for 60 particles and 10 combinations.

    The Landscape has N = 60, M = 90 and 127k parameters, which we do not find together: with all
    features and copies that it lists, 90 momenta have 178,952 parameters, and 70 have 127k.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.vectors = FourVectors(inputs)
        self.max_constituents = inputs.max_constituents
        self.combine = CoLa(inputs.max_constituents, config.combinations)
        num_momenta = inputs.max_constituents + config.combinations
        self.measure = LoLa(config, num_momenta)
        num_features = NUM_SINGLE + NUM_WEIGHTED + config.sums + config.minima
        self.dense = dense((num_momenta * num_features, *config.dense))
        self.logits = nn.Linear(config.dense[-1], inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        k_BN4 = padded_rows(self.vectors.momenta(batch), batch, self.max_constituents)
        features = self.measure(self.combine(k_BN4)).to(batch.constituents_PF.dtype)
        logits_BC: Tensor = self.logits(self.dense(features.flatten(1)))
        return logits_BC


class CoLa(nn.Module):
    """The combination layer: the momenta, then sum_i k_i C_ij, of M momenta in all."""

    def __init__(self, num_particles: int, num_combinations: int) -> None:
        super().__init__()
        self.weight_MN = _weights(num_combinations, num_particles)

    def forward(self, k_BN4: Tensor) -> Tensor:
        """Return k_BM4."""
        return torch.cat([k_BN4, self.weight_MN.to(k_BN4.dtype) @ k_BN4], dim=1)


class LoLa(nn.Module):
    """The Lorentz layer: what is measured of each momentum j.

    m^2_j, pT_j, sum_m w_jm E_m, sum_m w_jm pT_m, sum_m w_jm m^2_m; and some copies each of
    sum_m w_jm d^2_jm and of min_m w_jm d^2_jm, with d^2_jm = (k_j - k_m)^2. The metric squares.
    """

    def __init__(self, config: Config, num_momenta: int) -> None:
        super().__init__()
        self.weighted_MM = nn.ParameterList(
            _weights(num_momenta, num_momenta) for _ in range(NUM_WEIGHTED)
        )
        self.sum_MM = nn.ParameterList(
            _weights(num_momenta, num_momenta) for _ in range(config.sums)
        )
        self.minimum_MM = nn.ParameterList(
            _weights(num_momenta, num_momenta) for _ in range(config.minima)
        )
        if config.trainable_metric:
            self.metric_4: Tensor = _weights(4)
        else:
            self.register_buffer("metric_4", torch.tensor(MINKOWSKI))

    def forward(self, k_BM4: Tensor) -> Tensor:
        """Return features_BFM."""
        dtype = self.metric_4.dtype
        products_BMM = (k_BM4 * self.metric_4.to(k_BM4.dtype)) @ k_BM4.transpose(1, 2)
        mass2_BM = products_BMM.diagonal(dim1=1, dim2=2)
        distance2_BMM = mass2_BM[:, :, None] + mass2_BM[:, None] - 2 * products_BMM
        pt2_BM = k_BM4[..., 1].square() + k_BM4[..., 2].square()
        pt_BM = pt2_BM.clamp(min=SMALLEST_PT2).sqrt().to(dtype)
        energy_BM, mass2_BM = k_BM4[..., 0].to(dtype), mass2_BM.to(dtype)
        distance2_BMM = distance2_BMM.to(dtype)
        summed = zip(self.weighted_MM, (energy_BM, pt_BM, mass2_BM), strict=True)
        features = [
            mass2_BM,
            pt_BM,
            *(x_BM @ weight.T for weight, x_BM in summed),
            *((distance2_BMM * weight).sum(2) for weight in self.sum_MM),
            *((distance2_BMM * weight).amin(2) for weight in self.minimum_MM),
        ]
        return torch.stack(features, dim=1)


def _weights(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-FIRST_WEIGHTS, FIRST_WEIGHTS))
