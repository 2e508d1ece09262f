"""LorentzNet: messages between all particles of a jet, made of invariants of their momenta.

Gong et al., "An Efficient Lorentz Equivariant Graph Neural Network for Jet Tagging", 2022,
https://arxiv.org/abs/2201.08187.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import jet_sum
from tagline.networks.lorentz import FourVectors, mass2, minkowski
from tagline.networks.pairs import Pairs, all_pairs
from tagline.networks.pieces import A_PIECE_OF_PAIRS, by_pieces, mixes_jets
from tagline.settings.strict import Strict

LARGEST_STEP = 100.0  # GeV; of the authors' code, which calls it a safeguard
SMALLEST_MASS2 = 1e-12  # GeV^2; a square root has no gradient at zero
FIRST_STEPS = 0.001  # gain of the weights that make the steps


class Config(Strict):
    """The published network for top tagging; its code has c = 0.001 for quarks and gluons."""

    blocks: int = Field(6, gt=0, description="Lorentz group equivariant blocks")
    hidden: int = Field(72, gt=0, description="width of all layers")
    dropout: float = Field(0.2, ge=0, lt=1, description="in front of the logits")
    c: float = Field(0.005, gt=0, description="factor of the momenta's updates")


class Tagger(nn.Module):
    """Blocks, mean over the particles, dense layers: 224,072 parameters with two beams.

    The logits do not change when a Lorentz transformation changes all momenta, those of the beams
    included. Beams that stay where they are leave the rotations about the beam, and that is the
    purpose of beams: a detector has no more symmetry than this.

    The authors' code averages over the longest jet of a batch, so that a jet's score depends on
    its neighbours; here the mean is over the jet's own particles. Its batch normalisation of nodes
    counts the padding; here there is none.
    """

    def __init__(self, config: Config, inputs: Inputs) -> None:
        super().__init__()
        self.vectors = FourVectors(inputs)
        num_scalars = 2 if self.vectors.has_beams else 1
        self.embedding = nn.Linear(num_scalars, config.hidden)
        self.blocks = nn.ModuleList(
            Block(config, num_scalars=num_scalars, is_last=index == config.blocks - 1)
            for index in range(config.blocks)
        )
        self.dense = nn.Linear(config.hidden, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.logits = nn.Linear(config.hidden, inputs.num_classes)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC."""
        if mixes_jets(self):
            return self._logits(batch)
        return by_pieces(self._logits, batch, constituents=A_PIECE_OF_PAIRS)

    def _logits(self, batch: Batch) -> Tensor:
        pairs = all_pairs(batch, with_itself=False)
        x_P4 = self.vectors.momenta(batch)
        scalars_PS = self._scalars(x_P4, batch)
        h_PD = self.embedding(scalars_PS)
        for block in self.blocks:
            h_PD, x_P4 = block(h_PD, x_P4, scalars_PS, pairs)
        mean_BD = jet_sum(h_PD, batch) / batch.num_constituents_B.clamp(min=1)[:, None]
        logits_BC: Tensor = self.logits(self.dropout(F.relu(self.dense(mean_BD))))
        return logits_BC

    def _scalars(self, x_P4: Tensor, batch: Batch) -> Tensor:
        """Return psi of the mass, in one column for particles and one for beams.

        Without beams, it is psi of the squared mass.
        """
        mass2_P = mass2(x_P4)
        dtype = batch.constituents_PF.dtype
        if not self.vectors.has_beams:
            return _psi(mass2_P).to(dtype)[:, None]
        psi_P = _psi(mass2_P.abs().clamp(min=SMALLEST_MASS2).sqrt()).to(dtype)
        is_beam_P = self.vectors.is_beam(batch)
        return torch.stack([(1 - is_beam_P) * psi_P, is_beam_P * psi_P], dim=1)


class Block(nn.Module):
    """One Lorentz group equivariant block, as the authors' code has it.

    m_ij = phi_e(h_i, h_j, psi((x_i - x_j)^2), psi(x_i x_j)), times the weight phi_m(m_ij);
    x_i += c mean_j phi_x(m_ij) (x_i - x_j); h_i += phi_h(h_i, sum_j m_ij, scalars_i).
    """

    def __init__(self, config: Config, *, num_scalars: int, is_last: bool) -> None:
        super().__init__()
        width = config.hidden
        self.c = config.c
        self.edge = nn.Linear(2 * width + 2, width, bias=False)
        self.edge_norm = nn.BatchNorm1d(width)
        self.message = nn.Linear(width, width)
        self.weight = nn.Linear(width, 1)
        self.node = nn.Sequential(
            nn.Linear(2 * width + num_scalars, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, width),
        )
        self.step = None if is_last else _steps(width)

    def forward(
        self, h_PD: Tensor, x_P4: Tensor, scalars_PS: Tensor, pairs: Pairs
    ) -> tuple[Tensor, Tensor]:
        """Return the new features and momenta."""
        x_Q4, others_Q4 = pairs.first(x_P4), pairs.second(x_P4)
        difference_Q4 = x_Q4 - others_Q4
        invariants_Q2 = _psi(
            torch.stack(
                [minkowski(difference_Q4, difference_Q4), minkowski(x_Q4, others_Q4)], dim=1
            )
        )
        m_QD = self._messages(h_PD, invariants_Q2.to(h_PD.dtype), pairs)
        if self.step is not None:
            steps_Q4 = (difference_Q4 * self.step(m_QD)).clamp(-LARGEST_STEP, LARGEST_STEP)
            x_P4 = x_P4 + self.c * pairs.mean_over_second(steps_Q4)
        h_PD = h_PD + self.node(torch.cat([h_PD, pairs.sum_over_second(m_QD), scalars_PS], dim=1))
        return h_PD, x_P4

    def _messages(self, h_PD: Tensor, invariants_Q2: Tensor, pairs: Pairs) -> Tensor:
        """Return w_ij m_ij; the first layer is three, two of them over particles and not pairs."""
        width = h_PD.shape[1]
        own_DD, others_DD, invariants_D2 = torch.split(self.edge.weight, [width, width, 2], dim=1)
        edges_QD = (
            pairs.first(F.linear(h_PD, own_DD))
            + pairs.second(F.linear(h_PD, others_DD))
            + F.linear(invariants_Q2, invariants_D2)
        )
        m_QD = F.relu(self.message(F.relu(self.edge_norm(edges_QD))))
        return m_QD * torch.sigmoid(self.weight(m_QD))


def _steps(width: int) -> nn.Sequential:
    last = nn.Linear(width, 1, bias=False)
    nn.init.xavier_uniform_(last.weight, gain=FIRST_STEPS)
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), last)


def _psi(x: Tensor) -> Tensor:
    """Return sgn(x) log(|x| + 1)."""
    return x.sign() * x.abs().log1p()
