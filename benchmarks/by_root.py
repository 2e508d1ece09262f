"""JetClass files as ROOT writes them: vectors without a counter, one cluster for many baskets."""

import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import awkward as ak
import numpy as np

from tagline.jets import Jets
from tests.toys import jetclass_branches

WRITER = """
#include <TFile.h>
#include <TTree.h>
#include <vector>
struct JetClassWriter {
  TFile file;
  TTree tree;
  std::vector<std::vector<float>> lists;
  std::vector<std::vector<int>> flags;
  std::vector<float> numbers;
  JetClassWriter(const char* path, int packing)
    : file(path, "RECREATE", "", packing), tree("tree", "tree"),
      lists(32), flags(32), numbers(64) {}
  void list(int i, const char* name) { tree.Branch(name, &lists[i]); }
  void flag(int i, const char* name) { tree.Branch(name, &flags[i]); }
  void number(int i, const char* name) { tree.Branch(name, &numbers[i]); }
  void fill(long jets, const int* counts, int n_lists, const float* all_lists, int n_flags,
            const int* all_flags, int n_numbers, const float* all_numbers, long particles) {
    for (long jet = 0, first = 0; jet < jets; first += counts[jet++]) {
      for (int i = 0; i < n_lists; ++i) {
        const float* begin = all_lists + i * particles + first;
        lists[i].assign(begin, begin + counts[jet]);
      }
      for (int i = 0; i < n_flags; ++i) {
        const int* begin = all_flags + i * particles + first;
        flags[i].assign(begin, begin + counts[jet]);
      }
      for (int i = 0; i < n_numbers; ++i) numbers[i] = all_numbers[i * jets + jet];
      tree.Fill();
    }
    tree.Write();
  }
};
"""


def root() -> ModuleType:
    """Return ROOT, which knows the writer above from now on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ROOT
    if not hasattr(ROOT, "JetClassWriter"):
        ROOT.gInterpreter.Declare(WRITER)
    return ROOT


def write_jetclass(path: Path, jets: Jets, *, packing: int) -> None:
    """Write jets, packed in a way that ROOT knows by its number: 101 is its default, zlib."""
    branches = jetclass_branches(jets)
    particles: Any = branches.pop("part")
    lists = {name: np.asarray(ak.flatten(particles[name])) for name in particles.fields}
    flags = {name: lists.pop(name) for name in list(lists) if name.startswith("is")}
    writer = root().JetClassWriter(str(path), packing)
    for kind, names in (("list", lists), ("flag", flags), ("number", branches)):
        for place, name in enumerate(names):
            branch = name if kind == "number" else f"part_{name}"
            getattr(writer, kind)(place, branch)
    writer.fill(
        len(jets),
        np.asarray(jets.jets["num_constituents"], np.int32),
        len(lists),
        np.stack([*lists.values()]).astype(np.float32),
        len(flags),
        np.stack([*flags.values()]).astype(np.int32),
        len(branches),
        np.stack([np.asarray(column) for column in branches.values()]).astype(np.float32),
        int(jets.offsets[-1]),
    )
    writer.file.Close()
