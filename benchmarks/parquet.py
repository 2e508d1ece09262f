"""Reading the skim's flat Parquet tables against lists as `ak.to_parquet` writes them."""

import tempfile
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.racing import race, verdict
from tagline.data.jets import Columns, Jets, read_jets, write_jets
from tests.toys import ragged, toy_jets

NUM_JETS = 60_000
GOAL = 5.0
OFFSETS = "offsets"


def write_lists(path: Path, jets: Jets) -> None:
    """Write one table with a list of constituents a jet, as awkward does unless told otherwise."""
    columns = {name: ragged(column, jets.offsets) for name, column in jets.constituents.items()}
    ak.to_parquet(ak.zip(jets.jets | columns, depth_limit=1), str(path))


def read_flat(folder: Path) -> Columns:
    """Return all columns and the offsets from flat tables."""
    jets = read_jets(folder)
    return jets.jets | jets.constituents | {OFFSETS: jets.offsets}


def read_lists_with_arrow(path: Path) -> Columns:
    """Return the same from lists by pyarrow alone."""
    columns = {}
    table = pq.read_table(path)
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_large_list(column.type) or pa.types.is_list(column.type):
            columns[OFFSETS] = column.offsets.to_numpy()
            column = column.flatten()
        columns[name] = column.to_numpy()
    return columns


def read_lists_with_awkward(path: Path) -> Columns:
    """Return the same from lists by awkward."""
    columns = {}
    table = ak.from_parquet(str(path))
    for name in table.fields:
        column = table[name]
        if column.ndim > 1:
            columns[OFFSETS] = np.append(0, np.cumsum(ak.num(column)))
            column = ak.flatten(column)
        columns[name] = ak.to_numpy(column)
    return columns


def check_equal(found: Columns, expected: Columns) -> None:
    """Compare all columns and the offsets."""
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column, err_msg=name)


def main() -> None:
    """Race the layouts."""
    jets = toy_jets(NUM_JETS, seed=1)
    with tempfile.TemporaryDirectory() as name:
        folder, lists = Path(name), Path(name) / "lists"
        write_jets(jets, folder, provenance={})
        write_lists(lists, jets)
        contenders = {
            "flat": lambda: read_flat(folder),
            "lists by pyarrow": lambda: read_lists_with_arrow(lists),
            "lists by awkward": lambda: read_lists_with_awkward(lists),
        }
        expected = jets.jets | jets.constituents | {OFFSETS: jets.offsets}
        for read in contenders.values():
            check_equal(read(), expected)
        seconds = race(contenders, rounds=9)
    for rival in list(contenders)[1:]:
        title = f"read {NUM_JETS} jets from flat Parquet"
        print(verdict(title, seconds, ours="flat", rival=rival, goal=GOAL))
    print({name: round(value, 4) for name, value in seconds.items()})


if __name__ == "__main__":
    main()
