"""Export: a trained tagger as one ONNX file that needs neither torch nor this package.

    session = onnxruntime.InferenceSession("model.onnx")
    logits, score = session.run(["logits", "score"], {
        "constituents": x,          # float32 (jets, slots, features), zero or anything if empty
        "num_constituents": num,    # int64 (jets)
        "features": observables,    # float32 (jets, features)
    })

Its inputs are those that the tagger reads: constituents with their number, features of the jet or
both. They are prepared jets; how to prepare them is among the metadata, which are JSON:
`tagline.inputs` has the names of the features and the statistics of the training set,
`tagline.representation` and `tagline.tagger` are entries of the catalogue, `tagline.classes` are
the classes in the order of the logits, `tagline.provenance` says how the model was made. The score
is that of the network: what a decorrelation does to scores afterwards is not in the file.
"""

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from onnxscript import ir
from torch import Tensor
from torch.export import Dim

from tagline.artefacts import provenance
from tagline.artefacts.files import whole_file, write_json
from tagline.data.inputs import Inputs, as_json
from tagline.learning import parity
from tagline.learning.delivery import load
from tagline.learning.model import load_model, objective_of
from tagline.networks.onnx_operators import OPERATORS
from tagline.networks.padded_network import PaddedNetwork
from tagline.settings.catalogue import Representation, Tagger

OUTPUTS = ("logits", "score")
AXES = {
    "constituents": ("jets", "slots"),
    "num_constituents": ("jets",),
    "features": ("jets",),
    "logits": ("jets",),
    "score": ("jets",),
}

logger = logging.getLogger(__name__)


def export(
    model_file: Path,
    prepared: Path,
    *,
    representation: Representation,
    class_names: Sequence[str],
    onnx_file: Path,
    parity_file: Path,
) -> None:
    """Write a trained tagger as ONNX, and how well it agrees with torch on validation jets.

    Raises:
        ValueError: it cannot be exported, or does not agree.
    """
    torch.set_num_threads(1)
    for exporter in ("onnx_ir", "onnxscript"):  # tells of each node
        logging.getLogger(exporter).setLevel(logging.WARNING)
    network, tagger, inputs = load_model(model_file)
    jets = load(prepared / "validation", inputs, protected=())
    try:
        model = model_of(PaddedNetwork(network, objective_of(tagger), inputs).eval(), inputs)
    except RuntimeError as error:  # of all parts of the exporter
        raise ValueError(f"{tagger.architecture!r} cannot be exported: {reason(error)}") from error
    describe(model, tagger, inputs, representation=representation, class_names=class_names)
    with whole_file(onnx_file) as unfinished:
        ir.save(model, unfinished)
        agreement = parity.compare(unfinished, network, inputs, jets)
    write_json(agreement, parity_file)
    logger.info(
        "%d nodes, %d kB, logits within %.1e of those of torch",
        len(model.graph),
        onnx_file.stat().st_size // 1000,
        agreement["largest_difference"],
    )


def reason(error: BaseException) -> str:
    """Return the first line of what was wrong at first."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0]


def model_of(network: PaddedNetwork, inputs: Inputs) -> ir.Model:
    """Return the network as a graph for any number of jets and of slots."""
    arrays = example(inputs)
    axes = {name: Dim(name) for name in ("jets", "slots")}
    shapes = {
        name: {place: axes[axis] for place, axis in enumerate(AXES[name])} for name in arrays
    }
    with torch.no_grad(), warnings.catch_warnings():
        for kind in (DeprecationWarning, FutureWarning):  # torch's exporter uses what it retires
            warnings.simplefilter("ignore", kind)
        program = torch.export.export(
            network,
            (),
            arrays,
            dynamic_shapes=shapes,
            strict=True,  # follows len() of tensors, which else is a constant
        )
        exported = torch.onnx.export(
            program,
            dynamo=True,
            verbose=False,
            output_names=OUTPUTS,
            custom_translation_table=OPERATORS,
        )
    assert exported is not None
    return cleaned(exported.model)


def example(inputs: Inputs) -> dict[str, Tensor]:
    """Return inputs of the right shapes; their values are not looked at."""
    num_jets, num_slots = 3, 4
    arrays: dict[str, Tensor] = {}
    if inputs.constituent_features:
        arrays["constituents"] = torch.ones(num_jets, num_slots, len(inputs.constituent_features))
        arrays["num_constituents"] = torch.tensor([num_slots, 2, 3])
    if inputs.jet_features:
        arrays["features"] = torch.ones(num_jets, len(inputs.jet_features))
    return arrays


def cleaned(model: ir.Model) -> ir.Model:
    """Name the axes, and drop the exporter's notes, which have paths of this machine."""
    graph = model.graph
    for value in (*graph.inputs, *graph.outputs):
        assert value.shape is not None
        for place, axis in enumerate(AXES[str(value.name)]):
            value.shape[place] = axis
    for noted in (graph, *graph.inputs, *graph.outputs, *graph.initializers.values()):
        noted.metadata_props.clear()
    for node in graph.all_nodes():
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()
    return model


def describe(
    model: ir.Model,
    tagger: Tagger,
    inputs: Inputs,
    *,
    representation: Representation,
    class_names: Sequence[str],
) -> None:
    """Write what the numbers mean into the metadata."""
    described: Mapping[str, Any] = {
        "tagger": tagger.model_dump(mode="json"),
        "inputs": as_json(inputs),
        "representation": representation.model_dump(mode="json"),
        "classes": list(class_names),
        **provenance.entry(),
    }
    for name, value in described.items():
        model.metadata_props[f"tagline.{name}"] = json.dumps(value, sort_keys=True)
    model.producer_name = "tagline"
