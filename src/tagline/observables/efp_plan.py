"""The plan of a set of energy flow polynomials: which pieces are made, in which order, of what.

Pieces that several polynomials share are made once, and a polynomial is made in the way that adds
least to what is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagline.observables.efp_graphs import Graph
from tagline.observables.efp_kernel import Operation
from tagline.observables.efp_pieces import ANGLES, SHARES, Kind, Piece, Step, number

# seen for 66 particles in single precision [10 ns]
COSTS = {
    Operation.SUM: 2,
    Operation.ATTACH: 2,
    Operation.APPLY: 30,
    Operation.PARALLEL: 45,
    Operation.TRANSPOSE: 70,
    Operation.SERIES: 550,
}
NEVER = 10**9  # the cost of what cannot be made
GIVEN = {SHARES: 0, ANGLES: 1}  # with their places

Steps = dict[Piece, Step]


@dataclass(frozen=True)
class Plan:
    """A program for each jet: rows of an operation, the place of its result and of its operands.

    Numbers, matrices and vectors have places of their own; weights are vectors. The first vector
    is z; the first matrix is free for intermediate results, the second is theta.

    Args:
        graphs: of the polynomials, in the order of their numbers.
        program_S5: int64.
        num_matrices: places for matrices.
        num_vectors: places for vectors.
    """

    graphs: tuple[Graph, ...]
    program_S5: npt.NDArray[np.int64]
    num_matrices: int
    num_vectors: int


def plan_of(graphs: Sequence[Graph], *, max_chi: int) -> Plan:
    """Plan the polynomials that cost at most O(M^chi), chi being 2 or 3; others are left out."""
    search = Search(forbidden={Operation.SERIES} if max_chi < 3 else set())
    numbers = [piece for piece in map(number, graphs) if search.include(piece)]
    search.improve(numbers)
    return _program(numbers, search.steps)


class Search:
    """Pieces with the step that makes each."""

    def __init__(self, forbidden: set[Operation]) -> None:
        self.costs = COSTS | dict.fromkeys(forbidden, NEVER)
        self.steps: Steps = {}

    def include(self, piece: Piece) -> bool:
        """Add a piece and all that it needs at least cost; return whether it can be made."""
        known: dict[Piece, int] = {}
        can_be_made = self._cost(piece, known) < NEVER
        if can_be_made:
            self._take(piece, known)
        return can_be_made

    def improve(self, wanted: Sequence[Piece]) -> None:
        """Make each of the pieces anew, given all that the others need."""
        for piece in reversed(wanted):
            before = self.steps
            others = (other for other in wanted if other is not piece)
            self.steps = _needed(others, before)
            self.include(piece)
            if self._total(self.steps) > self._total(before):
                self.steps = before

    def _total(self, steps: Steps) -> int:
        return sum(self.costs[step.operation] for step in steps.values())

    def _cost(self, piece: Piece, known: dict[Piece, int]) -> int:
        """Return what a piece costs beyond what is there, as if its operands shared nothing."""
        if piece in self.steps or piece in GIVEN:
            return 0
        if piece not in known:
            known[piece] = NEVER  # while it is sought: nothing is made of itself
            known[piece] = min((self._cost_of(step, known) for step in piece.ways), default=NEVER)
        return known[piece]

    def _cost_of(self, step: Step, known: dict[Piece, int]) -> int:
        operands = sum(self._cost(operand, known) for operand in set(step.operands))
        return min(self.costs[step.operation] + operands, NEVER)

    def _take(self, piece: Piece, known: dict[Piece, int]) -> None:
        if piece in self.steps or piece in GIVEN:
            return
        step = min(piece.ways, key=lambda step: self._cost_of(step, known))
        for operand in step.operands:
            self._take(operand, known)
        self.steps[piece] = step


def _needed(wanted: Iterable[Piece], steps: Steps) -> Steps:
    """Return the steps for these pieces alone, in the order in which they can be done."""
    needed: Steps = {}

    def visit(piece: Piece) -> None:
        if piece not in needed and piece not in GIVEN:
            for operand in steps[piece].operands:
                visit(operand)
            needed[piece] = steps[piece]

    for piece in wanted:
        visit(piece)
    return needed


def _program(numbers: Sequence[Piece], steps: Steps) -> Plan:
    place = GIVEN | {piece: position for position, piece in enumerate(numbers)}
    num_vectors, num_matrices = 1, 2
    program = []
    for piece, step in _needed(numbers, steps).items():
        if piece.kind is Kind.MATRIX:
            place[piece], num_matrices = num_matrices, num_matrices + 1
        elif piece.kind is not Kind.NUMBER:
            place[piece], num_vectors = num_vectors, num_vectors + 1
        operands = [place[operand] for operand in step.operands]
        program.append([step.operation, place[piece], *operands, *[-1] * (3 - len(operands))])
    return Plan(
        graphs=tuple(piece.graph for piece in numbers),
        program_S5=np.array(program, np.int64),
        num_matrices=num_matrices,
        num_vectors=num_vectors,
    )
