"""Batches of events as arrays against a Python loop over the record, and against bare Pythia."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.racing import race, verdict
from tagline.generate import select
from tagline.generate.pythia import Generator, Record
from tagline.settings.recipes import JetSelection, Recipe

NUM_EVENTS = 200
SEED = 1
GOAL, GOAL_OF_LIMIT = 1.2, 0.9
RECIPE = Recipe(
    pythia=Path("config/pythia/landscape_qcd.cmnd"),
    truth="qcd",
    match="none",
    detector="atlas",
    jets=JetSelection(radius=0.8, pt_min=550, pt_max=650, abs_eta_max=2.0),
)


def bare(generator: Generator) -> None:
    """Generate events and look at none of them."""
    for _ in range(NUM_EVENTS):
        generator.pythia.next()


def loop(generator: Generator) -> npt.NDArray[np.float64]:
    """Take the final particles out of the event record one by one, as scripts do."""
    rows = []
    for _ in range(NUM_EVENTS):
        generator.pythia.next()
        rows += [
            (p.px(), p.py(), p.pz(), p.e(), p.charge(), p.id(), p.xProd(), p.yProd(), p.zProd())
            for p in generator.pythia.event
            if p.isFinal()
        ]
    return np.array(rows)


def batches(generator: Generator) -> Record:
    """Take the final particles and the partons as arrays."""
    return generator.events(NUM_EVENTS)


def everything(generator: Generator) -> None:
    """Generate, simulate the detector, cluster and select."""
    select(generator.events(NUM_EVENTS), RECIPE, np.random.default_rng(SEED))


def check() -> None:
    """Refuse to race where the loop and the batch do not give the same particles."""
    by_loop = loop(Generator(RECIPE.pythia, seed=SEED))
    record = batches(Generator(RECIPE.pythia, seed=SEED))
    found = record.particles
    columns = (found.px, found.py, found.pz, found.energy, found.charge, found.pdgid)
    by_batch = np.column_stack([*columns, record.vertex_P3])
    if not np.array_equal(by_loop, by_batch):
        raise ValueError("the loop and the batch give different particles")


def main() -> None:
    """Race with one generator each, all of the same seed, so that all make the same events."""
    check()
    contenders = {
        "bare next()": bare,
        "Python loop": loop,
        "batches": batches,
        "with detector and jets": everything,
    }
    generators = {name: Generator(RECIPE.pythia, seed=SEED) for name in contenders}
    seconds = race(
        {name: lambda n=name, run=run: run(generators[n]) for name, run in contenders.items()}
    )
    for name, time in seconds.items():
        print(f"{name}: {NUM_EVENTS / time:.0f} events/s")
    print(
        verdict(
            "generation",
            seconds,
            ours="batches",
            rival="Python loop",
            goal=GOAL,
            limit="bare next()",
        )
    )
    print(verdict("generation", seconds, ours="batches", rival="bare next()", goal=GOAL_OF_LIMIT))


if __name__ == "__main__":
    main()
