"""Posteriors: networks that guess columns of a jet from a few numbers, with a likelihood."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.protected import inner_edges
from tagline.networks.layers import dense

SMALLEST_SPREAD = 1e-3  # of a component, in standard deviations of the column


class Posterior(nn.Module, ABC):
    """A network from inputs x_BD to a distribution of columns y_BR."""

    @abstractmethod
    def negative_log_likelihood(self, x_BD: Tensor, y_BR: Tensor) -> Tensor:
        """Return -log p(y | x) of each jet (B,), up to a constant."""


class Mixture(Posterior):
    """Normal distributions, independent in the columns, with weights: all of them depend on x.

    Bishop, "Mixture Density Networks", 1994. The columns are in units of their spread.

    Args:
        num_inputs: D.
        hidden: widths of the layers between.
        components: K, how many normal distributions.
        y_JR: columns of the training jets, for their means and spreads.
    """

    centre_R: Tensor
    scale_R: Tensor

    def __init__(
        self, num_inputs: int, hidden: tuple[int, ...], *, components: int, y_JR: Tensor
    ) -> None:
        super().__init__()
        num_columns = y_JR.shape[1]
        self.components = components
        self.body = dense((num_inputs, *hidden))
        self.weights = nn.Linear(hidden[-1], components)
        self.means = nn.Linear(hidden[-1], components * num_columns)
        self.spreads = nn.Linear(hidden[-1], components * num_columns)
        self.register_buffer("centre_R", y_JR.mean(0))
        self.register_buffer("scale_R", y_JR.std(0).clamp(min=torch.finfo(y_JR.dtype).tiny))

    def parts(self, x_BD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the components' log weights (B, K), means and spreads (B, K, R)."""
        hidden_BH = self.body(x_BD)
        shape = len(x_BD), self.components, -1
        return (
            F.log_softmax(self.weights(hidden_BH), dim=1),
            self.means(hidden_BH).view(shape),
            SMALLEST_SPREAD + F.softplus(self.spreads(hidden_BH).view(shape)),
        )

    def negative_log_likelihood(self, x_BD: Tensor, y_BR: Tensor) -> Tensor:
        """Return -log p(y | x) with y in units of its spread."""
        log_weight_BK, mean_BKR, spread_BKR = self.parts(x_BD)
        y_B1R = ((y_BR - self.centre_R) / self.scale_R)[:, None]
        log_density_BKR = -0.5 * ((y_B1R - mean_BKR) / spread_BKR).square() - spread_BKR.log()
        return -torch.logsumexp(log_weight_BK + log_density_BKR.sum(2), dim=1)


class Binned(Posterior):
    """Probabilities of bins of equally many jets, for each column by itself.

    Args:
        num_inputs: D.
        hidden: widths of the layers between.
        bins: M, of each column.
        y_JR: columns of the training jets, for the edges.
    """

    edges_RE: Tensor

    def __init__(
        self, num_inputs: int, hidden: tuple[int, ...], *, bins: int, y_JR: Tensor
    ) -> None:
        super().__init__()
        self.bins = bins
        self.logits = nn.Sequential(
            dense((num_inputs, *hidden)), nn.Linear(hidden[-1], bins * y_JR.shape[1])
        )
        edges_ER = inner_edges(y_JR.double().numpy(), bins)
        self.register_buffer("edges_RE", torch.from_numpy(edges_ER.T.astype(np.float32)))

    def negative_log_likelihood(self, x_BD: Tensor, y_BR: Tensor) -> Tensor:
        """Return -log p(bin of y | x), summed over the columns."""
        bin_BR = torch.searchsorted(self.edges_RE, y_BR.T.contiguous()).T
        logits_BMR = self.logits(x_BD).view(len(x_BD), self.bins, -1)
        return F.cross_entropy(logits_BMR, bin_BR, reduction="none").sum(1)
