"""LBN: combinations of a jet's momenta, boosted into the rest frames of others.

Erdmann, Geiser, Rath and Rieger, "Lorentz Boost Networks: Autonomous Physics-Inspired Feature
Engineering", 2018, https://arxiv.org/abs/1812.09722.
"""

from itertools import pairwise

import torch
from pydantic import Field
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import padded_rows
from tagline.networks.lorentz import FourVectors, boosted, minkowski
from tagline.settings.strict import Strict

SMALLEST_EXCESS = 1e-5  # GeV; by so much, a combination's energy exceeds its momentum
SMALLEST_SQUARE = 1e-12  # GeV^2; a square root has no gradient at zero
NUM_SINGLE = 5  # E, m, pT, eta and phi of each boosted combination


class Config(Strict):
    """The network of the Landscape of Top Taggers (1902.09914)."""

    combinations: int = Field(50, gt=1, description="combinations, each with a rest frame")
    dense: tuple[int, ...] = (1024, 512, 256, 128)


class Tagger(nn.Module):
    """Combinations, boosts, what is measured, dense layers with ELU: 2,209,656 parameters.

    The Landscape has 705k, which we do not find with what it says: its dense layers have 690,306
    behind the first matrix, and that has 1024 rows for each of 1475 features.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.vectors = FourVectors(inputs)
        self.max_constituents = inputs.max_constituents
        self.boost = Boost(inputs.max_constituents, config.combinations)
        num_pairs = config.combinations * (config.combinations - 1) // 2
        num_features = NUM_SINGLE * config.combinations + num_pairs
        self.norm = nn.BatchNorm1d(num_features)
        self.dense = nn.Sequential(
            *(
                layer
                for num_in, num_out in pairwise((num_features, *config.dense))
                for layer in (nn.Linear(num_in, num_out), nn.ELU())
            )
        )
        self.logits = nn.Linear(config.dense[-1], inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        p_BN4 = padded_rows(self.vectors.momenta(batch), batch, self.max_constituents)
        features_BG = measured(self.boost(p_BN4)).to(batch.constituents_PF.dtype)
        logits_BC: Tensor = self.logits(self.dense(self.norm(features_BG)))
        return logits_BC


class Boost(nn.Module):
    """M combinations of the particles, each boosted into the rest frame of another of its own.

    The weights of both are the absolute values of what is trained, and begin within 0 and 1.
    """

    def __init__(self, num_particles: int, num_combinations: int) -> None:
        super().__init__()
        self.particle_MN = nn.Parameter(torch.rand(num_combinations, num_particles))
        self.frame_MN = nn.Parameter(torch.rand(num_combinations, num_particles))

    def forward(self, p_BN4: Tensor) -> Tensor:
        """Return boosted_BM4."""
        particles_BM4, frames_BM4 = (
            _massive(weight.abs().to(p_BN4.dtype) @ p_BN4)
            for weight in (self.particle_MN, self.frame_MN)
        )
        return boosted(particles_BM4, frames_BM4)


def measured(p_BM4: Tensor) -> Tensor:
    """Return E, m, pT, eta and phi of each momentum, and the cosine of the angle of each pair."""
    energy_BM, px_BM, py_BM, pz_BM = p_BM4.unbind(2)
    pt_BM = _root(px_BM.square() + py_BM.square())
    single = [
        energy_BM,
        _root(minkowski(p_BM4, p_BM4)),
        pt_BM,
        torch.asinh(pz_BM / pt_BM),
        torch.atan2(py_BM, px_BM + SMALLEST_SQUARE),
    ]
    direction_BM3 = p_BM4[..., 1:] / _root(p_BM4[..., 1:].square().sum(2, keepdim=True))
    cosine_BMM = direction_BM3 @ direction_BM3.transpose(1, 2)
    first, second = torch.tril_indices(len(px_BM[0]), len(px_BM[0]), -1, device=p_BM4.device)
    return torch.cat([*single, cosine_BMM[:, first, second]], dim=1)


def _massive(p_BM4: Tensor) -> Tensor:
    """Return the momenta with energies that exceed them."""
    least_BM1 = _root(p_BM4[..., 1:].square().sum(2, keepdim=True)) + SMALLEST_EXCESS
    return torch.cat([torch.maximum(p_BM4[..., :1], least_BM1), p_BM4[..., 1:]], dim=2)


def _root(square: Tensor) -> Tensor:
    return square.clamp(min=SMALLEST_SQUARE).sqrt()
