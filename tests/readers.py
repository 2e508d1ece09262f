"""Reading files by a reader, as the skim does, and comparing jets."""

import numpy as np

from tagline.data.columns import JET_COLUMNS
from tagline.data.jets import concatenate, tables_of
from tagline.reading.trees import Span, Tree
from tagline.settings import plugins


def reader(name, **options):
    plugin = plugins.load("datasets", name)
    return plugin.Reader(plugin.Config(**options))


def read(name, path, **options):
    chunks = reader(name, **options).read(str(path))
    jets = concatenate([chunk.take(np.arange(chunk.num_jets)) for chunk in chunks])
    assert_as_told(jets, told=plugins.config_of("datasets", name)(**options))
    return jets


def assert_as_told(jets, *, told):
    """Check that jets are as their configuration says before it reads a file."""
    common = {column.name for column in JET_COLUMNS}
    assert set(jets.jets) <= common | set(told.further_jet_columns)
    assert bool(jets.constituents) == told.has_constituents


def branches_read(monkeypatch):
    """Return a list that gets the first entry and the branch of whatever is read from now on."""
    asked = []
    array, plain = Span.array, Tree.plain

    def by_uproot(span, branch):
        asked.append((span.start, branch))
        return array(span, branch)

    def the_short_way(tree, branch, start, stop):
        found = plain(tree, branch, start, stop)
        if found is not None:
            asked.append((start, branch))
        return found

    monkeypatch.setattr(Span, "array", by_uproot)
    monkeypatch.setattr(Tree, "plain", the_short_way)
    return asked


def assert_same(jets, expected, *, rtol=0.0):
    tables, expected_tables = tables_of(jets), tables_of(expected)
    assert set(tables) == set(expected_tables)
    for table, columns in tables.items():
        others = expected_tables[table]
        assert set(columns) == set(others)
        for name in columns:
            assert columns[name].dtype == others[name].dtype, name
            np.testing.assert_allclose(
                columns[name], others[name], rtol=rtol, atol=rtol, err_msg=name
            )
