"""Energy flow polynomials of degree 5 and 7 at a cost of M^3, against EnergyFlow.

`python -m benchmarks.efp golden` writes what the unit tests expect of EnergyFlow.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.racing import race, rates, verdict
from benchmarks.rival_energyflow import VERSION, EnergyFlow
from tagline.machine.compiled import compiled
from tagline.observables.efp import Array, energy_flow, polynomials
from tagline.observables.efp_graphs import Graph, canonical, joined, name
from tagline.observables.efp_kernel import Operation
from tagline.observables.frames import Particles

NUM_PARTICLES, BETA = 66, 0.5
RACES = {5: (128, 30), 7: (24, 80)}  # jets and goal by degree
PRECISIONS = {"single": (np.float32, 1e-5), "double": (np.float64, 1e-12)}
GOLDEN = Path("tests/golden/efp.json")
GOLDEN_COUNTS = (9, 14)
MASSES = (0.0, 0.13957, 0.93827)


def toy_jets(num_jets: int) -> Array:
    """Return pT, rapidity, azimuth and no mass of particles in three prongs: (J, N, 4)."""
    random = np.random.default_rng(1)
    shape = (num_jets, NUM_PARTICLES)
    prongs = random.normal(0, 0.3, (2, num_jets, 3))
    prong = random.integers(3, size=shape)
    y, phi = np.take_along_axis(prongs, prong[None], 2) + random.normal(0, 0.1, (2, *shape))
    pt = random.exponential(size=shape) ** 1.5 * 10
    return np.stack([pt, y, phi, np.zeros(shape)], axis=-1)


def particles_of(jets_JN4: Array) -> Particles:
    """Return them for our side."""
    num_J = np.full(len(jets_JN4), NUM_PARTICLES)
    pt_P, y_P, phi_P, _ = jets_JN4.reshape(-1, 4).T
    jet_P = np.repeat(np.arange(len(num_J)), num_J)
    return Particles(num_J, jet_P, np.arange(len(jet_P)), pt_P.copy(), y_P.copy(), phi_P.copy())


def ours(edges: list[list[int]]) -> Graph:
    """Return a graph of EnergyFlow as one of ours."""
    return canonical(joined(((min(edge), max(edge), 1),) for edge in edges))


def products(num_products: int, num_jets: int, precision: type) -> Callable[[], None]:
    """Return the matrix products of these jets and nothing else."""
    a_NN, b_NN = np.ones((2, NUM_PARTICLES, NUM_PARTICLES), precision)
    return lambda: _multiply(a_NN, b_NN, np.empty_like(a_NN), num_products * num_jets)


@compiled
def _multiply(a_NN: Array, b_NN: Array, out_NN: Array, times: int) -> None:
    for _ in range(times):
        np.dot(a_NN, b_NN, out_NN)


def race_degree(max_degree: int, num_jets: int, goal: float) -> None:
    """Check that both find the same, then race them in both precisions."""
    jets_JN4 = toy_jets(num_jets)
    start = time.process_time()
    particles, wanted = particles_of(jets_JN4), polynomials(max_degree, 3)
    print(f"{len(wanted.names)} polynomials planned in {time.process_time() - start:.2f} s")
    num_products = int((wanted.program_S5[:, 0] == Operation.SERIES).sum())
    selection = [f"d<={max_degree}", "c<=3"]
    with EnergyFlow(jets_JN4.tolist(), coords="ptyphim", beta=BETA, selection=selection) as rival:
        contenders: dict[str, Callable[[], object]] = {"EnergyFlow": rival.run}
        for title, (precision, tolerance) in PRECISIONS.items():
            contenders[title] = lambda precision=precision: energy_flow(
                particles, wanted, beta=BETA, precision=precision
            )
            contenders[f"{title} products"] = products(num_products, num_jets, precision)
            check(contenders[title](), wanted.names, rival, tolerance=tolerance)
        seconds = race(contenders, clock=lambda: time.process_time() + rival.seconds)
    for title in PRECISIONS:
        heading = f"EFPs of degree <= {max_degree}, {title} precision"
        limit = f"{title} products"
        print(verdict(heading, seconds, ours=title, rival="EnergyFlow", goal=goal, limit=limit))
    print(rates(seconds, num_jets))


def check(values_JG: Array, names: tuple[str, ...], rival: EnergyFlow, tolerance: float) -> None:
    """Raise ValueError if a polynomial of a connected graph differs."""
    rival.run()
    theirs_JG = np.array(rival.values())
    column = {found: position for position, found in enumerate(names)}
    graphs = [(position, ours(edges)) for position, edges in enumerate(rival.graphs()) if edges]
    their_columns = [position for position, _ in graphs]
    our_columns = [column[name(graph)] for _, graph in graphs]
    difference = np.abs(values_JG[:, our_columns] / theirs_JG[:, their_columns] - 1).max()
    print(f"largest relative difference {difference:.1e}, {len(graphs)} graphs")
    if difference > tolerance:
        raise ValueError(f"polynomials differ from EnergyFlow's by {difference}")


def write_golden() -> None:
    """Write polynomials of a few jets of massive particles."""
    random = np.random.default_rng(1)
    num = sum(GOLDEN_COUNTS)
    mass = random.choice(MASSES, size=num)
    px, py, pz = random.normal((50, 0, 40), 12, (num, 3)).T
    energy = np.sqrt(px**2 + py**2 + pz**2 + mass**2)
    rows_P4 = np.stack([energy, px, py, pz], axis=1)
    jets = [jet.tolist() for jet in np.split(rows_P4, np.cumsum(GOLDEN_COUNTS)[:-1])]
    selection = ["d<=7", "c<=3"]
    with EnergyFlow(jets, coords="epxpypz", beta=BETA, selection=selection) as rival:
        rival.run()
        values_GJ = np.array(rival.values()).T.tolist()
        graphs = rival.graphs()
    contents = {
        "made_by": f"{VERSION}, `python -m benchmarks.efp golden`",
        "beta": BETA,
        "counts": GOLDEN_COUNTS,
        "particles": dict(zip(("energy", "px", "py", "pz"), rows_P4.T.tolist(), strict=True)),
        "values": {
            name(ours(edges)): values_J
            for edges, values_J in zip(graphs, values_GJ, strict=False)
            if edges
        },
    }
    one_line_a_list = re.sub(r"\[[^][]*\]", _on_one_line, json.dumps(contents, indent=1))
    GOLDEN.write_text(one_line_a_list + "\n")


def _on_one_line(found: re.Match[str]) -> str:
    return re.sub(r"\s+", " ", found[0])


if __name__ == "__main__":
    if sys.argv[1:] == ["golden"]:
        write_golden()
    else:
        for max_degree, (num_jets, goal) in RACES.items():
            race_degree(max_degree, num_jets, goal)
