"""Small ONNX networks, as others might make them."""

from pathlib import Path

import onnx
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

FLOAT, BOOL, INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64


def write_network(path: Path, inputs: dict, nodes: list, *, columns: int | None) -> Path:
    """Write a graph whose last node makes `output`, of so many columns.

    Args:
        path: of the file.
        inputs: type and shape by name.
        nodes: operator, inputs, output and attributes of each.
        columns: of the output; None if it has but one axis.
    """
    shape = ["jets"] if columns is None else ["jets", columns]
    graph = make_graph(
        [make_node(kind, into, [out], **attributes) for kind, into, out, attributes in nodes],
        "network",
        [make_tensor_value_info(name, *declared) for name, declared in inputs.items()],
        [make_tensor_value_info("output", FLOAT, shape)],
    )
    model = make_model(graph, opset_imports=[make_opsetid("", 12)], ir_version=8)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def write_mean_network(path: Path, *, scale: float) -> Path:
    """Write a network of constituents: the sigmoid of the scaled mean of their sums of |x|."""
    return write_network(
        path,
        {
            "constituents": (FLOAT, ["jets", "slots", 3]),
            "num_constituents": (INT64, ["jets"]),
        },
        [
            ("Abs", ["constituents"], "size", {}),
            ("ReduceSum", ["size"], "sum", {"axes": [1, 2], "keepdims": 0}),
            ("Cast", ["num_constituents"], "number", {"to": FLOAT}),
            ("Div", ["sum", "number"], "mean", {}),
            ("Constant", [], "scale", {"value_float": float(scale)}),
            ("Mul", ["mean", "scale"], "scaled", {}),
            ("Sigmoid", ["scaled"], "output", {}),
        ],
        columns=None,
    )
