"""How much a cut on the score changes the background's distribution of a protected column."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

# Binning of ATL-PHYS-PUB-2018-014; the divergence depends on it. In GeV.
MASS_EDGES = np.arange(50.0, 301.0, 5.0)
NUM_EQUAL_BINS = 24  # which the figure of efficiencies merges by threes


class Protected(NamedTuple):
    """The background's protected column, binned and sorted once.

    Args:
        value_J: the column.
        edges: of its bins.
        bin_J: bin of each jet; what lies outside has no such bin.
        order_J: rows in ascending order.
        ends_tie_J: in that order, true at the last row of each value.
    """

    value_J: Array
    edges: Array
    bin_J: Integers
    order_J: Integers
    ends_tie_J: Booleans

    @property
    def num_bins(self) -> int:
        """How many bins there are."""
        return len(self.edges) - 1


def edges_of(name: str, value_J: Array) -> Array:
    """Return bins of a protected column: MASS_EDGES of a mass of which at least half is there."""
    within_J = (value_J >= MASS_EDGES[0]) & (value_J < MASS_EDGES[-1])
    is_of_jets = name.endswith("mass") and within_J.mean() >= 0.5
    return MASS_EDGES if is_of_jets else equal_edges(value_J)


def is_in_mass_edges(edges: Sequence[float]) -> bool:
    """Say whether these are the bins of a jet mass."""
    return np.array_equal(edges, MASS_EDGES)


def equal_edges(value_J: Array) -> Array:
    """Return edges of NUM_EQUAL_BINS bins of equally many jets, fewer if there are ties."""
    edges = np.unique(np.quantile(value_J, np.linspace(0, 1, NUM_EQUAL_BINS + 1)))
    beyond = np.nextafter(edges[-1], np.inf)
    return np.append(edges[: max(len(edges) - 1, 1)], beyond)


def protect(value_J: Array, edges: Array = MASS_EDGES) -> Protected:
    """Bin and sort a column."""
    order_J = np.argsort(value_J, kind="stable")
    sorted_J = value_J[order_J]
    return Protected(
        value_J=value_J,
        edges=edges,
        bin_J=np.digitize(value_J, edges) - 1,
        order_J=order_J,
        ends_tie_J=np.append(sorted_J[1:] != sorted_J[:-1], True),
    )


def kolmogorov_smirnov(protected: Protected, passes_J: Booleans, weight_J: Array) -> float:
    """Return the largest distance of the cumulative distributions of what passes and fails."""
    passes_J, weight_J = passes_J[protected.order_J], weight_J[protected.order_J]
    passing_J = np.cumsum(weight_J * passes_J)
    failing_J = np.cumsum(weight_J * ~passes_J)
    if passing_J[-1] <= 0 or failing_J[-1] <= 0:
        return 1.0
    distance_J = np.abs(passing_J / passing_J[-1] - failing_J / failing_J[-1])
    return float(distance_J[protected.ends_tie_J].max())


def jensen_shannon(protected: Protected, passes_J: Booleans, weight_J: Array) -> float:
    """Return the divergence in bits of the binned distributions of what passes and fails.

    JSD(p, q) = KL(p | m) / 2 + KL(q | m) / 2 with m = (p + q) / 2, and 1 if one of them is empty.
    """
    counted_J = (protected.bin_J >= 0) & (protected.bin_J < protected.num_bins)
    halves = [
        np.bincount(protected.bin_J[rows_J], weight_J[rows_J], minlength=protected.num_bins)
        for rows_J in (counted_J & passes_J, counted_J & ~passes_J)
    ]
    if min(half.sum() for half in halves) <= 0:
        return 1.0
    first, second = (half / half.sum() for half in halves)
    middle = (first + second) / 2
    return (_relative_entropy(first, middle) + _relative_entropy(second, middle)) / 2


def jensen_shannon_by_chance(
    protected: Protected,
    passes_J: Booleans,
    weight_J: Array,
    *,
    replicas: int,
    random: np.random.Generator,
) -> Array:
    """Return divergences (replicas,) of random selections that pass as many jets.

    No tagger can be shown to sculpt less than the median of these.
    """
    return np.array(
        [
            jensen_shannon(protected, random.permutation(passes_J), weight_J)
            for _ in range(replicas)
        ]
    )


def _relative_entropy(share: Array, of: Array) -> float:
    filled = share > 0
    return float(np.sum(share[filled] * np.log2(share[filled] / of[filled])))
