"""A tagger in bins of mass: a copy of it for each bin, which sees the jets of this bin alone.

What its mass says of the class of a jet is the same for all jets of a narrow bin, and a copy
learns what else tells them apart there. With scores made flat afterwards, as by `ddt` or
`conditional_flow`, that is a bound on what a tagger can reject whose cuts must be flat. The copies
share steps, but no weights, so that this is one training for each bin.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional as F

from tagline.data.batch import Batch
from tagline.data.inputs import Inputs
from tagline.objectives import BaseObjective
from tagline.settings.strict import Strict


class Config(Strict):
    """The bins."""

    edges: tuple[float, ...] = Field(
        (100.0,),
        min_length=1,
        description="between bins of the first protected column; the outer bins have no end",
    )

    @field_validator("edges")
    @classmethod
    def _rise(cls, edges: tuple[float, ...]) -> tuple[float, ...]:
        if list(edges) != sorted(set(edges)):
            raise ValueError(f"edges must rise, found {edges}")
        return edges


class Objective(BaseObjective):
    """Mean of the weighted cross entropy of all jets, each by the copy of its bin."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def network(self, tagger: Callable[[Inputs], nn.Module], inputs: Inputs) -> nn.Module:
        """Return a copy of the tagger for each bin."""
        copies = [tagger(inputs) for _ in range(len(self.config.edges) + 1)]
        return InBins(copies, torch.tensor(self.config.edges), num_classes=inputs.num_classes)

    def loss(self, logits_BC: Tensor, batch: Batch) -> Tensor:
        """Return the weighted cross entropy; the weights are one on average, not in each batch."""
        loss_B = F.cross_entropy(logits_BC, batch.label_B, reduction="none")
        return (loss_B * batch.weight_B).mean()

    def score(self, logits_BC: Tensor) -> Tensor:
        """Return the probability of the last class among jets of the same bin."""
        return logits_BC.softmax(1)[:, -1]


class InBins(nn.Module):
    """Taggers that divide the jets of a batch among them."""

    edges_E: Tensor

    def __init__(self, copies: list[nn.Module], edges_E: Tensor, *, num_classes: int) -> None:
        super().__init__()
        self.copies = nn.ModuleList(copies)
        self.num_classes = num_classes
        self.register_buffer("edges_E", edges_E)

    def forward(self, batch: Batch) -> Tensor:
        """Return logits_BC.

        Raises:
            ValueError: the column is not there, as in networks that are exported.
        """
        if not batch.protected_BR.shape[1]:
            raise ValueError("a tagger in bins needs the protected column beside its inputs")
        bin_B = torch.bucketize(batch.protected_BR[:, 0].contiguous(), self.edges_E, right=True)
        logits_BC = batch.features_BG.new_zeros(len(batch), self.num_classes)
        for number, copy in enumerate(self.copies):
            is_here_B = bin_B == number
            if is_here_B.any():
                logits_BC[is_here_B] = copy(part_of(batch, is_here_B)).to(logits_BC.dtype)
        return logits_BC


def part_of(batch: Batch, chosen_B: Tensor) -> Batch:
    """Return some jets of a batch."""
    num_B = batch.num_constituents_B[chosen_B]
    return replace(
        batch,
        constituents_PF=batch.constituents_PF[chosen_B[batch.jet_of_constituent_P]],
        jet_of_constituent_P=torch.repeat_interleave(num_B),
        num_constituents_B=num_B,
        features_BG=batch.features_BG[chosen_B],
        label_B=batch.label_B[chosen_B],
        weight_B=batch.weight_B[chosen_B],
        protected_BR=batch.protected_BR[chosen_B],
    )
