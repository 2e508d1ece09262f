"""How one tagger decides: the typed content of an attributions file.

All attributions are in units of the log-odds log(p / (1 - p)) of the signal: integrated gradients
add up to the difference between a jet and the baseline.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from tagline.artefacts.files import read_json, write_json
from tagline.settings.legend import Legend
from tagline.settings.strict import Strict

Map = tuple[tuple[float, ...], ...]


class Importance(Strict):
    """What one feature is worth.

    Args:
        auc_drop: area under the ROC curve that is lost when jets or constituents exchange it.
        auc_drop_error: standard deviation of that between permutations.
        attribution: mean over the jets of the absolute value of what it adds to the log-odds.
    """

    auc_drop: float
    auc_drop_error: float
    attribution: float


class PixelMaps(Strict):
    """Means over the jets of a class, by channel, row and column.

    Args:
        mean: of the pixels, before standardisation.
        saliency: of the absolute value of the gradient.
        attribution: of the integrated gradients from an empty image.
    """

    mean: tuple[Map, ...]
    saliency: tuple[Map, ...]
    attribution: tuple[Map, ...]


class ConstituentMaps(Strict):
    """Means over the jets of a class.

    Args:
        by_rank: integrated gradients of the constituent at each place of a jet, features added.
        absolute_by_rank: their absolute values.
        saliency_by_rank: length of the gradient with respect to the features of a constituent.
        jets_by_rank: jets with a constituent at that place.
        plane: integrated gradients of all constituents in a bin of the (phi, eta) plane around
            the jet; rows are phi. Empty where the features have no angles.
    """

    by_rank: tuple[float, ...]
    absolute_by_rank: tuple[float, ...]
    saliency_by_rank: tuple[float, ...]
    jets_by_rank: tuple[int, ...]
    plane: Map


class Attributions(Strict):
    """What was found of one tagger, trained with one seed.

    Args:
        num_jets: whose gradients were taken, by class.
        gap: mean of how far integrated gradients are from adding up, over the mean of what they
            should add up to: large where the network is not differentiable, or not followed.
        features: by name; none if jets are images.
        channels: of an image.
        pixels: by class, if jets are images.
        constituents: by class, if jets are particles.
        half_width: of the plane [rad].
    """

    num_jets: dict[str, int]
    gap: float
    features: dict[str, Importance]
    channels: tuple[str, ...] = ()
    pixels: dict[str, PixelMaps] = Field(default_factory=dict)
    constituents: dict[str, ConstituentMaps] = Field(default_factory=dict)
    half_width: float = 0.0

    @property
    def has_gradients(self) -> bool:
        """Whether any are not zero; the score of trees is the same up to the next cut."""
        return not self.features or any(found.attribution for found in self.features.values())


def write_attributions(attributions: Attributions, path: Path) -> None:
    """Write as JSON."""
    write_json(attributions.model_dump(mode="json"), path)


def read_attributions(path: Path) -> Attributions:
    """Read what `write_attributions` wrote."""
    return Attributions(**read_json(path))


class Key(NamedTuple):
    """What was interpreted; its seeds are shown together."""

    task: str
    tagger: str


@dataclass(frozen=True)
class Interpretation:
    """The attributions of a study by task, tagger and seed."""

    legend: Legend
    found: dict[Key, dict[int, Attributions]]

    def title(self, key: Key) -> str:
        """Return the name of a tagger, with its task if there are several."""
        title = self.legend.taggers[key.tagger].title or key.tagger
        several = len({other.task for other in self.found}) > 1
        return f"{title}, {key.task.replace('_', ' ')}" if several else title

    def describe(self, key: Key) -> str:
        """Say how many jets and trainings there are, and how well gradients add up."""
        seeds = self.found[key].values()
        first = next(iter(seeds))
        gap = sum(attributions.gap for attributions in seeds) / len(seeds)
        sums = f"sums within {100 * gap:.2g} %" if first.has_gradients else "no gradients"
        return (
            f"{sum(first.num_jets.values())} test jets, {len(seeds)} "
            f"{'seeds' if len(seeds) > 1 else 'seed'}, {sums}"
        )


def load(files: Iterable[Path], legend: Legend) -> Interpretation:
    """Read attributions at `{task}/attributions/{tagger}/{decorrelation}/{seed}.json`."""
    found: dict[Key, dict[int, Attributions]] = {}
    for path in files:
        task, _, tagger, _, _ = path.parts[-5:]
        found.setdefault(Key(task, tagger), {})[int(path.stem)] = read_attributions(path)
    return Interpretation(legend, found)
