"""Figures: one file each, with what it reads, its caption and `draw(source)`."""

import logging
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from tagline.artefacts import provenance
from tagline.artefacts.files import whole_file
from tagline.reporting.style import SETTINGS


def save(figure: Figure, *, png: Path, pdf: Path) -> None:
    """Write a figure as PNG and as vectors, byte for byte the same from the same numbers.

    Their metadata hold the provenance of this job: in PDF, whose keys are given, the keywords.
    """
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table of a font
    made = provenance.text()
    metadata_of: dict[Path, dict[str, str | None]] = {
        png: {"Software": None, **made},
        pdf: {
            "CreationDate": None,
            "Creator": None,
            "Producer": None,
            "Keywords": made.get(provenance.KEY),
        },
    }
    for path, metadata in metadata_of.items():
        with mpl.rc_context(SETTINGS), whole_file(path) as unfinished:
            figure.savefig(unfinished, metadata=metadata)
