"""Tables of a comparison: every number as CSV, the headline as Markdown and LaTeX."""

import csv
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from tagline.artefacts.files import whole_file, write_text
from tagline.compare import Comparison, Key
from tagline.reporting.verdict import verdict
from tagline.settings.legend import Legend

log = logging.getLogger(__name__)

METRICS = {
    "auc": "AUC",
    "accuracy": "accuracy",
    "rejection_at_0.3": "1/eB (eS = 0.3)",
    "rejection_at_0.5": "1/eB (eS = 0.5)",
    "ks": "KS",
    "jsd": "JSD",
    "inverse_jsd": "1/JSD",
    "jsd_limit": "JSD by chance",
    "inverse_jsd_limit": "1/JSD by chance",
    "distance_correlation": "distance correlation",
    "parameters": "parameters",
}
HEADLINE = {
    name: METRICS[name]
    for name in (
        "auc",
        "accuracy",
        "rejection_at_0.3",
        "rejection_at_0.5",
        "inverse_jsd",
        "inverse_jsd_limit",
    )
}
OF_COLUMN, BY_CHANCE = "inverse_jsd_", "inverse_jsd_limit"
NOTE = (
    "Median of the seeds, with the 68 % interval of the bootstrapped test jets and the standard "
    "deviation of the seeds in quadrature. 1/JSD compares the protected column of the background "
    "that passes and fails the cut at eS = 0.5, in 5 GeV bins from 50 to 300 GeV, further columns "
    "in 24 bins of equally many jets; by chance is what a random selection of as many jets "
    "reaches: beyond it, less sculpting cannot be shown."
)
NOTE_ON_SUBSETS = (
    " An ensemble has subsets of the trainings in the place of seeds: as these share trainings, "
    "their standard deviation is less than that of independent ensembles."
)
TEX = str.maketrans({"_": r"\_", "%": r"\%", "&": r"\&", "±": r"$\pm$", ">": "$>$"})


@dataclass(frozen=True)
class Row:
    """One number of one tagger beside the published one."""

    task: str
    tagger: str
    decorrelation: str
    metric: str
    value: float
    low: float
    high: float
    spread: float
    seeds: int
    varied: str
    train_jets: int
    test_jets: int
    published: float | None
    published_uncertainty: float | None
    source: str
    verdict: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What was measured."""
        return self.task, self.tagger, self.decorrelation


def write(comparison: Comparison, folder: Path) -> None:
    """Write comparison.csv, comparison.md and comparison.tex into a folder.

    The CSV has no place for its provenance, which is that of the Markdown beside it.
    """
    table = rows(comparison)
    with whole_file(folder / "comparison.csv") as path, path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in table)
    write_text(markdown(comparison.legend, table), folder / "comparison.md")
    write_text(latex(comparison.legend, table), folder / "comparison.tex")
    log.info("%d numbers, %d beside a published one", len(table), sum(map(_is_published, table)))


def rows(comparison: Comparison) -> list[Row]:
    """List every metric of every task, tagger and decorrelation."""
    return [
        _row(comparison, key, metric)
        for task in comparison.tasks
        for key in comparison.keys(task=task)
        for metric in dict.fromkeys([*METRICS, *comparison.measured(key)])
    ]


def _row(comparison: Comparison, key: Key, metric: str) -> Row:
    measured = comparison.value(key, metric)
    found = comparison.published(key, metric)
    return Row(
        task=key.task,
        tagger=comparison.legend.taggers[key.tagger].title,
        decorrelation=comparison.legend.decorrelations[key.decorrelation].title,
        metric=metric,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        spread=measured.spread,
        seeds=measured.num_seeds,
        varied=comparison.legend.taggers[key.tagger].varied,
        train_jets=comparison.train_jets(key),
        test_jets=comparison.test_jets(key),
        published=found[1].value if found else None,
        published_uncertainty=found[1].uncertainty if found else None,
        source=f"{found[1].source} {found[1].location}" if found else "",
        verdict=verdict(comparison, key, metric),
    )


def markdown(legend: Legend, table: list[Row]) -> str:
    """Return the headline numbers, and those beside published ones, as Markdown."""
    lines = [f"# {legend.title}", "", note(legend, table), ""]
    for header, *body in _parts(table):
        lines += [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
        lines += [f"| {' | '.join(cells)} |" for cells in body]
        lines.append("")
    return "\n".join(lines)


def latex(legend: Legend, table: list[Row]) -> str:
    """Return the same as tabular environments, with the rules of LaTeX's booktabs."""
    lines = [f"% {legend.title}", f"% {note(legend, table)}"]
    for header, *body in _parts(table):
        lines += [f"\\begin{{tabular}}{{{'l' * len(header)}}}", "\\toprule"]
        lines += [_tex_line(header), "\\midrule", *map(_tex_line, body)]
        lines += ["\\bottomrule", "\\end{tabular}", ""]
    return "\n".join(lines)


def show(row: Row) -> str:
    """Write a value with its interval, to two digits of the larger uncertainty."""
    if not np.isfinite(row.value):
        return f"> {row.low:.3g}"
    up, down = row.high - row.value, row.value - row.low
    uncertainty = max(down, up if np.isfinite(up) else 0.0)
    if uncertainty == 0:
        return f"{row.value:,.10g}"
    decimals = max(0, 1 - int(np.floor(np.log10(uncertainty))))
    shown_up, shown_down = f"{up:.{decimals}f}", f"{down:.{decimals}f}"
    if shown_up == shown_down:
        return f"{row.value:.{decimals}f} ± {shown_up}"
    return f"{row.value:.{decimals}f} +{shown_up} -{shown_down}"


def note(legend: Legend, table: list[Row]) -> str:
    """Say what the numbers are, and which are missing."""
    left_out = dict.fromkeys(
        f"{legend.taggers[tagger].title} with {legend.decorrelations[decorrelation].family}"
        for tagger, decorrelation in legend.left_out
    )
    missing = f" Left out, for they do not go together: {', '.join(left_out)}."
    of_subsets = any(row.varied == "subset" for row in table)
    return NOTE + NOTE_ON_SUBSETS * of_subsets + missing * bool(left_out)


def _parts(table: list[Row]) -> list[list[list[str]]]:
    """Return the tables that have lines beside their header."""
    return [part for part in (_headline(table), _beside_published(table)) if len(part) > 1]


def _headline(table: list[Row]) -> list[list[str]]:
    """Return a header and one line for each tagger and decorrelation of each task."""
    shown = HEADLINE | _of_further_columns(table)
    lines = [
        ["task", "tagger", "decorrelation", *shown.values(), "seeds", "train jets", "test jets"]
    ]
    for first in (row for row in table if row.metric == next(iter(HEADLINE))):
        same = {row.metric: row for row in table if row.key == first.key}
        numbers = [show(same[metric]) if metric in same else "" for metric in shown]
        subsets = f" subset{'s' * (first.seeds != 1)}" * (first.varied == "subset")
        sizes = [str(first.train_jets), str(first.test_jets)]
        lines.append([*first.key, *numbers, f"{first.seeds}{subsets}", *sizes])
    return lines


def _of_further_columns(table: list[Row]) -> dict[str, str]:
    """Return what is shown of protected columns beside the first, by metric."""
    return {
        row.metric: f"1/JSD of {row.metric.removeprefix(OF_COLUMN)}"
        for row in table
        if row.metric.startswith(OF_COLUMN) and not row.metric.startswith(BY_CHANCE)
    }


def _beside_published(table: list[Row]) -> list[list[str]]:
    """Return a header and one line for each number that a paper has, too."""
    lines = [["task", "tagger", "metric", "here", "published", "source", "verdict"]]
    for row in filter(_is_published, table):
        uncertainty = f" ± {row.published_uncertainty:g}" if row.published_uncertainty else ""
        published = f"{row.published:,.10g}{uncertainty}"
        metric = METRICS[row.metric]
        lines.append([row.task, row.tagger, metric, show(row), published, row.source, row.verdict])
    return lines


def _is_published(row: Row) -> bool:
    return row.published is not None


def _tex_line(cells: list[str]) -> str:
    return " & ".join(cell.translate(TEX) for cell in cells) + r" \\"
