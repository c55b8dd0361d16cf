"""Variables of TensorFlow's GaitNN find their places and give its vectors, and what does not fit is named."""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.interop.tensorflow_gait_nn import gait_nn_tensors
from gaitprint.models.weights import build_model

Variables = dict[str, NDArray[np.float32]]
Make = Callable[..., Variables]
Compute = Callable[..., NDArray[np.float32]]

# SHA-256 of the lines "name [axes]", sorted, of the variables that the original code makes under TensorFlow 2.21 with
# tf_keras 2.21; of two layers with cells of their own.
NAMES_AND_SHAPES = {
    ("GRU", 1): "552efa73942289b4f69750c98846047aa4a22e3ae6931817ea9b582912020e75",
    ("GRU", 2): "fad4571bec758ff1709c4d3e1092c582fcfd24ce4548f90269196993369a0803",
    ("LSTM", 1): "0033912474e1198eeaf6a1fd029e7d533a42aded8f993d480c2f34f78fb7035f",
    ("LSTM", 2): "5f5eaab8ec7a105fe4d30066e07018054e29ea07a12980fa06f663fde80abe76",
}
CELL = "GaitNN/Recurrent/rnn/multi_rnn_cell/cell_0/gru_cell"


@pytest.mark.parametrize(("unit", "cells"), NAMES_AND_SHAPES)
def test_the_variables_of_these_tests_are_the_originals(gait_variables: Make, unit: str, cells: int) -> None:
    lines = sorted(f"{name} {list(values.shape)}" for name, values in gait_variables(unit, cells).items())
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == NAMES_AND_SHAPES[unit, cells]


@pytest.mark.parametrize(
    ("unit", "cells", "layers"), [("GRU", 1, 1), ("GRU", 2, 2), ("GRU", 1, 2), ("LSTM", 1, 1), ("LSTM", 2, 2)]
)
def test_vectors_are_the_originals(
    gait_variables: Make, gait_vector: Compute, unit: str, cells: int, layers: int
) -> None:
    variables = gait_variables(unit, cells)
    features = np.random.default_rng(1).normal(0, 60, (4, 17, 17, 32)).astype(np.float32)
    done = gait_nn_tensors(variables, None if cells == layers else layers)
    assert done.options == {
        "recurrent_unit": unit,
        "rnn_layers": layers,
        "gates": "tensorflow" if unit == "GRU" else "fused",
    }
    assert (done.one_cell, done.shared_cell) == (cells == 1, cells < layers)
    model = build_model({"name": "gait-nn", **done.options}, None).eval()
    model.load_state_dict(done.tensors, strict=True)
    with torch.inference_mode():
        ours = model(torch.from_numpy(features).permute(0, 3, 1, 2)[None]).embedding[0, 0].numpy()
    truth = gait_vector(variables, features, unit, layers, shared=cells < layers)
    assert np.abs(ours - truth).max() < 1e-4 * np.abs(truth).max()


@pytest.mark.parametrize("unit", ["GRU", "LSTM"])
@pytest.mark.parametrize("form", ["1.0", "0.12"])
def test_older_names_are_the_same_variables(gait_variables: Make, unit: str, form: str) -> None:
    # The numbers depend on the order of the variables alone.
    newest, older = gait_nn_tensors(gait_variables(unit, 2)), gait_nn_tensors(gait_variables(unit, 2, form))
    assert older.options == newest.options
    assert older.tensors.keys() == newest.tensors.keys()
    assert all(torch.equal(tensor, newest.tensors[name]) for name, tensor in older.tensors.items())


def test_what_is_left_out_is_named(gait_variables: Make) -> None:
    variables = gait_variables()
    more = {
        "GaitNN/Logits/fully_connected/weights": np.zeros((512, 9), np.float32),
        "GaitNN/DownSampling/4x4/Conv/weights/RMSProp_1": np.zeros((1, 1, 512, 256), np.float32),
        f"OptimizeLoss/{CELL}/gates/kernel/RMSProp": np.zeros((1024, 1024), np.float32),
        f"{CELL}/gates/kernel/Momentum": np.zeros((1024, 1024), np.float32),
        "global_step": np.zeros((), np.int64),
    }
    done = gait_nn_tensors(variables | more)
    dead = {name for name in variables if "/Repeat/" in name}
    assert len(dead) == 6 * 15
    assert sum(variables[name].size for name in dead) == 1_632_768
    assert done.left_out.keys() == dead | more.keys()
    assert set(done.left_out.values()) == {
        "residual block whose result the network throws away",
        "classifier of the people it was trained on, whom the checkpoint does not name",
        "state of the optimiser",
        "counts training steps",
    }


def test_missing_recurrent_weights_are_named_with_the_reason(gait_variables: Make) -> None:
    kept = {name: values for name, values in gait_variables().items() if "/Recurrent/" not in name}
    with pytest.raises(IncompatibleError, match=r"cell_0.*save\(\) writes model variables alone") as caught:
        gait_nn_tensors(kept)
    assert "\n" not in str(caught.value)


def test_whatever_does_not_fit_is_named(gait_variables: Make) -> None:
    variables = gait_variables()

    def changed(name: str, values: NDArray[np.float32] | None) -> Variables:
        others = {key: value for key, value in variables.items() if key != name}
        return others if values is None else others | {name: values}

    full = "GaitNN/FullyConnected/fully_connected"
    for name, values, message in (
        (f"{full}/biases", None, rf"lacks '{full}/biases' of GaitNN's variables"),
        (f"{CELL}/gates/bias", None, "lacks the bias of gates in recurrent cell 0"),
        ("GaitNN/Else/weights", np.zeros(1, np.float32), "no place for 'GaitNN/Else/weights'"),
        (f"{CELL}/other", np.zeros(1, np.float32), f"no place for '{CELL}/other'"),
        (f"{full}/weights", np.zeros((512, 6400), np.float32), r"is \[512, 6400\], GaitNN's is \[6400, 512\]"),
        (f"{CELL}/gates/kernel", np.zeros((512, 512), np.float32), r"is \[512, 512\], GaitNN's is \[1024, 1024\]"),
        (f"{full}/biases", np.full(512, np.nan, np.float32), "values that are not finite"),
        (f"{full}/biases", np.full(512, 1e39), "values that are not finite"),
    ):
        with pytest.raises(IncompatibleError, match=message):
            gait_nn_tensors(changed(name, values))
    second = {name.replace("cell_0", "cell_2"): values for name, values in variables.items() if CELL in name}
    with pytest.raises(IncompatibleError, match="a recurrent cell 2 but none numbered 1"):
        gait_nn_tensors(variables | second)
    lstm = {name: values for name, values in gait_variables("LSTM", 2).items() if "multi_rnn_cell/cell_1" in name}
    with pytest.raises(IncompatibleError, match="a GRU in one recurrent layer and an LSTM in the other"):
        gait_nn_tensors(variables | lstm)
    with pytest.raises(UsageError, match="1 recurrent layer asked for; the checkpoint has 2"):
        gait_nn_tensors(gait_variables("GRU", 2), 1)
    with pytest.raises(UsageError, match="3 recurrent layers asked for"):
        gait_nn_tensors(variables, 3)
