"""The test scores of a study: which tables there are, and columns of them when asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagline.compare import Key
from tagline.data.jets import Columns, read_columns
from tagline.settings.legend import Legend


@dataclass(frozen=True)
class ScoreTables:
    """The files of a study by task, tagger, decorrelation and seed."""

    legend: Legend
    files: dict[Key, dict[int, Path]]

    @property
    def tasks(self) -> list[str]:
        """Tasks, in the order of the files."""
        return list(dict.fromkeys(key.task for key in self.files))

    def keys(self, *, task: str) -> list[Key]:
        """What has scores in a task, in the order of the study."""
        of_task = [
            Key(task, tagger, decorrelation)
            for tagger in self.legend.taggers
            for decorrelation in self.legend.decorrelations
        ]
        return [key for key in of_task if key in self.files]

    def read(self, key: Key, place: int, *, names: Sequence[str]) -> Columns:
        """Read columns of a training, counted from 0."""
        return read_columns(list(self.files[key].values())[place], names=names)


def load(score_files: Iterable[Path], legend: Legend) -> ScoreTables:
    """Find tables at `{task}/scores/{tagger}/{decorrelation}/{seed}/test.parquet`."""
    files: dict[Key, dict[int, Path]] = {}
    for path in score_files:
        task, _, tagger, decorrelation, seed, _ = path.parts[-6:]
        files.setdefault(Key(task, tagger, decorrelation), {})[int(seed)] = path
    return ScoreTables(legend, files)
