"""Operators of PyTorch that its exporter has no ONNX for, spelled out in those of ONNX.

A translation takes what the operator takes and builds the nodes of the graph; `onnx_translations` hands them to
`torch.onnx.export`. Only an export imports this module: it needs onnxscript.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from onnxscript import opset20 as op

# Register the operators that are translated below.
import gaitprint.interop.onnx_recurrent
import gaitprint.models.tensorflow_gru  # noqa: F401

# Of ONNX's table of element types.
_FLOAT, _DOUBLE = 1, 11


def onnx_translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """Return the translations, ``operator -> function``."""
    return {
        torch.ops.aten.hypot.default: hypot,
        torch.ops.aten.linalg_solve.default: linalg_solve,
        torch.ops.gaitprint.recurrent_layer.default: recurrent_layer,
        torch.ops.gaitprint.tensorflow_gru.default: tensorflow_gru,
    }


def hypot(first: Any, second: Any) -> Any:
    """Root of the sum of squares of two tensors [...]."""
    return op.Sqrt(op.Add(op.Mul(first, first), op.Mul(second, second)))


def linalg_solve(matrix: Any, right: Any, left: bool = True) -> Any:
    """Solve ``matrix @ result = right``: float32 [..., N, N] and [..., N, M] -> [..., N, M]; N is fixed in the graph.

    Gauss and Jordan's elimination with partial pivoting, in double precision. Rows stay where they are; a pivot is
    sought among those that were none yet, and in the end the rows are put into the pivots' order.
    """
    if not left:
        raise NotImplementedError("only left=True is translated")
    size = int(matrix.shape[-1])
    places, axis, before_last = (op.Constant(value_ints=value) for value in (list(range(size)), [-1], [-2]))
    least = op.Cast(op.Constant(value_float=-1.0), to=_DOUBLE)
    rows = op.Cast(op.Concat(matrix, right, axis=-1), to=_DOUBLE)  # [..., N, N + M]
    pivots: list[Any] = []  # one-hot, each [..., 1, N]
    taken = None  # rows that have been pivots, bool [..., N]
    for k in range(size):
        number = op.Constant(value_ints=[k])
        column = op.Gather(rows, number, axis=-1)  # [..., N, 1]
        weights = op.Squeeze(op.Abs(column), axis)  # [..., N]
        if taken is not None:
            weights = op.Where(taken, least, weights)
        best = op.Equal(places, op.ArgMax(weights, axis=-1, keepdims=1))  # [..., N]
        taken = best if taken is None else op.Or(taken, best)
        one_hot = op.Cast(best, to=_DOUBLE)
        pivots.append(op.Unsqueeze(one_hot, before_last))
        row = op.MatMul(pivots[-1], rows)  # [..., 1, N + M]
        row = op.Div(row, op.Gather(row, number, axis=-1))
        # The pivot's own row loses all but what makes it `row`.
        rows = op.Sub(rows, op.MatMul(op.Sub(column, op.Unsqueeze(one_hot, axis)), row))
    solution = op.MatMul(op.Concat(*pivots, axis=-2), rows)  # [..., N, N + M]
    start, end = (op.Constant(value_ints=[value]) for value in (size, 2**31 - 1))
    return op.Cast(op.Slice(solution, start, end, axis), to=_FLOAT)


def tensorflow_gru(inputs: Any, weight_input: Any, weight_recurrent: Any, bias: Any) -> Any:
    """One layer of `models.tensorflow_gru`: [B, T, I], [3 H, I], [3 H, H], [3 H] -> [B, T, H].

    ONNX's own GRU applies the reset gate before the product, too, and has the gates in the same order.
    """
    size = int(weight_recurrent.shape[-1])
    first, direction = op.Constant(value_ints=[0]), op.Constant(value_ints=[1])
    recurrent_bias = op.Constant(value_floats=[0.0] * (3 * size))
    states, _ = op.GRU(
        op.Transpose(inputs, perm=[1, 0, 2]),  # [T, B, I]
        op.Unsqueeze(weight_input, first),
        op.Unsqueeze(weight_recurrent, first),
        op.Unsqueeze(op.Concat(bias, recurrent_bias, axis=0), first),
        hidden_size=size,
        linear_before_reset=0,
    )  # [T, 1, B, H]
    return op.Transpose(op.Squeeze(states, direction), perm=[1, 0, 2])


def recurrent_layer(inputs: Any, weight_input: Any, weight_recurrent: Any, bias: Any) -> tuple[Any, Any, Any]:
    """One layer of `interop.onnx_recurrent`: a GRU where a state has three gates, an LSTM where it has four."""
    directions, rows, size = (int(length) for length in weight_recurrent.shape)
    options = {"hidden_size": size, "direction": "bidirectional" if directions == 2 else "forward"}
    frames = op.Transpose(inputs, perm=[1, 0, 2])  # [T, B, I]
    if rows == 3 * size:
        states, last = op.GRU(frames, weight_input, weight_recurrent, bias, linear_before_reset=1, **options)
        cells = op.Mul(last, op.Constant(value_float=0.0))
    else:
        states, last, cells = op.LSTM(frames, weight_input, weight_recurrent, bias, **options)
    # [T, D, B, H] -> [B, T, D, H] -> [B, T, D H]
    states = op.Reshape(op.Transpose(states, perm=[2, 0, 1, 3]), op.Constant(value_ints=[0, 0, directions * size]))
    return states, last, cells
