"""A variation of a task: the same training and validation jets, and other jets to test on.

The taggers of a task meet jets that they were not trained for: of another generator, with pile-up,
or its own test jets with noise. Nothing is trained or fitted on those.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tagline.artefacts.files import whole_folder, write_json
from tagline.data.event_ids import look_for_like_numbers
from tagline.data.jets import (
    JETS_FILE,
    Jets,
    concatenate,
    gathered,
    read_columns,
    write_jets,
    write_stream,
)
from tagline.data.stored_jets import StoredJets
from tagline.data.twins import content_hashes, look_for_twins
from tagline.settings.task import Task
from tagline.split import SPLITS, place_of
from tagline.split import account as account_of
from tagline.splitting.common import common_columns
from tagline.splitting.gathering import buckets_beside, fill_buckets
from tagline.splitting.index import (
    Index,
    Integers,
    Part,
    Rows,
    index_parts,
    parts_of,
    parts_with,
)
from tagline.splitting.noise import with_noise

log = logging.getLogger(__name__)

*FITTED, TEST = SPLITS


def vary(
    skims: Mapping[str, Sequence[Path]],
    *,
    variation: Task,
    nominal: Task,
    nominal_split: Path,
    folder: Path,
) -> None:
    """Write the splits of a variation and their ledger.

    Args:
        skims: for each dataset of the variation, the folders that `skim` made.
        variation: classes, limits and noise.
        nominal: the task that it varies.
        nominal_split: its splits, of which training and validation are taken.
        folder: gets a folder for each split; it appears whole.

    Raises:
        ValueError: a class has no test jets, or test jets are in the nominal training or
            validation set and the task refuses that.
    """
    parts = parts_of(skims)
    index = index_parts(parts, task=variation)
    rows = {TEST: test_rows(index, parts, variation=variation, nominal=nominal)}
    ledger = account_of(index, rows, classes=list(variation.classes))
    log.info("jets of each class: %s", ledger)
    fitted = {name: StoredJets(nominal_split / name) for name in FITTED}
    tested = _test_jets(index, rows, parts, folder=folder)
    columns = {name: read_columns(jets.folder / JETS_FILE) for name, jets in fitted.items()}
    ledger["events_of_like_numbers"] = look_for_like_numbers(
        columns | {TEST: tested.jets}, refuse=variation.refuse_shared_events
    )
    if variation.noise:
        tested = with_noise(tested, variation.noise)
    contents = {name: content_hashes(jets) for name, jets in (fitted | {TEST: tested}).items()}
    ledger["twins"] = look_for_twins(contents, refuse=variation.refuse_twins)
    with whole_folder(folder) as unfinished:
        write_json(ledger, unfinished / "ledger.json")
        provenance = {"task": variation.model_dump_json()}
        for name, jets in fitted.items():
            write_stream(gathered(jets.pieces()), unfinished / name, provenance=provenance)
        write_jets(tested, unfinished / TEST, provenance=provenance)


def _test_jets(index: Index, rows: Rows, parts: Sequence[Part], *, folder: Path) -> Jets:
    common = common_columns([parts[number].folder for number in parts_with(index, rows)])
    with buckets_beside(folder) as buckets:
        filled = fill_buckets(index, rows, parts, common=common, folder=buckets)
        return concatenate(list(filled[TEST].pieces()))


def test_rows(index: Index, parts: Sequence[Part], *, variation: Task, nominal: Task) -> Integers:
    """Return the rows of the test jets, at most so many of each class.

    Of the nominal task's datasets they are its test jets, of others all.
    """
    is_shared = np.array([part.dataset in nominal.datasets for part in parts])[index.part]
    is_test = ~is_shared | (place_of(index, parts, nominal) == SPLITS.index(TEST))
    limit = variation.max_jets.test or len(is_test)
    of_class = [
        np.flatnonzero(is_test & (index.label == label))[:limit]
        for label in range(len(variation.classes))
    ]
    return np.sort(np.concatenate(of_class))
