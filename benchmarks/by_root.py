"""Files as ROOT writes them: lists are vectors without a counter, a branch has many baskets."""

import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import awkward as ak
import numpy as np

Branches = dict[str, object]

WRITER = """
#include <TFile.h>
#include <TTree.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>
struct VectorWriter {
  TFile file;
  TTree* tree;
  std::vector<std::function<void(long)>> fills;
  VectorWriter(const char* path, const char* folder, const char* name, int packing)
    : file(path, "RECREATE", "", packing) {
    if (*folder) file.mkdir(folder)->cd();
    tree = new TTree(name, name);
  }
  template <class T> void number(const char* name, const T* values) {
    auto value = std::make_shared<T>();
    tree->Branch(name, value.get());
    fills.push_back([=](long entry) { *value = values[entry]; });
  }
  template <class T> void list(const char* name, const T* values, const long* offsets) {
    auto list = std::make_shared<std::vector<T>>();
    tree->Branch(name, list.get());
    fills.push_back([=](long entry) {
      list->assign(values + offsets[entry], values + offsets[entry + 1]);
    });
  }
  void write(long entries) {
    for (long entry = 0; entry < entries; ++entry) {
      for (auto& fill : fills) fill(entry);
      tree->Fill();
    }
    tree->GetDirectory()->cd();
    tree->Write();
    file.Close();
  }
};
"""


def root() -> ModuleType:
    """Return ROOT, which knows the writer above from now on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ROOT
    if not hasattr(ROOT, "VectorWriter"):
        ROOT.gInterpreter.Declare(WRITER)
    return ROOT


def write_by_root(path: Path, tree: str, branches: Branches, *, packing: int = 101) -> None:
    """Write numbers and lists, single or in records, by a process of its own.

    Args:
        path: of the file.
        tree: its name, perhaps in a folder of the file.
        branches: numpy arrays or awkward ones.
        packing: a number that ROOT knows; its default is zlib.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(_write, path, tree, branches, packing).result()


def _write(path: Path, tree: str, branches: Branches, packing: int) -> None:
    folder, _, name = tree.rpartition("/")
    writer = root().VectorWriter(str(path), folder, name, packing)
    kept = []  # since the writer has pointers to it
    for branch, array in single(branches):
        if isinstance(array, ak.Array):
            offsets = np.append(0, np.cumsum(np.asarray(ak.num(array))))
            kept += [offsets, values := of_root(ak.flatten(array))]
            writer.list[kind_of(values)](branch, values, offsets)
        else:
            kept.append(values := of_root(array))
            writer.number[kind_of(values)](branch, values)
    writer.write(len(array))


def single(branches: Branches) -> Iterator[tuple[str, object]]:
    """Yield branches one by one, also those of records."""
    for name, array in branches.items():
        if isinstance(array, ak.Array) and array.fields:
            yield from ((f"{name}_{field}", array[field]) for field in array.fields)
        else:
            yield name, array


def of_root(array: object) -> np.ndarray:
    """Return numbers as float or int."""
    values = np.asarray(array)
    return np.ascontiguousarray(values, np.float32 if values.dtype.kind == "f" else np.int32)


def kind_of(values: np.ndarray) -> str:
    """Return what C++ calls the numbers."""
    return "float" if values.dtype.kind == "f" else "int"
