"""Signal and background alone, of a task whose classes between them are not to be told apart."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tagline.data.batch import Batch


def ends_of(logits_BC: Tensor) -> Tensor:
    """Return logits of background and signal (B, 2), the first class and the last."""
    return logits_BC[:, [0, -1]]


def cross_entropy(logits_B2: Tensor, is_second_B: Tensor, weight_B: Tensor) -> Tensor:
    """Return the mean of weighted cross entropies, whoever has a weight of zero."""
    loss_B = F.cross_entropy(logits_B2, is_second_B.long(), reduction="none")
    return (loss_B * weight_B).mean()


def weight_of(batch: Batch, *labels: int) -> Tensor:
    """Return the weights (B,) of jets of some classes, zero for all others."""
    wanted = torch.tensor(labels, device=batch.label_B.device)
    return batch.weight_B * torch.isin(batch.label_B, wanted)
