"""Draw: one figure of a study, from the files that its plugin reads."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tagline import compare, cut_flow
from tagline.accounts_table import Account, read
from tagline.artefacts.files import read_json
from tagline.cut_flow import Step
from tagline.figures import save
from tagline.interpretation import attributions
from tagline.reporting import score_tables
from tagline.settings import plugins
from tagline.settings.legend import Legend

MEAN_IMAGES_FILE = "mean_images.json"


def draw(name: str, files: Sequence[Path], *, legend: Legend, png: Path, pdf: Path) -> None:
    """Draw one figure.

    Args:
        name: the plugin.
        files: metrics, score tables, attributions, prepared folders, validations, a cut flow
            or a time table, as the plugin's READS says.
        legend: titles and published numbers.
        png: gets the figure as pixels.
        pdf: gets the figure as vectors.
    """
    plugin = plugins.load("figures", name)
    source = SOURCES[plugin.READS](files, legend)
    save(plugin.draw(source), png=png, pdf=pdf)


def read_images(folders: Sequence[Path], legend: Legend) -> dict[str, Any]:
    """Read the mean images of prepared representations by name.

    Raises:
        ValueError: a representation has none, since it is not an image.
    """
    del legend
    for folder in folders:
        if not (folder / MEAN_IMAGES_FILE).exists():
            raise ValueError(f"{folder}: {folder.name!r} has no mean images; see study.images")
    return {folder.name: read_json(folder / MEAN_IMAGES_FILE) for folder in folders}


def read_validations(files: Sequence[Path], legend: Legend) -> dict[str, Any]:
    """Read the comparisons of generated samples with published ones by dataset."""
    del legend
    return {file.parent.name: read_json(file) for file in files}


def read_sampling(files: Sequence[Path], legend: Legend) -> dict[str, Any]:
    """Read what sampling does to the training jets of each task, by its title."""
    titles = {name: label.title for name, label in legend.tasks.items()}
    names = [file.parent.name for file in files]
    return {
        titles.get(name, name): read_json(file) for name, file in zip(names, files, strict=True)
    }


def read_cut_flow(files: Sequence[Path], legend: Legend) -> list[Step]:
    """Read the cut flow of a study."""
    del legend
    return cut_flow.read(files[0])


def read_account(files: Sequence[Path], legend: Legend) -> Account:
    """Read the time table of a study."""
    return Account(legend, read(files[0]))


SOURCES: dict[str, Callable[[Sequence[Path], Legend], Any]] = {
    "metrics": compare.load,
    "scores": score_tables.load,
    "decorrelated_scores": score_tables.load,
    "attributions": attributions.load,
    "images": read_images,
    "recipes": read_validations,
    "sampling": read_sampling,
    "ledgers": read_cut_flow,
    "benchmarks": read_account,
}
