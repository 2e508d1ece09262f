"""A network that reads padded jets: for those outside, and for what varies single features."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.networks.layers import filled, positions
from tagline.objectives import BaseObjective


@dataclass
class PaddedBatch(Batch):
    """A batch that was padded before.

    Args:
        num_slots: places for constituents of each jet.
    """

    num_slots: int

    @property
    def longest(self) -> int:
        """The number of slots, known without a look at the jets."""
        return self.num_slots


class PaddedNetwork(nn.Module):
    """A trained network with its score, around which jets are padded instead of packed.

    What stands in a slot behind the last constituent of a jet is never read.
    """

    def __init__(self, network: nn.Module, objective: BaseObjective, inputs: Inputs) -> None:
        super().__init__()
        self.network = network
        self.objective = objective
        self.inputs = inputs

    def forward(
        self,
        constituents: Tensor | None = None,
        num_constituents: Tensor | None = None,
        features: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return logits_BC and score_B.

        Args:
            constituents: float32 (B, N, F) with any number of slots N; only as many constituents
                of a jet are read as the network was trained with.
            num_constituents: int64 (B).
            features: float32 (B, G). What the network does not read may be left out.
        """
        logits_BC = self.network(self._packed(constituents, num_constituents, features))
        return logits_BC, self.objective.score(logits_BC)

    def _packed(
        self, x_BNF: Tensor | None, num_B: Tensor | None, features_BG: Tensor | None
    ) -> PaddedBatch:
        if x_BNF is None or num_B is None:
            assert features_BG is not None
            x_BNF = features_BG.new_zeros(len(features_BG), 1, 0)
            num_B = features_BG.new_zeros(len(features_BG), dtype=torch.int64)
        if features_BG is None:
            features_BG = x_BNF.new_zeros(len(x_BNF), 0)
        num_B = num_B.clamp(max=self.inputs.max_constituents)
        num_slots = x_BNF.shape[1]
        jet_P, slot_P = filled(num_B, num_slots)
        return PaddedBatch(
            constituents_PF=x_BNF[jet_P, slot_P],
            jet_of_constituent_P=jet_P,
            num_constituents_B=num_B,
            features_BG=features_BG,
            label_B=torch.zeros_like(num_B),
            weight_B=x_BNF.new_ones(len(x_BNF)),
            protected_BR=x_BNF.new_zeros(len(x_BNF), 0),
            num_slots=num_slots,
        )


def arrays_of(batch: Batch, inputs: Inputs, *, num_slots: int, filler: float) -> dict[str, Tensor]:
    """Return packed jets as what a `PaddedNetwork` reads, with a filler in empty slots."""
    arrays: dict[str, Tensor] = {}
    if inputs.constituent_features:
        x_PF = batch.constituents_PF
        x_BNF = x_PF.new_full((len(batch), num_slots, x_PF.shape[1]), filler)
        x_BNF[batch.jet_of_constituent_P, positions(batch)] = x_PF
        arrays |= {"constituents": x_BNF, "num_constituents": batch.num_constituents_B}
    if inputs.jet_features:
        arrays["features"] = batch.features_BG
    return arrays
