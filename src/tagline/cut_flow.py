"""Tally: the ledgers of all skims of a study added up, by dataset and cut, as CSV and Markdown."""

import csv
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagline.artefacts.files import whole_file, write_text
from tagline.reading.ledger import LEDGER, FileLedger, add_up, read_ledger

log = logging.getLogger(__name__)

COLUMNS = ("dataset", "step", "jets", "cut")
BEFORE = "jets in the files"
NOTE = (
    "Each condition counts the jets that met all those before it; `jets` are those that are left, "
    "and the last of them are in the skim."
)


@dataclass(frozen=True)
class Step:
    """What is left of a dataset after one condition.

    Args:
        dataset: the sample.
        step: the condition, BEFORE for all jets.
        jets: that are left.
        cut: that failed it.
    """

    dataset: str
    step: str
    jets: int
    cut: int


def tally(
    skims: Mapping[str, Sequence[Path]], *, allow_failed: Mapping[str, int], csv_file: Path
) -> None:
    """Add up the ledgers of datasets.

    Args:
        skims: folders of each dataset.
        allow_failed: how many of its files may fail.
        csv_file: gets a row a step; the Markdown beside it says more of the files.

    Raises:
        ValueError: more files of a dataset failed than may.
    """
    files = {
        dataset: [file for folder in folders for file in read_ledger(folder / LEDGER)]
        for dataset, folders in skims.items()
    }
    for dataset, of_dataset in files.items():
        log.info("%s: %s", dataset, json.dumps(add_up(of_dataset)))
    _refuse_losses(files, allow_failed)
    steps = [step for dataset in files for step in steps_of(dataset, files[dataset])]
    with whole_file(csv_file) as unfinished, unfinished.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(vars(step) for step in steps)
    write_text(markdown(files, steps), csv_file.with_suffix(".md"))


def steps_of(dataset: str, files: Sequence[FileLedger]) -> Iterator[Step]:
    """Yield what is left of a dataset after each condition."""
    total = add_up(files)
    left = total["jets"]
    yield Step(dataset, BEFORE, left, 0)
    for condition, cut in total["cut"]:
        left -= cut
        yield Step(dataset, condition, left, cut)
    assert left == total["kept"], f"the ledgers of {dataset!r} do not add up"


def read(csv_file: Path) -> list[Step]:
    """Read the table that `tally` wrote."""
    with csv_file.open(newline="") as file:
        return [
            Step(row["dataset"], row["step"], int(row["jets"]), int(row["cut"]))
            for row in csv.DictReader(file)
        ]


def markdown(files: Mapping[str, Sequence[FileLedger]], steps: Sequence[Step]) -> str:
    """Return the files of all datasets, their cut flows, and what could not be read."""
    lines = ["| dataset | files | failed | tries | events | jets | kept |", "|---|" + "---|" * 6]
    for dataset, of_dataset in files.items():
        total = add_up(of_dataset)
        tries = sum(file.attempts for file in of_dataset)
        lines.append(
            f"| {dataset} | {total['files']:,} | {total['failed']:,} | {tries:,} | "
            f"{total['events']:,} | {total['jets']:,} | {total['kept']:,} |"
        )
    lines += ["", "| dataset | condition | cut | jets | of all |", "|---|---|---|---|---|"]
    for dataset in files:
        of_this = [step for step in steps if step.dataset == dataset]
        lines += [
            f"| {dataset} | {step.step} | {step.cut:,} | {step.jets:,} | "
            f"{100 * step.jets / max(of_this[0].jets, 1):.3g} % |"
            for step in of_this
        ]
    failed = [f"- {file.failed}" for of_this in files.values() for file in of_this if file.failed]
    if failed:
        lines += ["", "Files that could not be read:", "", *failed]
    return "\n".join([*lines, "", NOTE, ""])


def _refuse_losses(
    files: Mapping[str, Sequence[FileLedger]], allow_failed: Mapping[str, int]
) -> None:
    for dataset, of_dataset in files.items():
        failed = [file.failed for file in of_dataset if file.failed]
        if len(failed) > allow_failed[dataset]:
            raise ValueError(
                f"{len(failed)} of the {len(of_dataset)} files of {dataset!r} failed, "
                f"{allow_failed[dataset]} may:\n  " + "\n  ".join(failed)
            )
