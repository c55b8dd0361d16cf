"""What every pose network in the table promises."""

import numpy as np
import pytest
import torch
from torch import Tensor

from gaitprint.core.config import to_mapping
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.skeletons import MPII_16
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.models.pose.base import PoseNetwork, PoseOutput
from gaitprint.models.pose.weights import PoseCard, build_pose_network, load_pose_network
from gaitprint.models.weight_files import write_weights, write_weights_file


@pytest.fixture(scope="module", params=sorted(POSE_NETWORKS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def network(name: str) -> PoseNetwork:
    """A network in evaluation whose every parameter is away from a start at zero; no test changes it."""
    torch.manual_seed(0)
    network = build_pose_network({"name": name})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.01)
    return network.eval()


@pytest.fixture(scope="module")
def images(network: PoseNetwork) -> Tensor:
    return network.example_inputs(2)


@pytest.fixture(scope="module")
def output(network: PoseNetwork, images: Tensor) -> PoseOutput:
    with torch.inference_mode():
        return network(images)


@pytest.fixture(scope="module")
def alone(network: PoseNetwork, images: Tensor) -> PoseOutput:
    """The second image by itself."""
    with torch.inference_mode():
        return network(images[1:])


def test_shapes_are_those_that_the_class_says(network: PoseNetwork, images: Tensor, output: PoseOutput) -> None:
    assert network.skeleton == MPII_16
    assert network.feature_shape == (32, 17, 17)  # what GaitNN takes
    assert images.shape == (2, 3, network.resolution, network.resolution)
    assert images.min() >= -1
    assert images.max() <= 1
    assert output.features.shape == (2, *network.feature_shape)
    assert output.logits.shape == (2, 16, network.map_resolution, network.map_resolution)
    for tensor in (images, *output):
        assert tensor.device.type == "cpu"
        assert tensor.dtype == torch.float32
        assert torch.isfinite(tensor).all()
    assert not torch.equal(output.features[0], output.features[1])


def test_batch_of_one_equals_batch_of_many(output: PoseOutput, alone: PoseOutput) -> None:
    for together, one in zip(output, alone, strict=True):
        torch.testing.assert_close(one[0], together[1], rtol=1e-4, atol=1e-5)


def test_eval_is_deterministic(network: PoseNetwork, images: Tensor, alone: PoseOutput) -> None:
    with torch.inference_mode():
        again = network(images[1:])
    assert torch.equal(again.features, alone.features)
    assert torch.equal(again.logits, alone.logits)


def test_gradients_reach_every_parameter_by_way_of_the_heat_maps(network: PoseNetwork, images: Tensor) -> None:
    before = {key: buffer.clone() for key, buffer in network.named_buffers()}
    network.train()(images[:1]).logits.square().mean().backward()
    silent = [key for key, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # The network is shared by the tests of this file: as it was.
    network.eval().zero_grad(set_to_none=True)
    moved = [key for key, buffer in network.named_buffers() if not torch.equal(buffer, before[key])]
    for key, buffer in network.named_buffers():
        buffer.copy_(before[key])
    assert silent == []
    assert any("running_var" in key for key in moved)


def test_decoding_equals_a_loop_over_joints(network: PoseNetwork) -> None:
    size = network.map_resolution
    logits = torch.randn(2, 16, size, size, generator=torch.Generator().manual_seed(1)) * 3
    decoded = network.decode(logits)
    kernel = network.blur.kernel.numpy().astype(np.float64)
    for image in range(2):
        for joint in range(16):
            heat_map = 1 / (1 + np.exp(-logits[image, joint].numpy().astype(np.float64)))
            smooth = np.stack([np.convolve(row, kernel, mode="same") for row in heat_map])
            smooth = np.stack([np.convolve(column, kernel, mode="same") for column in smooth.T]).T
            place = np.array([smooth.max(axis=0).argmax(), smooth.max(axis=1).argmax()])
            np.testing.assert_allclose(
                decoded.positions[image, joint], place * network.resolution / network.map_resolution, rtol=1e-6
            )
            np.testing.assert_allclose(decoded.probabilities[image, joint], heat_map.max(), rtol=1e-6)


def test_a_blob_is_found_where_it_is_and_beyond_the_border_is_nothing(network: PoseNetwork) -> None:
    size = network.map_resolution
    logits = torch.full((1, 16, size, size), -9.0)
    half = len(network.blur.kernel) // 2
    columns = torch.linspace(half, size - 1 - half, 16).round().long()
    rows = columns.flip(0)
    for joint in range(16):
        row, column = rows[joint], columns[joint]
        logits[0, joint, row - half : row + half + 1, column - half : column + half + 1] = 2.0
    found = network.decode(logits)
    expected = torch.stack([columns, rows], dim=-1) * (network.resolution / network.map_resolution)
    torch.testing.assert_close(found.positions[0], expected)
    torch.testing.assert_close(found.probabilities, torch.full((1, 16), 2.0).sigmoid())


@pytest.mark.parametrize("single_file", [False, True])
def test_save_and_load_agree(
    name: str, network: PoseNetwork, images: Tensor, alone: PoseOutput, single_file: bool, tmp_path
) -> None:
    card = PoseCard(network={"name": name, **to_mapping(network.Config())}, metrics={"pckh": 0.5}, data="none")
    if single_file:
        path = tmp_path / "network.safetensors"
        written = write_weights_file(path, network, card)
    else:
        path = tmp_path
        written = write_weights(path, network, card)
    loaded, loaded_card = load_pose_network(path)
    assert loaded_card == written
    assert type(loaded) is POSE_NETWORKS[name]
    assert not loaded.training
    tensors = loaded.state_dict()
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensors[key], tensor), key
    if single_file:
        with torch.inference_mode():
            assert torch.equal(loaded(images[1:]).logits, alone.logits)


def test_weights_of_another_network_are_refused(name: str, network: PoseNetwork, tmp_path) -> None:
    other = next(key for key in sorted(POSE_NETWORKS) if key != name)
    path = tmp_path / "network.safetensors"
    write_weights_file(path, network, PoseCard(network={"name": other}, metrics={}))
    with pytest.raises(IncompatibleError, match=r"network\.safetensors: (lacks|has no place for) tensor"):
        load_pose_network(path)


def test_unknown_options_name_the_nearest(name: str) -> None:
    with pytest.raises(UsageError, match=r"model\.dropuot.*'dropout'"):
        build_pose_network({"name": name, "dropuot": 0.1})
    with pytest.raises(UsageError, match=r"model\.dropout is 1\.0"):
        build_pose_network({"name": name, "dropout": 1.0})
