"""Making one part of a generated dataset: its jets in one ROOT file, and its ledger.

The random numbers follow from the name of the dataset and the number of the part alone, so any
part can be made again by itself, with the same content.
"""

import hashlib
import logging
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tagline.artefacts.files import write_json
from tagline.data.columns import TRUTH
from tagline.data.jets import Jets, concatenate
from tagline.generate.detector import DETECTORS
from tagline.generate.jets import cuts, leading_jets
from tagline.generate.pile_up import Pool
from tagline.generate.pythia import Generator, Record
from tagline.generate.truth import truth
from tagline.generate.write import write_root
from tagline.settings.recipes import Recipe

log = logging.getLogger(__name__)

EVENTS_PER_BATCH = 500
COLLISIONS_PER_BATCH = 2_500  # with pile-up, for the sake of memory
SECONDS_BETWEEN_LINES = 5.0


def generate(
    recipe: Recipe,
    *,
    dataset: str,
    part: int,
    num_jets: int,
    root_file: Path,
    ledger_file: Path,
) -> None:
    """Generate events until `num_jets` jets are kept, and write exactly so many.

    Raises:
        ValueError: Pythia refuses the command file.
    """
    start = time.monotonic()
    random = random_of(dataset, part)
    generator = Generator(
        recipe.pythia, seed=int(random.integers(2**62)), settings=recipe.settings_of(part)
    )
    pool = Pool.generate(recipe.pile_up, random) if recipe.pile_up else None
    jets, counts = collect(generator, recipe, num_jets=num_jets, random=random, pool=pool)
    write_root(jets, root_file, part=part, cross_section=generator.cross_section)
    seconds = time.monotonic() - start
    ledger = {
        "dataset": dataset,
        "part": part,
        **counts,
        "cross_section_pb": generator.cross_section,
        "cross_section_error_pb": generator.cross_section_error,
        "seconds": round(seconds, 1),
        "jets_per_second": round(num_jets / seconds, 1),
    }
    write_json(ledger, ledger_file)
    log.info("%d jets of %d events in %.0f s", num_jets, counts["generated"], seconds)


def collect(
    generator: Generator,
    recipe: Recipe,
    *,
    num_jets: int,
    random: np.random.Generator,
    pool: Pool | None = None,
) -> tuple[Jets, dict[str, int | dict[str, int]]]:
    """Return so many jets, and the account of all events.

    Of the events `asked`, some `failed` in Pythia; of those generated, each was `cut`, `kept`, or
    left over as `surplus` of the last batch.
    """
    progress = Progress(num_jets)
    selected: list[Jets] = []
    cut: Counter[str] = Counter()
    asked = generated = passed = 0
    num_events = events_per_batch(recipe)
    while passed < num_jets:
        record = generator.events(num_events)
        jets, cut_here = select(record, recipe, random, pool)
        jets.jets["event"] += asked
        selected.append(jets)
        cut.update(cut_here)
        asked += num_events
        generated += record.num_events
        passed += len(jets)
        progress.report(passed, generated)
    return concatenate(selected).take(np.arange(num_jets)), {
        "asked": asked,
        "failed": asked - generated,
        "generated": generated,
        "cut": dict(cut),
        "surplus": passed - num_jets,
        "kept": num_jets,
    }


def events_per_batch(recipe: Recipe) -> int:
    """Return how many events are generated, and held in memory, at a time."""
    num_collisions = 1 + (recipe.pile_up.mean if recipe.pile_up else 0)
    return min(EVENTS_PER_BATCH, max(int(COLLISIONS_PER_BATCH / num_collisions), 1))


def select(
    record: Record, recipe: Recipe, random: np.random.Generator, pool: Pool | None = None
) -> tuple[Jets, dict[str, int]]:
    """Return the jets of a batch that the recipe keeps, and how many events each cut removes."""
    if pool:
        record, num_collisions_E = pool.laid_over(record, random)
    detect = DETECTORS[recipe.detector]
    particles = detect(record.particles, record.vertex_P3, random)
    jets = leading_jets(particles, num_events=record.num_events, selection=recipe.jets)
    jets.jets["truth"] = truth(jets, record, recipe)
    if pool:
        jets.jets["pile_up"] = num_collisions_E[jets.jets["event"]]
    matched = jets.jets["truth"] != TRUTH["unknown"]
    cut = {"no_jet": record.num_events - len(jets)}
    kept = np.ones(len(jets), np.bool_)
    for name, passes in (cuts(jets, recipe.jets) | {"match": matched}).items():
        cut[name] = int(np.sum(kept & ~passes))
        kept &= passes
    return jets.take(np.flatnonzero(kept)), cut


def random_of(dataset: str, part: int) -> np.random.Generator:
    """Return the random numbers of one part of a dataset."""
    name = hashlib.sha256(f"{dataset}/{part}".encode()).digest()
    return np.random.default_rng(int.from_bytes(name))


class Progress:
    """A log line every few seconds: jets so far, their rate, and the time that is left."""

    def __init__(self, num_jets: int) -> None:
        self.num_jets = num_jets
        self.start = self.last = time.monotonic()

    def report(self, num_kept: int, num_events: int) -> None:
        """Log how far the part is, unless that was logged a moment ago."""
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES or num_kept == 0:
            return
        self.last = now
        rate = num_kept / (now - self.start)
        left = max(self.num_jets - num_kept, 0) / rate
        log.info(
            "%d of %d jets from %d events, %.0f jets/s, %.0f s left",
            min(num_kept, self.num_jets),
            self.num_jets,
            num_events,
            rate,
            left,
        )
