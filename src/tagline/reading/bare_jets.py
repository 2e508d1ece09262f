"""Jets of which a file tells the constituents and the class, and nothing else."""

from functools import cached_property

import numpy as np
import numpy.typing as npt

from tagline.data.columns import EVENT_COLUMNS
from tagline.data.jets import Columns, particles_of
from tagline.datasets import Array, Chunk, Rows, ids_of_entries, momentum_sums


class BareJets(Chunk):
    """Some jets of a file in memory, each an event of its own, their constituents once padded."""

    columns = (*EVENT_COLUMNS, "jet_index", "pt", "eta", "phi", "truth", "weight")

    def __init__(
        self,
        where: str,
        *,
        path: str,
        entries: range,
        truth: Array,
        filled_JN: npt.NDArray[np.bool_],
        particles: Columns,
    ) -> None:
        """Hold J jets.

        Args:
            where: names the file and the part of it.
            path: the file.
            entries: of the file, which these jets are.
            truth: codes of TRUTH (J,).
            filled_JN: true where a constituent is, false where padding is.
            particles: columns (P,) over the constituents, jet after jet, without padding.
        """
        super().__init__(where, num_events=len(truth))
        self.num_jets = len(truth)
        self.counts: Rows = filled_JN.sum(axis=1)
        self.particles = particles
        self.given = ids_of_entries(path, entries) | {
            "truth": truth,
            "weight": np.ones(len(truth)),
        }
        num_holes = count_holes(filled_JN)
        if num_holes:
            self.notes = (f"{where}: {num_holes} empty constituents between others, left out",)

    def read(self, name: str) -> Array:
        """Return one column."""
        return self.given[name] if name in self.given else self._axes[name]

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return all columns of the constituents."""
        offsets = np.concatenate([[0], np.cumsum(self.counts)])
        chosen = particles_of(rows, offsets=offsets)
        return self.counts[rows], {name: self.particles[name][chosen] for name in self.particles}

    @cached_property
    def _axes(self) -> Columns:
        """Transverse momentum and direction of the sum of each jet's constituents."""
        sums = momentum_sums(self.counts, self.particles)
        pt = np.hypot(sums["px"], sums["py"])
        return {
            "pt": pt,
            "eta": np.arcsinh(sums["pz"] / np.where(pt > 0, pt, 1)),
            "phi": np.arctan2(sums["py"], sums["px"]),
        }


def count_holes(filled_JN: npt.NDArray[np.bool_]) -> int:
    """Count the padding that stands before the last constituent of its jet."""
    length_J = filled_JN.shape[1] - np.argmax(filled_JN[:, ::-1], axis=1)
    return int((length_J - filled_JN.sum(axis=1))[filled_JN.any(axis=1)].sum())
