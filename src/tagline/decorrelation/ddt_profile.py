"""The designed decorrelated tagger as it was proposed: a straight line is subtracted.

Thinking outside the ROCs: Designing Decorrelated Taggers (DDT) for jet substructure, Dolen (2016),
arXiv:1603.00027, fits the background's mean of tau21 in bins of rho' = log(m^2 / (pT mu)), mu =
1 GeV, where it is linear, and goes on with tau21' = tau21 - M rho'. ATL-PHYS-PUB-2018-014 fits
where 1.5 < rho' < 4, which at 600 GeV are masses of 52 to 181 GeV. Here the logit of the score is
what tau21 is there, and rho = log(m^2 / GeV^2): at one pT that is rho' but for a constant. With
`per_pt`, m is multiplied by sqrt(500 GeV / pT), and it is so at any. Outside the range, jets are
shifted as at its nearer end.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from tagline.data.protected import only_column
from tagline.decorrelation import Array, BaseDecorrelation
from tagline.measures.logits import logits_of, scores_of
from tagline.settings.strict import Strict

SMALLEST_MASS = 1e-3  # so that jets of one particle have a logarithm [GeV]
REFERENCE_PT = 500.0  # at which masses are what they are [GeV]


class Config(Strict):
    """Where the line is fitted."""

    lowest: float = Field(50.0, gt=0, description="from this mass on [GeV]")
    highest: float = Field(180.0, gt=0, description="up to this one [GeV]")
    bins: int = Field(20, gt=1, description="of equal width in rho")
    per_pt: bool = Field(False, description="as in the paper; masses are then those at 500 GeV")

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.lowest >= self.highest:
            raise ValueError(f"lowest: {self.lowest} is not below highest: {self.highest}")
        return self


class Decorrelation(BaseDecorrelation):
    """Subtracts the background's linear profile, but for its value in the middle of the range."""

    def __init__(self, config: Config) -> None:
        self.lowest, self.highest = 2 * np.log(config.lowest), 2 * np.log(config.highest)
        self.edges = np.linspace(self.lowest, self.highest, config.bins + 1)
        self.told = ("pt",) if config.per_pt else ()

    def fit(self, score_J: Array, protected_JR: Array, weight_J: Array) -> Mapping[str, Array]:
        """Return the slope of the line, M; bins count by the weight they hold."""
        rho_J = self._rho(protected_JR)
        weight_S, _ = np.histogram(rho_J, self.edges, weights=weight_J)
        sum_S, _ = np.histogram(rho_J, self.edges, weights=weight_J * logits_of(score_J))
        rows_S = weight_S > 0
        if rows_S.sum() < 2:
            raise ValueError(
                f"rho of {self.lowest:.1f} to {self.highest:.1f}: no line of background"
            )
        mean_S, middle_S = sum_S[rows_S] / weight_S[rows_S], self._middles()[rows_S]
        slope, _ = np.polyfit(middle_S, mean_S, 1, w=np.sqrt(weight_S[rows_S]))
        return {"slope": np.array(slope)}

    def transform(self, score_J: Array, protected_JR: Array, fitted: Mapping[str, Array]) -> Array:
        """Return scores whose background has a level profile, as far as it was a line."""
        rho_J = np.clip(self._rho(protected_JR), self.lowest, self.highest)
        middle = (self.lowest + self.highest) / 2
        return scores_of(logits_of(score_J) - fitted["slope"] * (rho_J - middle))

    def _middles(self) -> Array:
        middle_S: Array = (self.edges[1:] + self.edges[:-1]) / 2
        return middle_S

    def _rho(self, protected_JR: Array) -> Array:
        num_told = len(self.told)
        columns_JR = protected_JR[:, : protected_JR.shape[1] - num_told]
        mass_J = only_column(columns_JR, method="ddt_profile")
        if num_told:
            mass_J = mass_J * np.sqrt(REFERENCE_PT / protected_JR[:, -1])
        return 2 * np.log(np.maximum(mass_J, SMALLEST_MASS))
