"""Trees, HDF5 arrays and Parquet tables that the configuration describes, branch by branch.

An entry is a jet, or an event whose branches hold lists over its jets. ROOT files may be TTrees or
RNTuples with numbers, lists, vectors or fixed arrays, and may have friends; tar archives are read
as they are. In HDF5 a branch is an array, or a field of records: `jets/pt`. Where jets have no
constituents, the key is left out, and `mass` is a branch beside pt, eta and phi.

Example:
    my_jets:
      reader: flat
      files: ["ntuples/*.root"]
      select: pt > 25 and abs(eta) < 2.5
      options:
        tree: tree
        jets:
          pt: {branch: jet_pt, scale: 0.001}  # MeV
          eta: jet_eta
          phi: jet_phi
          jet_mass: {branch: jet_M, scale: 0.001, unit: GeV, meaning: as calibrated}
        truth: {branch: jet_flav, codes: {0: light_quark, 4: charm, 5: bottom}}
        constituents:
          columns:
            pt: {branch: trk_pt, scale: 0.001}
            eta: trk_eta
            phi: trk_phi
            charge: trk_charge
            d0: {branch: trk_d0, scale: 0.1, missing: [-999]}  # mm
            hits: {branch: trk_hits, dtype: int8, meaning: hits in the pixels}
        tables:
          vertices: {columns: {mass: {branch: sv_m, scale: 0.001, unit: GeV}}, count: n_sv}
"""

from collections.abc import Iterator, Mapping
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from tagline.data.columns import (
    CONSTITUENT_COLUMNS,
    EVENT_COLUMNS,
    JET_COLUMNS,
    TRUTH,
    Further,
    Table,
)
from tagline.data.event_ids import event_ids
from tagline.data.jets import Columns, particles_of
from tagline.datasets import Array, BaseReader, Chunk, Rows, UnreadableFileError
from tagline.observables.momenta import CARTESIAN, POLAR, SCALES, cartesian
from tagline.reading.event_places import EventPlaces
from tagline.reading.flat_branches import (
    Branch,
    Constituents,
    Lists,
    Truth,
    described,
    own_columns,
)
from tagline.reading.jet_rows import EventRows, JetRows
from tagline.reading.lists import AnyRagged
from tagline.reading.sources import leading, open_sources, trimmed
from tagline.reading.trees import Span, Tree
from tagline.settings.options import ReaderOptions
from tagline.settings.strict import Name, did_you_mean

JET_NAMES = {column.name for column in JET_COLUMNS}
CONSTITUENT_NAMES = {column.name for column in CONSTITUENT_COLUMNS}
IMPLIED = (*EVENT_COLUMNS, "jet_index", "weight", "truth")
LAST_PLACE = np.iinfo(np.uint16).max  # of a jet in its event, as `jet_index` is declared


class Config(ReaderOptions):
    """Which branches hold what."""

    tree: str = Field("tree", description="TTree or RNTuple; in HDF5 the group, `/` for all")
    friends: tuple[str, ...] = Field(
        (),
        description="other trees of the same entries, or `FILE:TREE`, where `{folder}` and "
        "`{stem}` in FILE are those of the file that is read",
    )
    entry: Literal["jet", "event"] = Field(
        "jet", description="`event`: branches are lists over jets, those of lists lists of lists"
    )
    jets: dict[Name, Branch | str] = Field(
        {"pt": "jet_pt", "eta": "jet_eta", "phi": "jet_phi", "mass": "jet_mass"},
        description="pt, eta, phi, mass where there are no constituents, other columns of jets, "
        "and columns of one's own; where there is `event` and no `jet_index`, jets of an event "
        "are in the order of the file",
    )
    truth: Truth | str = Field(
        "unknown",
        description="a name of TRUTH for all jets, or `Truth` with branch and codes, or flags",
    )
    constituents: Constituents | None = Field(None, description="none: jets have none")
    tables: dict[Name, Lists] = Field(
        default_factory=dict, description="further lists, such as tracks or vertices"
    )
    entries: int = Field(20_000, gt=0, description="entries that are read at once, at least")

    @property
    def has_constituents(self) -> bool:
        """Whether they are described."""
        return self.constituents is not None

    @property
    def further_jet_columns(self) -> tuple[str, ...]:
        """Columns of one's own, and the lengths of the tables."""
        return (*self.jets, *(f"num_{table}" for table in self.tables))

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not {"pt", "eta", "phi"} <= self.jets.keys():
            raise ValueError(f"jets: pt, eta and phi are needed, found {list(self.jets)}")
        if not self.constituents and "mass" not in self.jets:
            raise ValueError("jets: mass is needed where there are no `constituents`")
        made = ["truth", *(f"num_{name}" for name in ("constituents", *self.tables))]
        for name in ["mass", *made] if self.constituents else made:
            if name in self.jets:
                raise ValueError(f"jets: {name!r} is made otherwise; call the branch another name")
        for name in ("jets", "constituents"):
            if name in self.tables:
                raise ValueError(f"tables: {name!r} is another table already")
        return self

    @model_validator(mode="after")
    def _truth_is_known(self) -> Self:
        names = [self.truth]
        if isinstance(self.truth, Truth):
            names = [*self.truth.codes.values(), *self.truth.flags]
        for name in names:
            if name not in TRUTH:
                raise ValueError(f"unknown truth {name!r}: {did_you_mean(str(name), list(TRUTH))}")
        return self


class Reader(BaseReader):
    """Reads what its configuration describes."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.further = further_of(config)

    def read(self, path: str) -> Iterator[Chunk]:
        """Yield all jets of a file, chunk by chunk."""
        for tree in open_sources(path, self.config.tree, friends=self.config.friends):
            tree.require(branches_of(self.config))
            places = EventPlaces()
            for start, stop in tree.ranges(self.config.entries):
                chunk = FlatChunk(self._rows(tree, start, stop), reader=self, path=tree.path)
                if self._numbers_events_alone:
                    chunk.find_places(places)
                yield chunk

    @property
    def _numbers_events_alone(self) -> bool:
        given = self.config.jets
        return self.config.entry == "jet" and "event" in given and "jet_index" not in given

    def _rows(self, tree: Tree, start: int, stop: int) -> JetRows:
        span = Span(tree, start, stop)
        if self.config.entry == "jet":
            return JetRows(span)
        return EventRows(span, jets=described(self.config.jets["pt"]).branch)


class FlatChunk(Chunk):
    """Jets of some entries."""

    def __init__(self, rows: JetRows, *, reader: Reader, path: str) -> None:
        super().__init__(rows.where, num_events=rows.num_events)
        self.rows, self.config, self.path = rows, reader.config, path
        self.num_jets, self.further = rows.num_jets, reader.further
        self.has_constituents = reader.config.has_constituents
        given = [name for name in self.config.jets if name in JET_NAMES]
        self.columns = tuple(dict.fromkeys((*IMPLIED, *given)))
        self._cleaned: dict[Branch, Array] = {}
        self._places: Rows | None = None

    def find_places(self, places: EventPlaces) -> None:
        """Tell jets of an event apart, of which the chunks before this one may have some."""
        with np.errstate(invalid="ignore"):  # jets of which the event is a NaN are cut later
            ids = event_ids("", {name: self.read(name) for name in EVENT_COLUMNS})
        self._places = places.of(ids)
        if self._places.max(initial=0) > LAST_PLACE:
            raise UnreadableFileError(
                f"{self.where}, branch {described(self.config.jets['event']).branch!r}: more than "
                f"{LAST_PLACE + 1} jets have the same number, so that it is not that of an event"
            )

    def read(self, name: str) -> Array:
        """Return one column."""
        if name in self.config.jets:
            branch = described(self.config.jets[name])
            return self._clean(branch, self.rows.flat(branch.branch))
        if name == "truth":
            return self._truth()
        if name == "jet_index" and self._places is not None:
            return self._places
        return np.ones(self.num_jets) if name == "weight" else self.rows.ids(self.path)[name]

    def constituents(self, rows: Rows) -> tuple[Rows, Columns]:
        """Return momenta, and what else is described."""
        assert self.config.constituents
        counts, given = self._lists(self.config.constituents, rows)
        return counts, given | cartesian(given)

    def table(self, table: Table, rows: Rows) -> tuple[Rows, Columns]:
        """Return one of the further tables."""
        return self._lists(self.config.tables[table.name], rows)

    def _lists(self, lists: Lists, rows: Rows) -> tuple[Rows, Columns]:
        branches = {name: described(entry) for name, entry in lists.columns.items()}
        found = {name: self._filled(branch.branch, lists) for name, branch in branches.items()}
        self._require_alike({branches[name].branch: lists for name, lists in found.items()})
        offsets = next(iter(found.values())).offsets
        chosen = particles_of(rows, offsets=offsets)
        return np.diff(offsets)[rows], {
            name: self._clean(branch, found[name].values)[chosen]
            for name, branch in branches.items()
        }

    def _filled(self, branch: str, lists: Lists) -> AnyRagged:
        """Return the lists of a branch without empty slots."""
        found = self.rows.lists(branch)
        filled = []
        if lists.count:
            filled.append(leading(found.offsets, self.rows.flat(lists.count)))
        if lists.valid:
            valid = self.rows.lists(lists.valid)
            self._require_alike({lists.valid: valid, branch: found})
            filled.append(valid.values.astype(bool))
        return trimmed(found, np.logical_and.reduce(filled)) if filled else found

    def _require_alike(self, lists: Mapping[str, AnyRagged]) -> None:
        """Raise UnreadableFileError if the lists of some branches differ in length."""
        first = next(iter(lists))
        for branch in lists:
            if not np.array_equal(lists[branch].offsets, lists[first].offsets):
                raise UnreadableFileError(
                    f"{self.where}: lists {first!r} and {branch!r} have different lengths"
                )

    def _clean(self, branch: Branch, values: Array) -> Array:
        """Return values in the declared units, without those that stand for nothing."""
        if branch not in self._cleaned:
            scale = np.result_type(values, np.float32).type(branch.scale)
            scaled = values * scale if branch.scale != 1 else values
            compared_as = values.dtype if values.dtype.kind == "f" else np.float64
            is_missing = np.isin(values, np.asarray(branch.missing, compared_as))
            if branch.nan_is_missing:
                is_missing |= np.isnan(values)
            if is_missing.any():
                what = f"values of {branch.branch!r} that stand for nothing"
                self.odd[f"{what}, taken as {branch.instead:g}"] += int(is_missing.sum())
                scaled = np.where(is_missing, branch.instead, scaled)
            self._cleaned[branch] = scaled
        return self._cleaned[branch]

    def _truth(self) -> Array:
        truth = self.config.truth
        if isinstance(truth, str):
            return np.full(self.num_jets, TRUTH[truth])
        codes = np.zeros(self.num_jets, np.int8)
        for name, flag in truth.flags.items():
            codes[self.rows.flat(flag) != 0] = TRUTH[name]
        for value, name in truth.codes.items():
            codes[self.rows.flat(truth.branch) == value] = TRUTH[name]
        self.odd["jets without a known truth"] = int((codes == 0).sum())
        return codes


def lists_of(config: Config) -> list[Lists]:
    """List the constituents, if there are any, and further tables."""
    constituents = [config.constituents] if config.constituents else []
    return [*constituents, *config.tables.values()]


def branches_of(config: Config) -> list[str]:
    """List all branches that a configuration names, each once."""
    lists = lists_of(config)
    columns = [config.jets, *(each.columns for each in lists)]
    named = [described(entry).branch for each in columns for entry in each.values()]
    named += [branch for each in lists for branch in (each.count, each.valid) if branch]
    if isinstance(config.truth, Truth):
        named += [config.truth.branch] if config.truth.branch else []
        named += config.truth.flags.values()
    return list(dict.fromkeys(named))


def further_of(config: Config) -> Further:
    """Return the columns and tables of one's own."""
    constituents = config.constituents.columns if config.constituents else {}
    return Further(
        jets=own_columns(config.jets, JET_NAMES),
        constituents=own_columns(constituents, {*CONSTITUENT_NAMES, *CARTESIAN, *POLAR, *SCALES}),
        tables=tuple(
            Table(name, own_columns(lists.columns, set())) for name, lists in config.tables.items()
        ),
    )
