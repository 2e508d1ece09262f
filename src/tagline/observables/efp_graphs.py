"""Multigraphs without loops, up to isomorphism: each stands for an energy flow polynomial."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from string import ascii_lowercase

Edge = tuple[int, int, int]  # two vertices in rising order, and how many edges join them
Graph = tuple[Edge, ...]
Neighbours = dict[int, dict[int, int]]
Colours = dict[int, int]

EDGE: Graph = ((0, 1, 1),)


def degree(graph: Graph) -> int:
    """Count the edges, parallel ones each by itself."""
    return sum(multiplicity for _, _, multiplicity in graph)


def vertices(graph: Graph) -> list[int]:
    """Return the vertices in rising order."""
    return sorted({vertex for i, j, _ in graph for vertex in (i, j)})


def name(graph: Graph) -> str:
    """Name a graph by its edges: `ab2bc` is a double edge from a to b and an edge from b to c."""
    return "".join(
        f"{ascii_lowercase[i]}{ascii_lowercase[j]}{multiplicity if multiplicity > 1 else ''}"
        for i, j, multiplicity in graph
    )


def connected_graphs(max_degree: int) -> list[Graph]:
    """Return all connected multigraphs of 1 .. `max_degree` edges, by their number of edges.

    Each comes from a smaller one by another edge: some edge of it is no bridge or ends in a leaf.
    """
    level = {EDGE}
    graphs = [EDGE]
    for _ in range(1, max_degree):
        level = {canonical(larger) for graph in level for larger in _with_another_edge(graph)}
        graphs += sorted(level)
    return graphs


def _with_another_edge(graph: Graph) -> Iterator[Graph]:
    known = vertices(graph)
    for i, j in combinations(known, 2):
        yield joined([graph, ((i, j, 1),)])
    for i in known:
        yield (*graph, (i, len(known), 1))


def multisets(degrees: Sequence[int], max_degree: int) -> Iterator[tuple[int, ...]]:
    """Yield rising positions in a rising list of degrees that add up to at most so much."""
    for position, taken in enumerate(degrees):
        if taken > max_degree:
            return
        yield (position,)
        for rest in multisets(degrees[position:], max_degree - taken):
            yield (position, *(position + other for other in rest))


def joined(graphs: Iterable[Graph]) -> Graph:
    """Return the edges of all graphs, whose vertices have common numbers."""
    total: Counter[tuple[int, int]] = Counter()
    for graph in graphs:
        for i, j, multiplicity in graph:
            total[i, j] += multiplicity
    return tuple(sorted((i, j, multiplicity) for (i, j), multiplicity in total.items()))


def components(graph: Graph, removed: Sequence[int]) -> list[Graph]:
    """Return what some vertices hold together, with its edges to them.

    Each of the edges between these vertices stands alone.
    """
    group: dict[int, set[int]] = {}
    for i, j, _ in graph:
        ends = {i, j}.difference(removed)
        together = set().union(ends, *(group.get(end, ()) for end in ends))
        group |= dict.fromkeys(together, together)
    parts: defaultdict[int, list[Edge]] = defaultdict(list)
    alone: list[Graph] = []
    for i, j, multiplicity in graph:
        inside = j if i in removed else i
        if inside in removed:
            alone += [((i, j, 1),)] * multiplicity
        else:
            parts[min(group[inside])].append((i, j, multiplicity))
    return alone + [tuple(part) for part in parts.values()]


@cache
def canonical(graph: Graph, roots: tuple[int, ...] = ()) -> Graph:
    """Return the graph with other numbers for its vertices, the same for isomorphic graphs.

    The roots become 0, 1, ... in this order.
    """
    neighbours: Neighbours = defaultdict(dict)
    for i, j, multiplicity in graph:
        neighbours[i][j] = neighbours[j][i] = multiplicity
    colours = dict.fromkeys(neighbours, len(roots))
    return _smallest(graph, neighbours, colours | {root: rank for rank, root in enumerate(roots)})


def _smallest(graph: Graph, neighbours: Neighbours, colours: Colours) -> Graph:
    """Single out each vertex of the first that look alike, and return the smallest result."""
    colours = _refined(neighbours, colours)
    cells: defaultdict[int, list[int]] = defaultdict(list)
    for vertex, colour in colours.items():
        cells[colour].append(vertex)
    alike = min((colour for colour, cell in cells.items() if len(cell) > 1), default=None)
    if alike is None:
        return joined([((*_in_order(colours[i], colours[j]), n),) for i, j, n in graph])
    cell = cells[alike]
    if all(_are_twins(neighbours, cell[0], other) for other in cell[1:]):
        cell = cell[:1]
    behind = colours | dict.fromkeys(cells[alike], alike + 1)
    return min(_smallest(graph, neighbours, behind | {first: alike}) for first in cell)


def _in_order(i: int, j: int) -> tuple[int, int]:
    return (i, j) if i < j else (j, i)


def _refined(neighbours: Neighbours, colours: Colours) -> Colours:
    """Tell vertices apart by the colours around them; a colour counts the vertices before it."""
    while True:
        seen = {
            vertex: (
                colour,
                sorted((colours[other], n) for other, n in neighbours[vertex].items()),
            )
            for vertex, colour in colours.items()
        }
        order = sorted(seen.values())
        refined = {vertex: order.index(surroundings) for vertex, surroundings in seen.items()}
        if refined == colours:
            return colours
        colours = refined


def _are_twins(neighbours: Neighbours, one: int, other: int) -> bool:
    """Tell whether swapping two vertices changes nothing."""
    apart = {one, other}
    around_one, around_other = (
        {vertex: n for vertex, n in neighbours[twin].items() if vertex not in apart}
        for twin in (one, other)
    )
    return around_one == around_other
