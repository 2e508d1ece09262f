"""Prepared jets in memory, and batches of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tagline.data.batch import Batch, constituent_rows
from tagline.data.inputs import Inputs
from tagline.data.jets import CONSTITUENTS_FILE, JETS_FILE, Columns, read_columns

ROWS_IN_CACHE = 8192  # filled column by column; all of them at once take twice as long
TRAINING_COLUMNS = ("event_id", "label", "weight", "num_constituents")


@dataclass(frozen=True)
class PackedJets:
    """All jets of a split as contiguous tensors, on the host or resident on a GPU.

    Args:
        constituents_PF: float32 features of all constituents, in jet order.
        first_constituent_J: int64 row of each jet's first constituent.
        num_constituents_J: int64.
        features_JG: float32 features of each jet.
        label_J: int64 class.
        weight_J: float32 weight, one on average.
        protected_JR: float32 columns that the score must not sculpt.
        event_id_J: int64 with the bits of the uint64 event id.
    """

    constituents_PF: Tensor
    first_constituent_J: Tensor
    num_constituents_J: Tensor
    features_JG: Tensor
    label_J: Tensor
    weight_J: Tensor
    protected_JR: Tensor
    event_id_J: Tensor

    def __len__(self) -> int:
        return len(self.label_J)

    def to(self, device: torch.device) -> "PackedJets":
        """Return the same jets on a device."""
        tensors = {field.name: getattr(self, field.name).to(device) for field in fields(self)}
        return replace(self, **tensors)

    def take(self, rows_B: Tensor) -> Batch:
        """Return the jets of these rows, in this order."""
        rows_B = rows_B.to(self.label_J.device)
        num_B = self.num_constituents_J[rows_B]
        row_P, jet_of_constituent_P = constituent_rows(self.first_constituent_J[rows_B], num_B)
        return Batch(
            constituents_PF=self.constituents_PF.index_select(0, row_P),
            jet_of_constituent_P=jet_of_constituent_P,
            num_constituents_B=num_B,
            features_BG=self.features_JG[rows_B],
            label_B=self.label_J[rows_B],
            weight_B=self.weight_J[rows_B],
            protected_BR=self.protected_JR[rows_B],
        )


def load(folder: Path, inputs: Inputs, *, protected: Sequence[str]) -> PackedJets:
    """Read a prepared split: the features that the inputs name, and what training needs."""
    features = [f"feature_{name}" for name in inputs.jet_features]
    names = list(dict.fromkeys([*TRAINING_COLUMNS, *features, *protected]))
    columns = read_columns(folder / JETS_FILE, names=names)
    particles = read_columns(folder / CONSTITUENTS_FILE, names=inputs.constituent_features)
    num_constituents_J = torch.from_numpy(columns["num_constituents"].astype(np.int64))
    longest = int(num_constituents_J.max()) if len(num_constituents_J) else 0
    if inputs.constituent_features and longest > inputs.max_constituents:
        raise ValueError(
            f"{folder}: a jet has {longest} constituents, "
            f"but its inputs allow {inputs.max_constituents}"
        )
    num_jets, num_constituents = len(num_constituents_J), int(num_constituents_J.sum())
    return PackedJets(
        constituents_PF=_matrix(particles, inputs.constituent_features, num_constituents),
        first_constituent_J=num_constituents_J.cumsum(0) - num_constituents_J,
        num_constituents_J=num_constituents_J,
        features_JG=_matrix(columns, features, num_jets),
        label_J=torch.from_numpy(columns["label"].astype(np.int64)),
        weight_J=torch.from_numpy(columns["weight"].astype(np.float32)),
        protected_JR=_matrix(columns, protected, num_jets),
        event_id_J=torch.from_numpy(columns["event_id"].astype(np.int64)),
    )


def batches(jets: PackedJets, batch_size: int) -> Iterator[Batch]:
    """Yield all jets in the order of their rows; the last batch may be smaller."""
    for rows_B in torch.split(torch.arange(len(jets)), batch_size):
        yield jets.take(rows_B)


def _matrix(columns: Columns, names: Sequence[str], num_rows: int) -> Tensor:
    matrix = np.empty((num_rows, len(names)), np.float32)
    for start in range(0, num_rows, ROWS_IN_CACHE):
        rows = slice(start, start + ROWS_IN_CACHE)
        for index, name in enumerate(names):
            matrix[rows, index] = columns[name][rows]
    return torch.from_numpy(matrix)
