"""TreeNiN: a recursive network on the clustering tree of a jet, with networks in the network.

Macaluso and Cranmer, "Tree Network in Network (TreeNiN) for Jet Physics", 2019,
https://doi.org/10.5281/zenodo.2582216, described in 1902.09914; it extends Louppe, Cho, Becot and
Cranmer, "QCD-Aware Recursive Neural Networks for Jet Physics", 2017, https://arxiv.org/abs/1702.00748.
"""

import math
from dataclasses import dataclass

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import counted_down, jet_sum
from tagline.settings.strict import Strict

STRUCTURE = ("left", "right", "depth")
GAIN = math.sqrt(2)  # of ReLU


class Config(Strict):
    """The published width."""

    width: int = Field(50, gt=0, description="of all layers")


class Tagger(nn.Module):
    """Recursion, then two dense layers: 33,901 parameters for seven features.

    A particle's latent is u = ReLU(embedding of its features); that of a sum of particles is
    ReLU(W (h_left, h_right, u) + b), with another embedding. Two layers with ReLU then make h,
    other ones for particles, for sums, and for the left and the right child of the root; the root
    has none. The published network ends in one sigmoid, the softmax of the logits (0, z).
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        names, width = inputs.constituent_features, config.width
        if names[-len(STRUCTURE) :] != STRUCTURE:
            raise ValueError(
                f"a recursive tagger needs nodes whose last features are {', '.join(STRUCTURE)}; "
                f"it got {', '.join(names) or 'none'}"
            )
        self.embed_particle = _xavier(nn.Linear(len(names) - len(STRUCTURE), width))
        self.embed_sum = _xavier(nn.Linear(len(names) - len(STRUCTURE), width))
        self.join = _orthogonal(nn.Linear(3 * width, width))
        self.particle, self.sum = _network(width), _network(width)
        self.left, self.right = _network(width), _network(width)
        self.dense = nn.Sequential(
            _xavier(nn.Linear(width, width)),
            nn.ReLU(inplace=True),
            _xavier(nn.Linear(width, width)),
            nn.ReLU(inplace=True),
        )
        self.logits = _xavier(nn.Linear(width, inputs.num_classes - 1))
        nn.init.ones_(self.logits.bias)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC; a jet without particles has a latent of zero."""
        if torch.compiler.is_exporting():
            return F.pad(self.logits(self.dense(self._counted_down(batch))), (1, 0))
        trees = _trees_of(batch)
        own_SD = F.relu(self.embed_sum(trees.sums_SF), inplace=True)
        levels = zip(
            torch.split(own_SD, trees.num_sums), self._leaves(trees), trees.children, strict=True
        )
        h_TD = own_SD[:0]
        for depth, (own_SD, leaves_LD, children) in reversed(list(enumerate(levels))):
            left_SD, right_SD = (h_TD.index_select(0, places_S) for places_S in children)
            if depth == 0:
                left_SD, right_SD = self.left(left_SD), self.right(right_SD)
            joined_SD = self.join(torch.cat([left_SD, right_SD, own_SD], dim=1))
            h_SD = F.relu(joined_SD, inplace=True)
            h_TD = torch.cat([self.sum(h_SD) if depth > 1 else h_SD, leaves_LD])
        latent_BD = h_TD.new_zeros(len(batch), h_TD.shape[1])
        latent_BD = latent_BD.index_copy(0, trees.jets_T, h_TD)
        return F.pad(self.logits(self.dense(latent_BD)), (1, 0))

    def _counted_down(self, batch: Batch) -> Tensor:
        """Return the latents of the roots, all nodes looked at for each level: as ONNX can."""
        x_PF, left_P, right_P, depth_P = _nodes_of(batch)
        is_particle_P1 = (left_P < 0)[:, None]
        own_PD, leaf_PD = F.relu(self.embed_sum(x_PF)), F.relu(self.embed_particle(x_PF))
        leaf_PD = torch.where((depth_P > 1)[:, None], self.particle(leaf_PD), leaf_PD)

        def of_level(depth: Tensor, h_PD: Tensor) -> Tensor:
            left_PD, right_PD = (
                h_PD.index_select(0, side_P.clamp(min=0)) for side_P in (left_P, right_P)
            )
            left_PD = torch.where(depth > 0, left_PD, self.left(left_PD))
            right_PD = torch.where(depth > 0, right_PD, self.right(right_PD))
            sum_PD = F.relu(self.join(torch.cat([left_PD, right_PD, own_PD], dim=1)))
            sum_PD = torch.where(depth > 1, self.sum(sum_PD), sum_PD)
            is_other_P1 = is_particle_P1 | (depth_P != depth)[:, None]
            return torch.where(is_other_P1, h_PD, sum_PD)

        deepest = torch.cat([depth_P, depth_P.new_zeros(1)]).amax(0)
        h_PD = counted_down(of_level, deepest, torch.where(is_particle_P1, leaf_PD, 0))
        return jet_sum(torch.where((depth_P == 0)[:, None], h_PD, 0), batch)

    def _leaves(self, trees: "_Trees") -> tuple[Tensor, ...]:
        """Return the latents of the particles of each level."""
        latent_LD = F.relu(self.embed_particle(trees.particles_LF), inplace=True)
        top, deeper = trees.num_particles[:2], trees.num_particles[2:]
        top_LD, deeper_LD = torch.split(latent_LD, [sum(top), sum(deeper)])
        return *torch.split(top_LD, top), *torch.split(self.particle(deeper_LD), deeper)


@dataclass(frozen=True)
class _Trees:
    """The trees of a batch, from the roots down, at least two levels of them.

    Args:
        jets_T: row of the jet of each root, those that are sums of particles first.
        sums_SF: features of the sums of particles, level by level.
        particles_LF: features of the particles, likewise.
        num_sums: number of sums in each level.
        num_particles: number of particles in each level.
        children: of the sums of each level, places of the left and of the right children in the
            level below, where particles follow the sums.
    """

    jets_T: Tensor
    sums_SF: Tensor
    particles_LF: Tensor
    num_sums: list[int]
    num_particles: list[int]
    children: list[tuple[Tensor, Tensor]]


def _trees_of(batch: Batch) -> _Trees:
    x_PF = batch.constituents_PF[:, : -len(STRUCTURE)]
    left_P, right_P, depth_P = batch.constituents_PF[:, -len(STRUCTURE) :].long().unbind(1)
    first_B = batch.num_constituents_B.cumsum(0) - batch.num_constituents_B
    first_P, is_particle_P = first_B[batch.jet_of_constituent_P], left_P < 0
    group_P = 2 * depth_P + is_particle_P
    rows_T = group_P.argsort(stable=True)
    sizes = torch.bincount(group_P, minlength=4).tolist()
    num_sums, num_particles = sizes[::2], sizes[1::2] + [0] * (len(sizes) % 2)
    begins = torch.tensor([0, *map(sum, zip(num_sums, num_particles, strict=True))]).cumsum(0)
    place_P = torch.empty_like(rows_T)
    place_P[rows_T] = torch.arange(len(rows_T), device=rows_T.device)
    place_P -= begins.to(rows_T.device)[depth_P]
    is_particle_T = is_particle_P[rows_T]
    sums_S, particles_L = rows_T[~is_particle_T], rows_T[is_particle_T]
    left_S, right_S = (place_P[(side_P + first_P)[sums_S]] for side_P in (left_P, right_P))
    return _Trees(
        jets_T=batch.jet_of_constituent_P[rows_T[: sum(sizes[:2])]],
        sums_SF=x_PF.index_select(0, sums_S),
        particles_LF=x_PF.index_select(0, particles_L),
        num_sums=num_sums,
        num_particles=num_particles,
        children=list(
            zip(torch.split(left_S, num_sums), torch.split(right_S, num_sums), strict=True)
        ),
    )


def _nodes_of(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return features, rows of the left and the right child, negative if none, and depth."""
    x_PF = batch.constituents_PF[:, : -len(STRUCTURE)]
    left_P, right_P, depth_P = batch.constituents_PF[:, -len(STRUCTURE) :].long().unbind(1)
    first_B = batch.num_constituents_B.cumsum(0) - batch.num_constituents_B
    first_P = first_B[batch.jet_of_constituent_P]
    left_P, right_P = (
        torch.where(side_P < 0, side_P, side_P + first_P) for side_P in (left_P, right_P)
    )
    return x_PF, left_P, right_P, depth_P


def _network(width: int) -> nn.Sequential:
    return nn.Sequential(
        _orthogonal(nn.Linear(width, width)),
        nn.ReLU(inplace=True),
        _orthogonal(nn.Linear(width, width)),
        nn.ReLU(inplace=True),
    )


def _xavier(linear: nn.Linear) -> nn.Linear:
    nn.init.xavier_uniform_(linear.weight, gain=GAIN)
    return linear


def _orthogonal(linear: nn.Linear) -> nn.Linear:
    nn.init.orthogonal_(linear.weight, gain=GAIN)
    return linear
