"""Operators of torch in terms of ONNX, where ONNX, its exporter or its runtime has none.

Where digits would be lost, they are kept by float64.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from onnx import TensorProto
from onnxscript import opset18 as op

Value = Any  # of the graph that is written


def hypot(x: Value, y: Value) -> Value:
    """Return sqrt(x^2 + y^2)."""
    return _like(op.Sqrt(op.Add(_square(_wide(x)), _square(_wide(y)))), x)


def asinh(x: Value) -> Value:
    """Return sgn(x) log(|x| + sqrt(x^2 + 1)), which the runtime has for float32 alone."""
    wide = _wide(x)
    size = op.Abs(wide)
    root = op.Sqrt(op.Add(_square(size), _constant(1.0, size)))
    return _like(op.Mul(op.Sign(wide), op.Log(op.Add(size, root))), x)


def atan2(y: Value, x: Value) -> Value:
    """Return the angle of (x, y), from the arc tangent that the runtime has for float32 alone."""
    zero, pi = _constant(0.0, x), _constant(math.pi, x)
    angle = _like(op.Atan(op.Cast(op.Div(y, x), to=TensorProto.FLOAT)), x)
    behind = op.Where(op.Less(y, zero), op.Sub(angle, pi), op.Add(angle, pi))
    angle = op.Where(op.Less(x, zero), behind, angle)
    return op.Where(op.IsNaN(angle), zero, angle)


def expm1(x: Value) -> Value:
    """Return exp(x) - 1."""
    wide = _wide(x)
    return _like(op.Sub(op.Exp(wide), _constant(1.0, wide)), x)


def log1p(x: Value) -> Value:
    """Return log(1 + x)."""
    wide = _wide(x)
    return _like(op.Log(op.Add(wide, _constant(1.0, wide))), x)


def cdist(x_BND: Value, y_BMD: Value, p: float = 2.0, compute_mode: int | None = None) -> Value:
    """Return distances of all pairs of rows, from products in float64 instead of differences."""
    del compute_mode
    if p != 2.0:
        raise ValueError(f"torch.cdist is exported with p = 2 (Euclidean) alone, found p = {p:g}")
    x_BND_, y_BDM = _wide(x_BND), op.Transpose(_wide(y_BMD), perm=[0, 2, 1])
    squares_BNM = op.Add(
        op.ReduceSum(_square(x_BND_), [-1], keepdims=1),
        op.ReduceSum(_square(y_BDM), [1], keepdims=1),
    )
    product_BNM = op.MatMul(x_BND_, y_BDM)
    distance2_BNM = op.Sub(squares_BNM, op.Add(product_BNM, product_BNM))
    return _like(op.Sqrt(op.Max(distance2_BNM, _constant(0.0, distance2_BNM))), x_BND)


def _wide(x: Value) -> Value:
    return op.Cast(x, to=TensorProto.DOUBLE)


def _like(result: Value, x: Value) -> Value:
    return op.CastLike(result, x)


def _constant(value: float, x: Value) -> Value:
    return op.CastLike(op.Constant(value_float=value), x)


def _square(x: Value) -> Value:
    return op.Mul(x, x)


ATEN = torch.ops.aten
OPERATORS: dict[Callable[..., Any], Callable[..., Any]] = {
    ATEN.hypot.default: hypot,
    ATEN.asinh.default: asinh,
    ATEN.atan2.default: atan2,
    ATEN.expm1.default: expm1,
    ATEN.log1p.default: log1p,
    ATEN.cdist.default: cdist,
    ATEN._cdist_forward.default: cdist,
}
