"""Variables of TensorFlow's GaitNN as tensors of ours: which is which, and in what layout.

Names are those of slim in the variable scopes of https://github.com/marian-margeta/gait-recognition, and of recurrent
cells as any TensorFlow 0.x or 1.x named them. Nothing here imports TensorFlow: whoever reads a checkpoint hands its
arrays over by name.

A network of two recurrent layers was built from one cell, listed twice. Up to TensorFlow 1.0 each entry got variables
of its own (``cell_0``, ``cell_1``); 1.1 refused to build it; from 1.2 on both layers share the variables of ``cell_0``,
and nothing in the checkpoint tells that from one layer: `gait_nn_tensors` has to be told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.interop.tensorflow_variables import some_names, tensor_of, training_variables
from gaitprint.models.gait_nn import EMBEDDING, FEATURES

_Unit = Literal["GRU", "LSTM"]
_Places = Iterator[tuple[str, tuple[str, tuple[int, ...]]]]

# A cell's variable in any spelling, compared in lower case and without underscores. Of a GRU's gates, TensorFlow 0.12
# wrote RNN/MultiRNNCell/Cell0/GRUCell/Gates/Linear/Matrix, 1.0 rnn/multi_rnn_cell/cell_0/gru_cell/gates/weights, and
# 1.2 .../gates/kernel; of an LSTM .../LSTMCell/W_0 and B, .../lstm_cell/weights, .../lstm_cell/kernel.
_CELL = re.compile(r"gaitnn/recurrent/rnn/multirnncell/cell(\d+)/(gru|lstm)cell/(?:(gates|candidate)/)?(.+)")
_KERNELS = ("kernel", "weights", "linear/matrix", "w0")
_BIASES = ("bias", "biases", "linear/bias", "b")
_PARTS: dict[_Unit, tuple[str, ...]] = {"GRU": ("gates", "candidate"), "LSTM": ("",)}

# What a checkpoint may hold besides what the network uses, and why it is left out.
_LEFT_OUT = {
    re.compile(r"GaitNN/DownSampling/[^/]+/Repeat(_\d+)?/.*"): "residual block whose result the network throws away",
    re.compile(r"GaitNN/Logits/.*"): "classifier of the people it was trained on, whom the checkpoint does not name",
}


@dataclass(frozen=True)
class GaitNNConversion:
    """What the variables of a GaitNN became.

    Args:
        options: of `models.gait_nn.GaitNN`, as far as the variables tell.
        tensors: its `state_dict` without a classifier, float32.
        left_out: variables that the network does not use -> why.
        one_cell: the variables have one recurrent cell, be it for one layer or for two.
        shared_cell: both recurrent layers have the values of that one cell.
    """

    options: dict[str, Any]
    tensors: dict[str, Tensor]
    left_out: dict[str, str]
    one_cell: bool
    shared_cell: bool


def gait_nn_tensors(variables: Mapping[str, NDArray[Any]], rnn_layers: int | None = None) -> GaitNNConversion:
    """Turn the variables of a checkpoint of GaitNN into a `state_dict` of our `GaitNN`.

    Args:
        variables: name -> array as TensorFlow keeps it: kernels [height, width, in, out], matrices [in, out].
        rnn_layers: 1 or 2; None takes as many as there are cells. 2 with one cell has both layers share it.

    Raises:
        IncompatibleError: a variable is missing, unknown, of a wrong shape, or has values that are not finite.
        UsageError: `rnn_layers` contradicts the number of cells.
    """
    left_out = left_out_variables(variables)
    cells = _cells(variables)
    places = dict(_places())
    recurrent = {name for cell in cells.values() for name in cell.names}
    missing = [name for name in places if name not in variables]
    unknown = [name for name in variables if name not in places and name not in recurrent and name not in left_out]
    if missing:
        raise IncompatibleError(f"lacks {some_names(missing)} of GaitNN's variables")
    if unknown:
        raise IncompatibleError(f"GaitNN has no place for {some_names(unknown)}")
    tensors = {place: _as_torch(name, variables[name], shape) for name, (place, shape) in places.items()}
    layers = _layers(cells, rnn_layers)
    for layer, cell in enumerate(layers):
        tensors |= _GATES[cell.unit](cell, variables, layer)
    unit = layers[0].unit
    return GaitNNConversion(
        options={
            "recurrent_unit": unit,
            "rnn_layers": len(layers),
            "gates": "tensorflow" if unit == "GRU" else "fused",
        },
        tensors=tensors,
        left_out=left_out,
        one_cell=len(cells) == 1,
        shared_cell=len(layers) > len(cells),
    )


def left_out_variables(names: Iterable[str]) -> dict[str, str]:
    """Return which of these variables belong to a checkpoint but not to the network, each with the reason.

    >>> left_out_variables(["GaitNN/DownSampling/4x4/Repeat/residual_block_1/Conv/biases", "GaitNN/x"]).values()
    dict_values(['residual block whose result the network throws away'])
    """
    names = list(names)
    unused = {name: why for name in names for pattern, why in _LEFT_OUT.items() if pattern.fullmatch(name)}
    return unused | training_variables(names)


@dataclass(frozen=True)
class _Cell:
    """The variables of one recurrent cell, by part: ``gates`` and ``candidate``, or ``""`` of an LSTM."""

    unit: _Unit
    kernels: dict[str, str]
    biases: dict[str, str]

    @property
    def names(self) -> list[str]:
        return [*self.kernels.values(), *self.biases.values()]


def _cells(names: Iterable[str]) -> dict[int, _Cell]:
    """Find the recurrent cells among variables: number -> cell."""
    cells: dict[int, _Cell] = {}
    for name in names:
        found = _CELL.fullmatch(name.lower().replace("_", ""))
        if found is None:
            continue
        number, kind, part, last = found.groups(default="")
        unit: _Unit = "GRU" if kind == "gru" else "LSTM"
        if part not in _PARTS[unit] or last not in (*_KERNELS, *_BIASES):
            continue
        cell = cells.setdefault(int(number), _Cell(unit, {}, {}))
        if cell.unit != unit:
            raise IncompatibleError(f"cell {number} is a GRU and an LSTM at once: '{cell.names[0]}', '{name}'")
        (cell.kernels if last in _KERNELS else cell.biases)[part] = name
    return cells


def _layers(cells: Mapping[int, _Cell], rnn_layers: int | None) -> list[_Cell]:
    """Order the cells, after a check that nothing of them is missing."""
    if not cells:
        raise IncompatibleError(
            "lacks the weights of the recurrent layers (GaitNN/Recurrent/rnn/multi_rnn_cell/cell_0/... of a GRU or an "
            "LSTM), without which there is no identification vector: the original's save() writes model variables "
            "alone, to which TensorFlow's cells do not belong; it takes a checkpoint of all variables"
        )
    for number in range(max(cells) + 1):
        if number not in cells:
            raise IncompatibleError(f"has a recurrent cell {max(cells)} but none numbered {number}")
        for part in _PARTS[cells[number].unit]:
            for kind, found in (("kernel", cells[number].kernels), ("bias", cells[number].biases)):
                if part not in found:
                    raise IncompatibleError(f"lacks the {kind} of {part or 'the LSTM'} in recurrent cell {number}")
    layers = [cells[number] for number in sorted(cells)]
    units = {cell.unit for cell in layers}
    if len(units) > 1:
        raise IncompatibleError("has a GRU in one recurrent layer and an LSTM in the other")
    if len(layers) > 2:
        raise IncompatibleError(f"has {len(layers)} recurrent layers; GaitNN has 1 or 2")
    if rnn_layers not in (None, 1, 2):
        raise UsageError(f"{rnn_layers} recurrent layers asked for; GaitNN has 1 or 2")
    if rnn_layers is None or rnn_layers == len(layers):
        return layers
    if rnn_layers < len(layers):
        raise UsageError(f"{rnn_layers} recurrent layer asked for; the checkpoint has {len(layers)}")
    return layers * 2


def _gru(cell: _Cell, variables: Mapping[str, NDArray[Any]], layer: int) -> dict[str, Tensor]:
    """TensorFlow's gates are r, u in one matrix [in + state, 2 H] and c in another [in + state, H]; ours u, r, c."""
    size = EMBEDDING
    gates, candidate = (
        _tensor(cell.kernels[part], variables[cell.kernels[part]], (2 * size, columns))
        for part, columns in (("gates", 2 * size), ("candidate", size))
    )
    gate_bias, candidate_bias = (
        _tensor(cell.biases[part], variables[cell.biases[part]], (columns,))
        for part, columns in (("gates", 2 * size), ("candidate", size))
    )
    kernel = torch.cat([gates[:, size:], gates[:, :size], candidate], dim=1)  # [in + state, 3 H]
    return {
        f"recurrent.layers.{layer}.weight_input": kernel[:size].t().contiguous(),
        f"recurrent.layers.{layer}.weight_recurrent": kernel[size:].t().contiguous(),
        f"recurrent.layers.{layer}.bias": torch.cat([gate_bias[size:], gate_bias[:size], candidate_bias]),
    }


def _lstm(cell: _Cell, variables: Mapping[str, NDArray[Any]], layer: int) -> dict[str, Tensor]:
    """TensorFlow's gates are input, candidate, forget, output, and it adds 1 to forget; torch's i, f, g, o."""
    size = EMBEDDING
    kernel = _tensor(cell.kernels[""], variables[cell.kernels[""]], (2 * size, 4 * size))
    bias = _tensor(cell.biases[""], variables[cell.biases[""]], (4 * size,))
    order = [0, 2, 1, 3]
    kernel = torch.cat([kernel.chunk(4, dim=1)[gate] for gate in order], dim=1)
    parts = [bias.chunk(4)[gate] for gate in order]
    parts[1] = parts[1] + 1
    return {
        f"recurrent.weight_ih_l{layer}": kernel[:size].t().contiguous(),
        f"recurrent.weight_hh_l{layer}": kernel[size:].t().contiguous(),
        f"recurrent.bias_ih_l{layer}": torch.cat(parts),
        # torch adds a second bias to the first.
        f"recurrent.bias_hh_l{layer}": torch.zeros(4 * size),
    }


_GATES = {"GRU": _gru, "LSTM": _lstm}


def _places() -> _Places:
    """Yield every variable before the recurrent layers: its name, the tensor that it becomes, and that one's shape."""
    scope = "GaitNN/DownSampling"
    yield from _normalised(f"{scope}/17x17/Conv", "entrance", (256, FEATURES[0], 1, 1))
    yield from _bottleneck(f"{scope}/8x8/ResidualBlock", "halve", 256, 512, inner=64)
    yield from _bottleneck(f"{scope}/4x4/ResidualBlock", "quarter", 512, 512, inner=128)
    yield from _normalised(f"{scope}/4x4/Conv", "reduce", (256, 512, 1, 1))
    yield from _normalised(f"{scope}/4x4/Conv_1", "refine", (256, 256, 3, 3))
    yield from _biased("GaitNN/FullyConnected/fully_connected", "frame_vector", (512, 5 * 5 * 256))


def _bottleneck(scope: str, place: str, channels: int, out: int, inner: int) -> _Places:
    yield from _biased(f"{scope}/Conv", f"{place}.shortcut", (out, channels, 1, 1))
    yield from _statistics(f"{scope}/BatchNorm", f"{place}.body.0", channels)
    yield from _biased(f"{scope}/Conv_1", f"{place}.body.2", (inner, channels, 1, 1))
    yield from _statistics(f"{scope}/BatchNorm_1", f"{place}.body.3", inner)
    yield from _biased(f"{scope}/Conv_2", f"{place}.body.5", (inner, inner, 3, 3))
    yield from _statistics(f"{scope}/BatchNorm_2", f"{place}.body.6", inner)
    yield from _biased(f"{scope}/Conv_3", f"{place}.body.8", (out, inner, 1, 1))


def _normalised(scope: str, place: str, shape: tuple[int, ...]) -> _Places:
    yield f"{scope}/weights", (f"{place}.convolution.weight", shape)
    yield from _statistics(f"{scope}/BatchNorm", f"{place}.normalisation", shape[0])


def _statistics(scope: str, place: str, channels: int) -> _Places:
    for name, ours in (("beta", "bias"), ("moving_mean", "running_mean"), ("moving_variance", "running_var")):
        yield f"{scope}/{name}", (f"{place}.{ours}", (channels,))


def _biased(scope: str, place: str, shape: tuple[int, ...]) -> _Places:
    yield f"{scope}/weights", (f"{place}.weight", shape)
    yield f"{scope}/biases", (f"{place}.bias", shape[:1])


def _as_torch(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> Tensor:
    """[height, width, in, out] -> [out, in, height, width], and [in, out] -> [out, in]; `shape` is the latter."""
    if len(shape) == 4:
        out, channels, height, width = shape
        return _tensor(name, values, (height, width, channels, out)).permute(3, 2, 0, 1).contiguous()
    return _tensor(name, values, shape[::-1]).t().contiguous()


def _tensor(name: str, values: NDArray[Any], shape: tuple[int, ...]) -> Tensor:
    return tensor_of(name, values, shape, "GaitNN")
