"""Records of made-up jobs, and one small artefact of every kind that carries one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from onnxscript import ir

from tagline import figures
from tagline.artefacts.files import whole_file, write_json, write_text
from tagline.artefacts.provenance import Provenance
from tagline.data.inputs import Inputs
from tagline.data.jets import Jets, write_columns
from tagline.export import describe
from tagline.generate.write import write_root
from tagline.learning.model import build, save_model
from tests.tasks import representations, taggers
from tests.toys import toy_jets


def toy_record(**changes) -> Provenance:
    """Return a record with characters that some format has to escape."""
    values = {
        "rule": "train",
        "wildcards": {"tagger": "pfn", "seed": "1"},
        "config": "c0ff1c",
        "code": "c0de",
        "inputs": {"data/(odd) --> näme\\.root": "sha256:00", "root://far/b.root": "remote"},
        "commit": "0" * 40,
        "dirty": True,
        "versions": {"numpy": "2.1", "python": "3.11"},
    }
    return Provenance(**(values | changes))


def _save_model(path: Path) -> None:
    tagger, inputs = taggers()["nsubjettiness_6"], Inputs(jet_features=("tau_1",))
    weights = {
        name: torch.zeros_like(tensor)
        for name, tensor in build(tagger, inputs).state_dict().items()
    }
    save_model(path, weights=weights, tagger=tagger, inputs=inputs)


def _save_onnx(path: Path) -> None:
    model = ir.Model(ir.Graph([], [], nodes=[], opset_imports={"": 20}), ir_version=10)
    describe(
        model,
        taggers()["pfn"],
        Inputs(),
        representation=representations()["pfn_cloud"],
        class_names=("qcd", "top"),
    )
    with whole_file(path) as unfinished:
        ir.save(model, unfinished)


def _save_root(path: Path) -> None:
    jets = toy_jets(5, seed=1)
    write_root(
        Jets(jets.jets | {"energy": 2 * jets.jets["pt"]}, jets.constituents),
        path,
        part=1,
        cross_section=1.0,
    )


def _save_figure(path: Path) -> None:
    figure = Figure()
    figure.subplots().plot([0, 1])
    figures.save(figure, png=path.with_suffix(".png"), pdf=path.with_suffix(".pdf"))


WRITERS: dict[str, Callable[[Path], None]] = {
    ".json": lambda path: write_json({"answer": 42}, path),
    ".md": lambda path: write_text("# Title\n", path),
    ".onnx": _save_onnx,
    ".parquet": lambda path: write_columns({"pt": np.ones(3)}, path, provenance={}),
    ".pdf": _save_figure,
    ".png": _save_figure,
    ".pt": _save_model,
    ".root": _save_root,
    ".tex": lambda path: write_text("% Title\n", path),
}
