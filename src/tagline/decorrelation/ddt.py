"""Designed decorrelated tagger: cuts that depend on the protected column, and keep what they pass.

Thinking outside the ROCs: Designing Decorrelated Taggers (DDT) for jet substructure, Dolen (2016),
arXiv:1603.00027, subtracts the background's profile; since N2-DDT (CMS 2017, arXiv:1705.10532) it
is the background's quantile at one efficiency, in bins. Here the logit of the score is mapped in
each bin so that the background's quantiles at several efficiencies fall on those of all
background, linearly between them and shifted beyond. One efficiency gives the shift of the papers;
more of them make the background flat wherever the cut on the score may be.
"""

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from tagline.data.protected import filled_edges, only_column
from tagline.decorrelation import Array, BaseDecorrelation
from tagline.measures.logits import logits_of, scores_of
from tagline.measures.quantile_maps import map_in_bins, quantiles
from tagline.settings.strict import Strict


class Config(Strict):
    """Where the background is made flat, and how finely."""

    efficiencies: tuple[float, ...] = Field(
        (0.5, 0.2, 0.1, 0.05), min_length=1, description="background efficiencies made flat"
    )
    bins: int = Field(
        10, gt=0, description="bins of equal background in the protected column, at most so many"
    )


class Decorrelation(BaseDecorrelation):
    """Maps the background's quantiles in each bin on those of all background."""

    def __init__(self, config: Config) -> None:
        self.levels = 1 - np.sort(config.efficiencies)[::-1]
        self.bins = config.bins

    def fit(self, score_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return inner edges (S - 1,) and quantiles of the logit: in bins (S, E), of all (E,)."""
        logit_J, protected_J = logits_of(score_J), only_column(protected_JR, method="ddt")
        edges = filled_edges(protected_J, self.bins)
        bin_J = np.digitize(protected_J, edges)
        in_bins = [
            quantiles(logit_J[bin_J == position], self.levels, weight_J[bin_J == position])
            for position in range(len(edges) + 1)
        ]
        return {
            "edges": edges,
            "in_bins": np.array(in_bins),
            "of_all": quantiles(logit_J, self.levels, weight_J),
        }

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return scores of which a cut passes about the same share of background in every bin."""
        bin_J = np.digitize(only_column(protected_JR, method="ddt"), fitted["edges"])
        of_all = np.broadcast_to(fitted["of_all"], fitted["in_bins"].shape)
        return scores_of(map_in_bins(logits_of(score_J), bin_J, fitted["in_bins"], of_all))
