"""A GaitNN as TensorFlow keeps it, without TensorFlow: its variables, and what they compute."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float32]
Variables = dict[str, Array]

# scope -> inner channels of a residual block whose result is thrown away, and of its input.
_DEAD = {
    **{f"17x17/Repeat/residual_block_{n}": (64, 256) for n in (1, 2, 3)},
    **{f"8x8/Repeat/residual_block_{n}": (128, 512) for n in (1, 2)},
    "4x4/Repeat/residual_block_1": (256, 512),
}
_FORMS = {
    # as TensorFlow 1.2 and newer, 1.0, and 0.12 name the parts of a cell
    "1.2": (
        "rnn/multi_rnn_cell/cell_{}/",
        "gru_cell/{}/kernel",
        "gru_cell/{}/bias",
        "lstm_cell/kernel",
        "lstm_cell/bias",
    ),
    "1.0": (
        *("rnn/multi_rnn_cell/cell_{}/", "gru_cell/{}/weights", "gru_cell/{}/biases"),
        *("lstm_cell/weights", "lstm_cell/biases"),
    ),
    "0.12": (
        *("RNN/MultiRNNCell/Cell{}/", "GRUCell/{}/Linear/Matrix", "GRUCell/{}/Linear/Bias"),
        *("LSTMCell/W_0", "LSTMCell/B"),
    ),
}


def _normalised(scope: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{scope}/{name}": (channels,) for name in ("beta", "moving_mean", "moving_variance")}


def _block(scope: str, channels: int, inner: int, out: int, *, halves: bool) -> dict[str, tuple[int, ...]]:
    layers = [(1, channels, inner), (3, inner, inner), (1, inner, out)]
    names = ["Conv", "Conv_1", "Conv_2"]
    shapes: dict[str, tuple[int, ...]] = {}
    if halves:
        layers, names = [(1, channels, out), *layers], [*names, "Conv_3"]
    for name, (size, before, after) in zip(names, layers, strict=True):
        shapes |= {f"{scope}/{name}/weights": (size, size, before, after), f"{scope}/{name}/biases": (after,)}
    for name, width in (("BatchNorm", channels), ("BatchNorm_1", inner), ("BatchNorm_2", inner)):
        shapes |= _normalised(f"{scope}/{name}", width)
    return shapes


def _shapes(unit: str, cells: int, form: str) -> dict[str, tuple[int, ...]]:
    scope = "GaitNN/DownSampling"
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in (
        ("17x17/Conv", (1, 1, 32, 256)),
        ("4x4/Conv", (1, 1, 512, 256)),
        ("4x4/Conv_1", (3, 3, 256, 256)),
    ):
        shapes |= {f"{scope}/{name}/weights": shape} | _normalised(f"{scope}/{name}/BatchNorm", shape[-1])
    shapes |= _block(f"{scope}/8x8/ResidualBlock", 256, 64, 512, halves=True)
    shapes |= _block(f"{scope}/4x4/ResidualBlock", 512, 128, 512, halves=True)
    for name, (inner, channels) in _DEAD.items():
        shapes |= _block(f"{scope}/{name}", channels, inner, channels, halves=False)
    full = "GaitNN/FullyConnected/fully_connected"
    shapes |= {f"{full}/weights": (6400, 512), f"{full}/biases": (512,)}
    cell, gru_kernel, gru_bias, lstm_kernel, lstm_bias = _FORMS[form]
    for number in range(cells):
        place = f"GaitNN/Recurrent/{cell.format(number)}"
        if unit == "LSTM":
            shapes |= {place + lstm_kernel: (1024, 2048), place + lstm_bias: (2048,)}
            continue
        for part, columns in (("gates", 1024), ("candidate", 512)):
            part = part.capitalize() if form == "0.12" else part
            shapes |= {place + gru_kernel.format(part): (1024, columns), place + gru_bias.format(part): (columns,)}
    return shapes


@pytest.fixture(scope="session")
def gait_variables() -> Callable[..., Variables]:
    """Make all variables of a GaitNN: `make(unit, cells, form)`, `form` being TensorFlow's version."""

    def make(unit: str = "GRU", cells: int = 1, form: str = "1.2") -> Variables:
        rng = np.random.default_rng(5)
        variables = {}
        for name, shape in _shapes(unit, cells, form).items():
            scale = 0.3 if len(shape) == 1 else 1.4 / np.sqrt(np.prod(shape[:-1]))
            values = rng.standard_normal(shape, np.float32) * np.float32(scale)
            variables[name] = np.abs(values) + np.float32(0.5) if name.endswith("variance") else values
        return variables

    return make


@pytest.fixture(scope="session")
def gait_vector() -> Callable[..., Array]:
    """Compute the identification vector [512] of features [T, 17, 17, 32] from a GaitNN's variables: `compute(...)`."""
    return _vector


def _vector(variables: Variables, features: Array, unit: str, layers: int, shared: bool = False) -> Array:
    """The original's graph in NumPy, on TensorFlow's names and axes: [T, height, width, channels]."""

    def convolve(values: Array, scope: str, stride: int = 1) -> Array:
        kernel = variables[f"GaitNN/DownSampling/{scope}/weights"]
        size, steps = len(kernel), -(-values.shape[1] // stride)
        missing = max((steps - 1) * stride + size - values.shape[1], 0)  # SAME
        before = missing // 2
        padded = np.pad(values, [(0, 0), (before, missing - before), (before, missing - before), (0, 0)])
        total = np.zeros((len(values), steps, steps, kernel.shape[3]), np.float32)
        for row in range(size):
            for column in range(size):
                seen = padded[:, row : row + stride * steps : stride, column : column + stride * steps : stride]
                total += seen[:, :steps, :steps] @ kernel[row, column]
        return total + variables.get(f"GaitNN/DownSampling/{scope}/biases", np.float32(0))

    def normalise(values: Array, scope: str) -> Array:
        beta, mean, variance = (
            variables[f"GaitNN/DownSampling/{scope}/{key}"] for key in ("beta", "moving_mean", "moving_variance")
        )
        return (values - mean) / np.sqrt(variance + np.float32(1e-4)) + beta

    def elu(values: Array) -> Array:
        return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))

    def halve(values: Array, scope: str) -> Array:
        net = np.maximum(normalise(values, f"{scope}/BatchNorm"), 0)
        net = np.maximum(normalise(convolve(net, f"{scope}/Conv_1"), f"{scope}/BatchNorm_1"), 0)
        net = np.maximum(normalise(convolve(net, f"{scope}/Conv_2", stride=2), f"{scope}/BatchNorm_2"), 0)
        return np.maximum(convolve(net, f"{scope}/Conv_3") + convolve(values, f"{scope}/Conv", stride=2), 0)

    net = features / np.float32(100)
    net = elu(normalise(convolve(net, "17x17/Conv"), "17x17/Conv/BatchNorm"))
    net = halve(halve(net, "8x8/ResidualBlock"), "4x4/ResidualBlock")
    for name in ("4x4/Conv", "4x4/Conv_1"):
        net = elu(normalise(convolve(net, name), f"{name}/BatchNorm"))
    full = "GaitNN/FullyConnected/fully_connected"
    net = net.reshape(len(net), -1) @ variables[f"{full}/weights"] + variables[f"{full}/biases"]
    for layer in range(layers):
        cell = f"GaitNN/Recurrent/rnn/multi_rnn_cell/cell_{0 if shared else layer}/{unit.lower()}_cell"
        net = (_gru if unit == "GRU" else _lstm)(net, cell, variables)
    return net.mean(axis=0)


def _logistic(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def _gru(inputs: Array, cell: str, variables: Variables) -> Array:
    state, states = np.zeros(512, np.float32), []
    for frame in inputs:
        gates = _logistic(
            np.concatenate([frame, state]) @ variables[f"{cell}/gates/kernel"] + variables[f"{cell}/gates/bias"]
        )
        reset, update = np.split(gates, 2)
        new = np.concatenate([frame, reset * state]) @ variables[f"{cell}/candidate/kernel"]
        state = update * state + (1 - update) * np.tanh(new + variables[f"{cell}/candidate/bias"])
        states.append(state)
    return np.stack(states)


def _lstm(inputs: Array, cell: str, variables: Variables) -> Array:
    memory, state, states = np.zeros(512, np.float32), np.zeros(512, np.float32), []
    for frame in inputs:
        gates = np.concatenate([frame, state]) @ variables[f"{cell}/kernel"] + variables[f"{cell}/bias"]
        enter, new, forget, leave = np.split(gates, 4)
        memory = _logistic(forget + 1) * memory + _logistic(enter) * np.tanh(new)
        state = _logistic(leave) * np.tanh(memory)
        states.append(state)
    return np.stack(states)
