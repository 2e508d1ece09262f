"""A batch in pieces of jets of similar length, for networks that see one jet at a time."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tagline.data.batch import Batch, constituent_rows

A_PIECE = 700  # constituents: what layers of some hundred columns make of them fits into caches
A_PIECE_OF_PAIRS = 150  # where each of them meets all others of its jet


def by_pieces(
    network: Callable[[Batch], Tensor], batch: Batch, *, constituents: int = A_PIECE
) -> Tensor:
    """Return the logits_BC of a network; on a CPU, of a piece at a time.

    There, what does not fit into its caches is slow, and an attention to slots that are empty is
    not free. Neither holds on a GPU. Exports know no lengths, so theirs is one piece.
    """
    num_B = batch.num_constituents_B
    if torch.compiler.is_exporting():
        return network(batch)
    if num_B.device.type != "cpu" or num_B.sum() <= constituents:
        return network(batch)
    order_B = num_B.argsort(stable=True)
    piece_B = (num_B[order_B].cumsum(0) - 1).clamp(min=0) // constituents
    sizes = piece_B.bincount()
    pieces = torch.split(order_B, sizes[sizes > 0].tolist())
    logits = [network(taken(batch, rows_B)) for rows_B in pieces]
    return torch.cat(logits).index_select(0, order_B.argsort())


def mixes_jets(network: nn.Module) -> bool:
    """Return whether it has a batch norm in training, which sees all jets at once."""
    norms = (module for module in network.modules() if isinstance(module, nn.BatchNorm1d))
    return any(norm.training for norm in norms)


def taken(batch: Batch, rows_B: Tensor) -> Batch:
    """Return the jets of these rows, in this order."""
    num_B = batch.num_constituents_B
    row_P, jet_of_constituent_P = constituent_rows(
        (num_B.cumsum(0) - num_B)[rows_B], num_B[rows_B]
    )
    return Batch(
        constituents_PF=batch.constituents_PF.index_select(0, row_P),
        jet_of_constituent_P=jet_of_constituent_P,
        num_constituents_B=num_B[rows_B],
        features_BG=batch.features_BG[rows_B],
        label_B=batch.label_B[rows_B],
        weight_B=batch.weight_B[rows_B],
        protected_BR=batch.protected_BR[rows_B],
    )
