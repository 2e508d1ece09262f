"""CMS NanoAOD, v9 to v15: AK4 or AK8 jets with what CMS computed of them, without constituents.

TTrees and RNTuples; energies are in GeV. A jet that lacks a subjet has 0 in the columns of it,
which the ledger counts.
"""

from collections.abc import Iterator
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from tagline.data.columns import Column, Further
from tagline.datasets import Array, BaseReader, Chunk, UnreadableFileError
from tagline.observables.ratios import ratio
from tagline.reading.nano_columns import OF_JETS, RATIOS, SUBJETS
from tagline.reading.nano_jets import COLLECTIONS, NanoJets, required
from tagline.reading.tree_files import open_tree
from tagline.reading.trees import Span, Tree
from tagline.settings.jet_truth import DESCRIPTION, FLAVOUR, JetTruth
from tagline.settings.options import ReaderOptions

SUBJET_COLLECTION = "SubJet"


class Config(ReaderOptions):
    """Options of the reader."""

    jets: Literal["AK4", "AK8"] = Field("AK8", description="which jets are read")
    truth: JetTruth = Field(FLAVOUR, description=DESCRIPTION)
    columns: tuple[str, ...] = Field(
        (),
        description="further columns of jets, as `particleNet_XbbVsQCD` of `FatJet_` ones and "
        "`subjet1_btagDeepB` of their first subjets; none: what a file has of those in "
        "`reading/nano_columns.py`",
    )
    tree: str = Field("Events", description="name of the tree or RNTuple")
    entries: int = Field(100_000, gt=0, description="events that are read at once, at least")

    @property
    def has_constituents(self) -> bool:
        """Jets have none, even if candidates are in the file."""
        return False

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """Those that are asked for, or all that some version has."""
        return self.columns or tuple(column.name for column in OF_JETS[self.jets])


class Reader(BaseReader):
    """Reads AK4 or AK8 jets."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all events of a file, chunk by chunk."""
        with open_tree(path, self.config.tree) as tree:
            tree.require(required(self.config.jets, "mass"))
            further = Further(columns_of(tree, self.config))
            for start, stop in tree.ranges(self.config.entries):
                yield NanoChunk(Span(tree, start, stop), config=self.config, further=further)


def columns_of(tree: Tree, config: Config) -> tuple[Column, ...]:
    """Return the further columns of a file.

    Raises:
        UnreadableFileError: it lacks one that is asked for by name.
    """
    known = {column.name: column for column in OF_JETS[config.jets]}
    names = config.columns or [
        name for name in known if all(one in tree for one in branches_of(name, config.jets))
    ]
    tree.require(branch for name in names for branch in branches_of(name, config.jets))
    other = partial(Column, dtype="float32", unit="as in NanoAOD", meaning="a column of NanoAOD")
    return tuple(known.get(name) or other(name, required=False) for name in names)


def branches_of(column: str, jets: str) -> tuple[str, ...]:
    """Return the branches of which a further column is made."""
    collection = COLLECTIONS[jets]
    subjet, _, name = column.partition("_")
    if subjet in SUBJETS:
        return f"{collection}_{SUBJETS[subjet]}", f"{SUBJET_COLLECTION}_{name}"
    return tuple(f"{collection}_{name}" for name in RATIOS.get(column, (column,)))


class NanoChunk(NanoJets):
    """Jets of some events."""

    has_constituents = False

    def __init__(self, span: Span, *, config: Config, further: Further) -> None:
        super().__init__(span, jets=config.jets, truth=config.truth)
        self.columns += ("mass",)
        self.further = further

    def read(self, name: str) -> Array:
        """Return one column."""
        subjet, _, of_subjet = name.partition("_")
        if subjet in SUBJETS:
            return self._of_subjet(subjet, of_subjet)
        if name in RATIOS:
            return ratio(*map(self.of_jet, RATIOS[name]))
        return super().read(name)

    def _of_subjet(self, subjet: str, name: str) -> Array:
        """Return a branch of the first or second subjets: (J,), 0 where there is none."""
        index = self.of_jet(SUBJETS[subjet]).astype(np.int64)
        subjets = self.span.ragged(f"{SUBJET_COLLECTION}_{name}")
        counts = np.repeat(np.diff(subjets.offsets), self.rows.counts)
        if (index >= counts).any():
            branch = f"{self.collection}_{SUBJETS[subjet]}"
            raise UnreadableFileError(f"{self.where}: {branch} points beyond its event")
        is_there = index >= 0
        self.odd[f"jets without {subjet}, its columns taken as 0"] = int((~is_there).sum())
        first = np.repeat(subjets.offsets[:-1], self.rows.counts)
        values = np.zeros(self.num_jets, subjets.values.dtype)
        values[is_there] = subjets.at((first + index)[is_there])
        return values
