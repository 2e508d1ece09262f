"""Scores as quantiles of the background at their protected columns, by a conditional flow.

Decorrelation with conditional normalizing flows, Klein (2022), arXiv:2211.02486: a monotone map
that depends on the protected columns takes the background's scores to one distribution, wherever
they are. Neural Spline Flows, Durkan (2019), arXiv:1906.04032, has the map: a spline of rational
quadratic functions whose knots a network gives; it is zuko's. Here it ends in the normal
distribution, of which the cumulative one is the new score: u = F(score | protected columns), the
share of the background below, uniform at every mass.

The spline begins with the score's quantile in all background, as a normal variable, so that the
network need only learn what depends on the protected columns, and tails are right from the start.
"""

from collections.abc import Mapping

import numpy as np
import torch
from pydantic import Field
from scipy.special import ndtr, ndtri
from torch import Tensor, nn
from zuko.transforms import MonotonicRQSTransform

from tagline.data.protected import share_knots, shares_below
from tagline.decorrelation import Array, BaseDecorrelation
from tagline.measures.logits import LARGEST_LOGIT, logits_of
from tagline.measures.quantile_maps import quantiles
from tagline.settings.strict import Strict

SEED = 1  # of the first weights and the batches
BOUND = 5.0  # beyond, the spline is the identity; scores of 0 and 1 are there
NUM_KNOTS = 201  # of the map from logits to the normal variable
WAVES = 8  # of each column, so that few steps suffice for peaks [chosen]
JETS_AT_ONCE = 1 << 16


class Config(Strict):
    """The spline, the network that gives its knots, and how it learns [chosen]."""

    pieces: int = Field(8, gt=1, description="of the spline")
    width: int = Field(32, gt=0, description="of the network's two hidden layers")
    steps: int = Field(300, gt=0, description="of Adam, on a cosine schedule")
    batch_size: int = Field(2048, gt=0, description="background jets of a step")
    learning_rate: float = Field(0.01, gt=0, description="of the first step")


class Decorrelation(BaseDecorrelation):
    """Gives the background's normal variable the highest likelihood, given protected columns.

    The order of jets with the same protected columns is kept, up to where float32 tells shares.
    """

    def __init__(self, config: Config) -> None:
        self.config = config

    def fit(self, score_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return the knots of columns and logits, and the network's tensors by their names."""
        logit_J = logits_of(score_J)
        knots = {"columns": share_knots(protected_JR)} | _normal_knots(logit_J, weight_J)
        network = self._learn(
            _normal(logit_J, knots), _context(protected_JR, knots), torch.from_numpy(weight_J)
        )
        return knots | {name: tensor.numpy() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return the share of the background at the same protected columns that is below."""
        network = self._network(protected_JR.shape[1])
        network.load_state_dict(
            {name: torch.from_numpy(fitted[name]) for name in network.state_dict()}
        )
        parts = zip(
            torch.split(_normal(logits_of(score_J), fitted), JETS_AT_ONCE),
            torch.split(_context(protected_JR, fitted), JETS_AT_ONCE),
            strict=True,
        )
        mapped = [self._spline(network(context_BW))(normal_B) for normal_B, context_BW in parts]
        u_J: Array = ndtr(torch.cat(mapped).numpy())
        return u_J

    def _network(self, num_columns: int) -> nn.Sequential:
        """Return a network whose spline is the identity at first."""
        width = self.config.width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(SEED)
            first, second = nn.Linear(num_columns * WAVES, width), nn.Linear(width, width)
            last = nn.Linear(width, 3 * self.config.pieces - 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return nn.Sequential(first, nn.SiLU(), second, nn.SiLU(), last).double()

    def _spline(self, knots_BK: Tensor) -> MonotonicRQSTransform:
        pieces = self.config.pieces
        width_BP, height_BP, slope_BK = torch.split(knots_BK, [pieces, pieces, pieces - 1], dim=1)
        return MonotonicRQSTransform(width_BP, height_BP, slope_BK, bound=BOUND)

    def _learn(self, normal_J: Tensor, context_JW: Tensor, weight_J: Tensor) -> nn.Sequential:
        """Fit the network to random batches, by Adam."""
        shape = self.config.steps, self.config.batch_size
        draws = np.random.default_rng(SEED).integers(len(normal_J), size=shape)
        network = self._network(context_JW.shape[1] // WAVES)
        optimiser = torch.optim.Adam(network.parameters(), self.config.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.config.steps)
        for rows_B in torch.from_numpy(draws):
            spline = self._spline(network(context_JW[rows_B]))
            mapped_B, log_slope_B = spline.call_and_ladj(normal_J[rows_B])
            likelihood_B = log_slope_B - mapped_B**2 / 2
            loss = -(weight_J[rows_B] * likelihood_B).sum() / weight_J[rows_B].sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        return network


def _normal_knots(logit_J: Array, weight_J: Array) -> dict[str, Array]:
    """Return quantiles of the logit and where they are in a normal distribution, in both tails.

    The furthest are those with one jet beyond; from there on to the largest logits it is a line.
    """
    last = -ndtri(1 / len(logit_J))
    normal_Q = np.linspace(-last, last, NUM_KNOTS)
    logit_Q = quantiles(logit_J, ndtr(normal_Q), weight_J)
    logit_Q, first_Q = np.unique([-LARGEST_LOGIT, *logit_Q, LARGEST_LOGIT], return_index=True)
    return {"logits": logit_Q, "normal": np.array([-BOUND, *normal_Q, BOUND])[first_Q]}


def _normal(logit_J: Array, knots: Mapping[str, Array]) -> Tensor:
    return torch.from_numpy(np.interp(logit_J, knots["logits"], knots["normal"]))


def _context(protected_JR: Array, knots: Mapping[str, Array]) -> Tensor:
    """Return cosines of the share of the background below each column: waves over its range."""
    share_JR = shares_below(protected_JR, knots["columns"])
    wave_JRW = np.cos(np.pi * share_JR[:, :, None] * np.arange(1, WAVES + 1))
    return torch.from_numpy(wave_JRW.reshape(len(share_JR), -1))
