import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import signal

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.models.gait_nn import GaitNN, GaitNNConfig
from gaitprint.models.pose.weights import PoseCard, build_pose_network
from gaitprint.models.pose_gait_nn import PoseGaitNN, PoseGaitNNConfig
from gaitprint.models.tensorflow_gru import TensorFlowGru, tensorflow_gru
from gaitprint.models.weight_files import write_weights_file
from gaitprint.models.weights import build_model

Array = NDArray[np.float64]


def _logistic(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def _tensorflow_gru(inputs: Array, gates: tuple[Array, Array], candidate: tuple[Array, Array]) -> Array:
    """The equations of `tf.nn.rnn_cell.GRUCell`, one frame of one walk at a time, on its matrices [in + state, ...]."""
    size = candidate[0].shape[1]
    walks = []
    for walk in inputs:
        state = np.zeros(size)
        states = []
        for frame in walk:
            both = _logistic(np.concatenate([frame, state]) @ gates[0] + gates[1])
            reset, update = both[:size], both[size:]
            new = np.tanh(np.concatenate([frame, reset * state]) @ candidate[0] + candidate[1])
            state = update * state + (1 - update) * new
            states.append(state)
        walks.append(states)
    return np.array(walks)


def _random_gru(inputs: int, size: int, seed: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    rng = np.random.default_rng(seed)
    gates, candidate = rng.normal(0, 0.5, (inputs + size, 2 * size)), rng.normal(0, 0.5, (inputs + size, size))
    return (gates, rng.normal(size=2 * size)), (candidate, rng.normal(size=size))


def _fill(layer: torch.nn.Module, gates: tuple[Array, Array], candidate: tuple[Array, Array], inputs: int) -> None:
    size = candidate[0].shape[1]
    matrix = np.concatenate([gates[0][:, size:], gates[0][:, :size], candidate[0]], axis=1)
    bias = np.concatenate([gates[1][size:], gates[1][:size], candidate[1]])
    with torch.no_grad():
        layer.weight_input.copy_(torch.from_numpy(matrix[:inputs].T))
        layer.weight_recurrent.copy_(torch.from_numpy(matrix[inputs:].T))
        layer.bias.copy_(torch.from_numpy(bias))


def test_the_gru_is_tensorflows() -> None:
    inputs = np.random.default_rng(1).normal(size=(3, 7, 5))
    first, second = _random_gru(5, 4, seed=2), _random_gru(4, 4, seed=3)
    truth = _tensorflow_gru(_tensorflow_gru(inputs, *first), *second)
    gru = TensorFlowGru(5, 4, num_layers=2)
    for layer, parameters, width in zip(gru.layers, (first, second), (5, 4), strict=True):
        _fill(layer, *parameters, width)
    with torch.inference_mode():
        np.testing.assert_allclose(gru(torch.from_numpy(inputs).float()).numpy(), truth, rtol=1e-5, atol=1e-6)


def test_no_torch_gru_could_stand_for_it() -> None:
    # What the fused layer computes from the same numbers: it resets after the product, not before it.
    inputs = np.random.default_rng(1).normal(size=(1, 6, 5))
    parameters = _random_gru(5, 4, seed=2)
    ours = TensorFlowGru(5, 4)
    _fill(ours.layers[0], *parameters, 5)
    fused = torch.nn.GRU(5, 4, batch_first=True)
    order = [1, 0, 2]  # torch: r, u, c
    with torch.no_grad():
        for theirs, mine in ((fused.weight_ih_l0, "weight_input"), (fused.weight_hh_l0, "weight_recurrent")):
            chunks = getattr(ours.layers[0], mine).chunk(3)
            theirs.copy_(torch.cat([chunks[gate] for gate in order]))
        fused.bias_ih_l0.copy_(torch.cat([ours.layers[0].bias.chunk(3)[gate] for gate in order]))
        fused.bias_hh_l0.zero_()
        states, others = ours(torch.from_numpy(inputs).float()), fused(torch.from_numpy(inputs).float())[0]
    torch.testing.assert_close(states[:, 0], others[:, 0])  # a state of zeros has nothing to reset
    assert (states[:, -1] - others[:, -1]).abs().max() > 0.01


def test_gradients_of_the_gru() -> None:
    torch.manual_seed(0)
    shapes = ((2, 5, 3), (12, 3), (12, 4), (12,))
    arguments = [torch.randn(shape, dtype=torch.double, requires_grad=True) for shape in shapes]
    assert torch.autograd.gradcheck(tensorflow_gru, arguments)


def test_the_gru_keeps_single_precision_where_the_rest_does_not() -> None:
    gru, inputs = TensorFlowGru(3, 4), torch.randn(2, 5, 3)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = gru(inputs)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, gru(inputs))


def test_the_vector_is_the_mean_of_the_states() -> None:
    torch.manual_seed(0)
    model = build_model({"name": "gait-nn", "gates": "tensorflow"}, None).eval()
    assert isinstance(model, GaitNN)
    inputs = model.example_inputs(2)
    with torch.inference_mode():
        vectors = torch.stack([model._describe(inputs[:, frame]) for frame in range(inputs.shape[1])], dim=1)
        states = model.recurrent(vectors)
        mean = sum(states[:, frame] for frame in range(inputs.shape[1])) / inputs.shape[1]
        torch.testing.assert_close(model(inputs).embedding[:, 0], mean)


def test_pixels_are_flattened_as_tensorflow_does() -> None:
    torch.manual_seed(0)
    model = build_model({"name": "gait-nn"}, None).eval()
    assert isinstance(model, GaitNN)
    seen: list[torch.Tensor] = []
    model.refine.register_forward_hook(lambda module, inputs, output: seen.append(output))
    model.frame_vector.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        model(model.example_inputs(1)[:, :1])
    maps, flat = seen
    assert maps.shape == (1, 256, 5, 5)
    for row, column, channel in ((0, 0, 0), (0, 0, 255), (0, 1, 0), (3, 2, 17), (4, 4, 255)):
        assert flat[0, (row * 5 + column) * 256 + channel] == maps[0, channel, row, column]


def test_a_bottleneck_is_the_specified_one() -> None:
    torch.manual_seed(0)
    block = build_model({"name": "gait-nn"}, None).eval().quarter
    for name, tensor in block.state_dict().items():
        tensor.copy_(torch.rand_like(tensor) + 0.5 if "var" in name else torch.randn_like(tensor) * 0.1)
    inputs = torch.randn(1, 512, 9, 9)
    with torch.inference_mode():
        result = block(inputs)[0].double().numpy()
        middle = block.body[:6](inputs)[0].double().numpy()
    weights = {name: tensor.double().numpy() for name, tensor in block.state_dict().items()}

    def rectified(values: Array, place: str) -> Array:
        mean, variance, beta = (weights[f"{place}.{key}"] for key in ("running_mean", "running_var", "bias"))
        normal = (values.T - mean) / np.sqrt(variance + 1e-4) + beta
        return np.maximum(normal.T, 0)

    def pointwise(values: Array, place: str) -> Array:
        products = np.einsum("oi,ihw->ohw", weights[f"{place}.weight"][:, :, 0, 0], values)
        return products + weights[f"{place}.bias"][:, None, None]

    outer = inputs[0].double().numpy()
    inner = rectified(pointwise(rectified(outer, "body.0"), "body.2"), "body.3")
    # SAME padding of 9 pixels at a stride of 2 is one pixel at either side. Three channels stand for all.
    for channel in range(3):
        kernel, bias = weights["body.5.weight"][channel], weights["body.5.bias"][channel]
        correlated = sum(signal.correlate2d(inner[i], kernel[i], mode="same") for i in range(len(inner)))
        np.testing.assert_allclose(middle[channel], correlated[::2, ::2] + bias, rtol=1e-3, atol=1e-4)
    summed = pointwise(rectified(middle, "body.6"), "body.8") + pointwise(outer[:, ::2, ::2], "shortcut")
    np.testing.assert_allclose(result, np.maximum(summed, 0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        # TensorFlow's variables without the dead blocks; torch's fused layers have a second bias.
        ({"gates": "tensorflow"}, 6_346_752),
        ({"gates": "tensorflow", "rnn_layers": 2}, 7_921_152),
        ({}, 6_346_752 + 1_536),
        ({"recurrent_unit": "LSTM"}, 6_871_552 + 2_048),
        ({"recurrent_unit": "LSTM", "rnn_layers": 2}, 8_970_752 + 2 * 2_048),
    ],
)
def test_counts(options: dict[str, object], count: int) -> None:
    with torch.device("meta"):
        model = build_model({"name": "gait-nn", **options}, None)
    assert sum(tensor.numel() for tensor in model.state_dict().values()) == count


def test_unknown_combinations_are_refused() -> None:
    with pytest.raises(UsageError, match="an LSTM has only one"):
        GaitNNConfig(recurrent_unit="LSTM", gates="tensorflow")
    with pytest.raises(UsageError, match=r"model\.dropout is 1"):
        GaitNNConfig(dropout=1)
    with pytest.raises(UsageError, match=r"model\.norm_momentum is 0"):
        GaitNNConfig(norm_momentum=0)
    with pytest.raises(UsageError, match=r"model\.rnn_layers"):
        build_model({"name": "gait-nn", "rnn_layers": 3}, None)


def test_chunks_of_frames_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = build_model({"name": "gait-nn"}, None).eval()
    inputs = model.example_inputs(3)
    with torch.no_grad():
        whole = model(inputs).embedding
        monkeypatch.setattr("gaitprint.models.gait_nn._FRAMES_AT_ONCE", 2)
        torch.testing.assert_close(model(inputs).embedding, whole, rtol=1e-4, atol=1e-5)


def test_end_to_end_is_one_network_after_the_other() -> None:
    torch.manual_seed(0)
    model = build_model({"name": "pose-gait-nn", "gait": {"recurrent_unit": "LSTM"}}, 3).eval()
    assert isinstance(model, PoseGaitNN)
    assert model.default_input(PoseGaitNNConfig())["resolution"] == 136
    frames = model.example_inputs(2)
    with torch.inference_mode():
        features = torch.stack([model.pose.features(walk) for walk in frames])
        output = model(frames)
        torch.testing.assert_close(output.embedding, model.gait(features).embedding)
    assert output.logits is not None
    assert output.logits.shape == (2, 1, 3)


def test_starts_from_the_weights_of_a_pose_network(tmp_path) -> None:
    choice = {"name": "light-pose-nn", "channels": [4, 4, 8, 8], "blocks": [1, 1, 1]}
    network = build_pose_network(choice)
    path = tmp_path / "pose.safetensors"
    write_weights_file(
        path, network, PoseCard(network=choice, train_subjects=("b",), validation_subjects=("a",), metrics={})
    )
    model = build_model({"name": "pose-gait-nn", "pose": choice, "pose_weights": str(path)}, None)
    assert model.start_training() == ("a", "b")
    for name, tensor in model.pose.state_dict().items():
        assert torch.equal(tensor, network.state_dict()[name])
    other = build_model({"name": "pose-gait-nn", "pose_weights": str(path)}, None)
    with pytest.raises(IncompatibleError, match=r"do not fit model\.pose"):
        other.start_training()
    assert build_model({"name": "pose-gait-nn"}, None).start_training() == ()
