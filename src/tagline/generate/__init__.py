"""Making one part of a generated dataset: as many jets as asked for, in one ROOT file, and its ledger.

The random numbers follow from the name of the dataset and the number of the part alone, so any part can be made again by
itself, with the same content.
"""

import hashlib
import logging
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tagline.columns import TRUTH
from tagline.catalogue import Recipe
from tagline.files import write_json
from tagline.generate.detector import DETECTORS
from tagline.generate.jets import cuts, leading_jets
from tagline.generate.pythia import Generator, Record
from tagline.generate.truth import truth
from tagline.generate.write import write_root
from tagline.jets import Jets, concatenate

log = logging.getLogger(__name__)

EVENTS_PER_BATCH = 500
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
    """Generate events until `num_jets` jets are kept, and write exactly so many."""
    start = time.monotonic()
    random = random_of(dataset, part)
    generator = Generator(recipe.pythia, seed=int(random.integers(2**62)))
    progress = Progress(num_jets)
    selected: list[Jets] = []
    cut: Counter[str] = Counter()
    num_asked = num_generated = num_selected = 0
    while num_selected < num_jets:
        record = generator.events(EVENTS_PER_BATCH)
        jets, cut_here = select(record, recipe, random)
        jets.jets["event"] += num_asked
        selected.append(jets)
        cut.update(cut_here)
        num_asked += EVENTS_PER_BATCH
        num_generated += record.num_events
        num_selected += len(jets)
        progress.report(num_selected, num_generated)
    kept = concatenate(selected).take(np.arange(num_jets))
    write_root(kept, root_file, part=part, cross_section=generator.cross_section)
    seconds = time.monotonic() - start
    write_json(
        {
            "dataset": dataset,
            "part": part,
            "asked": num_asked,
            "failed": num_asked - num_generated,
            "generated": num_generated,
            "cut": cut,
            "surplus": num_selected - num_jets,
            "kept": num_jets,
            "cross_section_pb": generator.cross_section,
            "cross_section_error_pb": generator.cross_section_error,
            "seconds": round(seconds, 2),
            "events_per_second": round(num_generated / seconds, 1),
            "jets_per_second": round(num_jets / seconds, 1),
        },
        ledger_file,
    )
    log.info(
        "%s: %d jets of %d events in %.0f s", root_file.name, num_jets, num_generated, seconds
    )


def select(
    record: Record, recipe: Recipe, random: np.random.Generator
) -> tuple[Jets, Counter[str]]:
    """Return the jets of a batch that the recipe keeps, and how many events each cut removes."""
    final = record.status > 0
    detect = DETECTORS[recipe.detector]
    particles = detect(record.particles.take(final), record.vertex_P3[final], random)
    jets = leading_jets(particles, num_events=record.num_events, selection=recipe.jets)
    jets.jets["truth"] = truth(jets, record, recipe)
    cut = Counter({"no_jet": record.num_events - len(jets)})
    kept = np.ones(len(jets), np.bool_)
    matched = jets.jets["truth"] != TRUTH["unknown"]
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

    def report(self, num_selected: int, num_events: int) -> None:
        """Log where the part stands, unless it was logged a moment ago."""
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = now
        rate = num_selected / (now - self.start)
        log.info(
            "%d of %d jets from %d events, %.0f jets/s, %.0f s left",
            min(num_selected, self.num_jets),
            self.num_jets,
            num_events,
            rate,
            max(self.num_jets - num_selected, 0) / rate if rate else float("inf"),
        )
