"""A batch shared by several processes: each computes the logits of its jets, all know the loss.

The loss of a batch, with the penalty of a decorrelation, depends on all its jets. So each process
evaluates it for the whole batch, from the logits of all, and sends back the gradient of its own.
"""

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, distributed, nn

from tagline.data.batch import Batch
from tagline.learning.delivery import PackedJets


def logits_of(network: nn.Module, jets: PackedJets, rows_B: Tensor, fabric: Fabric) -> Tensor:
    """Return logits_BC of these jets, computed by all processes together."""
    rank, num_processes = fabric.global_rank, fabric.world_size
    if num_processes == 1:
        return _logits(network, jets.take(rows_B))
    share = jets.take(rows_B[share_of(len(rows_B), rank, num_processes)])
    logits_BC: Tensor = _Gather.apply(  # type: ignore[no-untyped-call]
        _logits(network, share), rank, num_processes
    )
    return logits_BC[: len(rows_B)]


def share_of(num_rows: int, rank: int, num_processes: int) -> Tensor:
    """Return which rows one process computes.

    All have equally many: where the rows do not suffice, the first come again, in places behind
    the last, and are dropped there.
    """
    num_each = -(-num_rows // num_processes)
    return torch.arange(rank, num_each * num_processes, num_processes) % num_rows


class _Gather(torch.autograd.Function):
    """Rows of all processes, interleaved; back goes the gradient of this process's rows.

    It is multiplied by the number of processes because the gradients of the weights, each a part
    of a sum, are averaged.
    """

    @staticmethod
    def forward(x_BC: Tensor, rank: int, num_processes: int) -> Tensor:
        del rank
        parts = [torch.empty_like(x_BC) for _ in range(num_processes)]
        distributed.all_gather(parts, x_BC.contiguous())
        return torch.stack(parts, dim=1).flatten(0, 1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:  # noqa: ANN401
        del output
        _, ctx.rank, ctx.num_processes = inputs

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        own_BC = gradients[0][ctx.rank :: ctx.num_processes]
        return ctx.num_processes * own_BC, None, None


def _logits(network: nn.Module, batch: Batch) -> Tensor:
    logits_BC: Tensor = network(batch)
    return logits_BC
