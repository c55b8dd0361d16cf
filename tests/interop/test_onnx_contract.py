"""Every model and every pose network as an ONNX file: the same outputs for any batch and any number of frames."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gaitprint.core.config import from_mapping
from gaitprint.core.memory_format import channels_last
from gaitprint.data.inputs import build_input
from gaitprint.interop.onnx import export_onnx, model_graph, pose_graph
from gaitprint.models import MODELS
from gaitprint.models.base import GaitModel
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.weights import build_pose_network
from gaitprint.models.weights import build_model

# Options of models whose defaults are big, and ways through a model that its defaults do not take.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "cnn-gru": [{"layers": 2, "bidirectional": True}, {"unit": "lstm", "bidirectional": True, "pooling": "attention"}],
    # The small pictures below have 8 rows of features.
    "gait-base": [{"channels": [8, 16, 16], "parts": 8, "embedding": 8}],
    "gait-nn": [{}, {"gates": "tensorflow", "rnn_layers": 2}, {"recurrent_unit": "LSTM", "rnn_layers": 2}],
    "gaitbert": [{"channels": [8, 16], "patch": 4, "strips": 3}],
    "pose-gait-nn": [{"pose": {"name": "light-pose-nn", "blocks": [1, 1, 1]}}],
    "resgcn": [{"channels": [16], "branch_channels": 8}],
    "skeleton-transformer": [{"layers": 1, "feed_forward": 64, "graph_channels": [16], "pyramid": [1, 4]}],
}
CASES = [(name, options) for name in sorted(MODELS) for options in OPTIONS.get(name, [{}])]


def shaken(network: nn.Module) -> nn.Module:
    """Move every weight and every running statistic away from where it starts, so that none can be left out."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
        for name, statistic in network.named_buffers():
            if "running_mean" in name or name.endswith(".mean"):
                statistic.add_(torch.randn_like(statistic), alpha=0.02)
            if "running_var" in name or name.endswith("variance"):
                statistic.mul_(torch.rand_like(statistic) + 0.5)
    return network.eval()


def run(path: Path, inputs: Tensor) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(path)
    (only,) = session.get_inputs()
    return session.run(None, {only.name: inputs.numpy()})


def assert_relatively_close(found: NDArray[np.float32], expected: Tensor) -> None:
    assert found.dtype == np.float32
    largest = float(expected.abs().nan_to_num().max())
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=0, atol=1e-4 * largest, equal_nan=True)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_models_embed_walks_of_any_number_and_length(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    model = channels_last(shaken(build_model({"name": name, **options}, None)))  # as it is loaded for use
    assert isinstance(model, GaitModel)
    representation = dict(model.default_input(from_mapping(type(model).Config, options, "model")))
    if "size" in representation:
        representation["size"] = [32, 24]
    file = export_onnx(
        model_graph(model, build_input(representation), name, {"model": {"name": name}}), tmp_path / "model.onnx"
    )
    assert list(file.differences) == ["embedding"]
    assert file.size == file.path.stat().st_size
    has_frames = representation["representation"] != "gei"
    (inputs_shape, embedding_shape) = file.shapes.values()
    assert inputs_shape[: 1 + has_frames] == ["batch", "frames"][: 1 + has_frames]
    assert all(isinstance(size, int) for size in inputs_shape[1 + has_frames :])
    assert embedding_shape == ["batch", *model.embedding_shape]

    torch.manual_seed(1)
    inputs = model.example_inputs(5)
    if has_frames:
        inputs = torch.cat([inputs, model.example_inputs(5), model.example_inputs(5)[:, :1]], dim=1)
    if "size" in representation:
        inputs = inputs[..., :32, :24]
    if representation["representation"] == "joints":
        inputs[4, :, :, -1] = 0  # nobody
    with torch.inference_mode():
        expected = model(inputs).embedding
    (found,) = run(file.path, inputs)
    assert_relatively_close(found, expected)


@pytest.mark.parametrize("name", sorted(POSE_NETWORKS))
def test_pose_networks_see_any_number_of_pictures(name: str, tmp_path: Path) -> None:
    network = channels_last(shaken(build_pose_network({"name": name})))
    assert isinstance(network, PoseNetwork)
    file = export_onnx(pose_graph(network, name, {}), tmp_path / "pose.onnx")
    size, joints = network.resolution, len(network.skeleton.joints)
    maps = network.map_resolution
    assert file.shapes == {
        "images": ["batch", 3, size, size],
        "features": ["batch", *network.feature_shape],
        "logits": ["batch", joints, maps, maps],
        "positions": ["batch", joints, 2],
        "probabilities": ["batch", joints],
    }

    torch.manual_seed(1)
    images = network.example_inputs(1)
    with torch.inference_mode():
        output = network(images)
        decoded = network.decode(output.logits)
    features, logits, positions, probabilities = run(file.path, images)
    assert_relatively_close(features, output.features)
    assert_relatively_close(logits, output.logits)
    assert_relatively_close(probabilities, decoded.probabilities)
    # One of two places that are equally high but for rounding may be found instead of the other.
    equal = (torch.from_numpy(positions) == decoded.positions).float().mean()
    assert equal > 0.9
