"""Pieces of energy flow polynomials, and the ways to make one of smaller ones.

A piece is a graph with 0, 1 or 2 roots. It is summed over the particles at every vertex but its
roots, and so is a number of the jet, a vector over its particles or a matrix over their pairs. The
graphs that can be taken apart like this are those whose polynomial costs O(M^3) or less for M
particles: chi <= 3 in the words of 1712.07124.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cache, cached_property

from tagline.observables.efp_graphs import EDGE, Graph, canonical, components, joined, vertices
from tagline.observables.efp_kernel import Operation


class Kind(IntEnum):
    """What a piece is.

    A vector hangs together without its root, and has no factor z for it; a weight is z times the
    vectors that share a root.
    """

    NUMBER = auto()
    VECTOR = auto()
    WEIGHT = auto()
    MATRIX = auto()


@dataclass(frozen=True, eq=False)
class Piece:
    """One piece; `piece_of` makes each only once, so that it is compared by identity.

    Args:
        kind: what it is.
        graph: in its canonical form, the roots being the first vertices.
    """

    kind: Kind
    graph: Graph

    @cached_property
    def ways(self) -> tuple["Step", ...]:
        """All steps that make this piece; none for those that are given."""
        return tuple(dict.fromkeys(WAYS[self.kind](self.graph)))


@dataclass(frozen=True)
class Step:
    """An operation and what it works on."""

    operation: Operation
    operands: tuple[Piece, ...]


@cache
def piece_of(kind: Kind, graph: Graph) -> Piece:
    """Return the piece of a canonical graph."""
    return Piece(kind, graph)


def number(graph: Graph) -> Piece:
    """Return the piece of a graph without roots."""
    return piece_of(Kind.NUMBER, canonical(graph))


def _vector(graph: Graph, root: int) -> Piece:
    return piece_of(Kind.VECTOR, canonical(graph, (root,)))


def _weight(graphs: Iterable[Graph], root: int) -> Piece:
    return piece_of(Kind.WEIGHT, canonical(joined(graphs), (root,)))


def _matrix(graph: Graph, row: int, column: int) -> Piece:
    return piece_of(Kind.MATRIX, canonical(graph, (row, column)))


SHARES = _weight((), 0)  # z_i
ANGLES = _matrix(EDGE, 0, 1)  # theta_ij


def _ways_to_number(graph: Graph) -> Iterator[Step]:
    """Choose a root, and one of the branches there."""
    for root in vertices(graph):
        for branch, others in _one_and_others(components(graph, (root,))):
            yield Step(Operation.SUM, (_weight(others, root), _vector(branch, root)))


def _ways_to_weight(graph: Graph) -> Iterator[Step]:
    """Choose the branch that is attached last."""
    for branch, others in _one_and_others(components(graph, (0,))):
        yield Step(Operation.ATTACH, (_weight(others, 0), _vector(branch, 0)))


def _ways_to_vector(graph: Graph) -> Iterator[Step]:
    """Choose a second root: what lies between both is a matrix, what hangs there a weight."""
    for second in vertices(graph)[1:]:
        parts = components(graph, (0, second))
        between = [part for part in parts if 0 in vertices(part)]
        hanging = [part for part in parts if 0 not in vertices(part)]
        matrix = _matrix(joined(between), 0, second)
        yield Step(Operation.APPLY, (matrix, _weight(hanging, second)))


def _ways_to_matrix(graph: Graph) -> Iterator[Step]:
    """Take out one of several connections of the roots, or choose where to cut the only one."""
    if canonical(graph, (1, 0)) != graph:
        yield Step(Operation.TRANSPOSE, (_matrix(graph, 1, 0),))
    connections = components(graph, (0, 1))
    if len(connections) > 1:
        for one, others in _one_and_others(connections):
            yield Step(Operation.PARALLEL, (_matrix(one, 0, 1), _matrix(joined(others), 0, 1)))
        return
    for cut in vertices(graph)[2:]:
        parts = components(graph, (cut,))
        first, last = (next(part for part in parts if root in vertices(part)) for root in (0, 1))
        if first != last:
            weight = _weight((part for part in parts if part not in (first, last)), cut)
            yield Step(Operation.SERIES, (_matrix(first, 0, cut), weight, _matrix(last, cut, 1)))


def _one_and_others(parts: list[Graph]) -> Iterator[tuple[Graph, list[Graph]]]:
    for position, part in enumerate(parts):
        yield part, parts[:position] + parts[position + 1 :]


WAYS = {
    Kind.NUMBER: _ways_to_number,
    Kind.VECTOR: _ways_to_vector,
    Kind.WEIGHT: _ways_to_weight,
    Kind.MATRIX: _ways_to_matrix,
}
