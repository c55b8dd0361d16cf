"""HumanPoseNN against its specification: numbers of values, shapes of stages, fixed kernels, fresh weights."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor, nn

from gaitprint.core.errors import UsageError
from gaitprint.models.pose.human_pose_nn import HumanPoseNN, HumanPoseNNConfig
from gaitprint.models.pose.inception_resnet_v2 import InceptionBlock, InceptionResNetV2
from gaitprint.models.shifted_batch_norm import ShiftedBatchNorm


@pytest.fixture(scope="module")
def network() -> HumanPoseNN:
    torch.manual_seed(0)
    return HumanPoseNN.from_config(HumanPoseNNConfig())


def test_has_the_published_number_of_values(network: HumanPoseNN) -> None:
    tensors = network.state_dict().values()
    assert len(tensors) == 696
    assert sum(tensor.numel() for tensor in tensors) == 29_663_504
    # TensorFlow's own count of those that are trained: without running means and variances.
    trained = list(network.parameters())
    assert len(trained) == 380
    assert sum(tensor.numel() for tensor in trained) == 29_625_616


def test_stages_have_the_published_shapes() -> None:
    with torch.device("meta"):  # shapes without arithmetic
        trunk = InceptionResNetV2(norm_momentum=0.001)
        maps = torch.empty(2, 3, 299, 299)
    stem = []
    for layer in trunk.stem:
        maps = layer(maps)
        stem.append(tuple(maps.shape[1:3]))
    assert stem == [(32, 149), (32, 147), (64, 147), (64, 73), (80, 73), (192, 71), (192, 35)]
    assert [block.scale for block in trunk.blocks_35] == [0.17] * 10
    assert [block.scale for block in trunk.blocks_17] == [0.10] * 20
    for stage, shape in (
        (trunk.mixed_5b, (320, 35, 35)),
        (trunk.blocks_35, (320, 35, 35)),
        (trunk.mixed_6a, (1088, 17, 17)),
        (trunk.blocks_17, (1088, 17, 17)),
        (trunk.auxiliary, (768, 17, 17)),
    ):
        maps = stage(maps)
        assert maps.shape == (2, *shape)


@pytest.mark.parametrize("size", [3, 5])
def test_average_pooling_leaves_padding_out(network: HumanPoseNN, size: int) -> None:
    pools = [layer for layer in network.modules() if isinstance(layer, nn.AvgPool2d) and layer.kernel_size == size]
    assert len(pools) == 1
    maps = np.random.default_rng(0).normal(size=(2, 6, 7)).astype(np.float32)
    expected = np.empty_like(maps)
    for row in range(6):
        for column in range(7):
            rows = slice(max(0, row - size // 2), row + size // 2 + 1)
            columns = slice(max(0, column - size // 2), column + size // 2 + 1)
            expected[:, row, column] = maps[:, rows, columns].mean(axis=(1, 2))
    np.testing.assert_allclose(pools[0](torch.from_numpy(maps)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("kernel", "taps", "deviation", "total"), [("map_blur", 21, 1.0, 0.2), ("blur", 15, 0.7, 1.0)])
def test_gaussians_are_the_normal_distribution(
    network: HumanPoseNN, kernel: str, taps: int, deviation: float, total: float
) -> None:
    density = norm.pdf(np.linspace(-2, 2, taps), scale=deviation)
    plane = np.outer(density, density)
    plane *= total / plane.sum()
    # The answer to one bright place is the kernel itself.
    image = torch.zeros(1, 16, 31, 31)
    image[0, 5, 15, 15] = 1
    answer = getattr(network, kernel)(image)[0, 5].numpy()
    half = taps // 2
    np.testing.assert_allclose(answer[15 - half : 16 + half, 15 - half : 16 + half], plane, rtol=1e-5)
    np.testing.assert_allclose(answer.sum(), total, rtol=1e-5)


def test_residual_blocks_add_a_scaled_projection_and_rectify(network: HumanPoseNN) -> None:
    block = network.trunk.blocks_35[3].eval()
    assert isinstance(block, InceptionBlock)
    maps = torch.randn(1, 320, 6, 5)
    with torch.inference_mode():
        weight = block.projection.weight[:, :, 0, 0]
        projected = torch.einsum("oc,bchw->bohw", weight, block.branches(maps))
        torch.testing.assert_close(block(maps), (maps + 0.17 * projected).clamp(min=0), rtol=1e-4, atol=1e-5)


def test_each_cell_paints_its_own_square_of_the_maps(network: HumanPoseNN) -> None:
    features = torch.zeros(1, 32, 17, 17)
    features[0, 4, 2, 9] = 1
    with torch.inference_mode():
        maps = network.to_maps(features)[0]  # [16, 289, 289]
    assert maps.shape == (16, 289, 289)
    assert torch.equal(maps[:, 2 * 17 : 3 * 17, 9 * 17 : 10 * 17], network.to_maps.weight[4])
    assert maps.count_nonzero() == maps[:, 34:51, 153:170].count_nonzero()


def test_fresh_weights_are_uniform_after_glorot_and_biases_zero(network: HumanPoseNN) -> None:
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            first, second, height, width = layer.weight.shape
            limit = (6 / ((first + second) * height * width)) ** 0.5
            assert 0.95 * limit < float(layer.weight.detach().abs().max()) <= 1.0001 * limit
            assert layer.bias is None or not layer.bias.any()
        if isinstance(layer, ShiftedBatchNorm):
            assert not layer.bias.any()
            assert layer.epsilon == 1e-3


def test_drops_out_in_front_of_the_features_in_training_only(network: HumanPoseNN) -> None:
    torch.manual_seed(0)
    ones = torch.ones(1, 768, 17, 17)
    dropped: Tensor = network.dropout.train()(ones)
    assert abs(float((dropped > 0).float().mean()) - 0.7) < 0.01
    assert torch.equal(network.dropout.eval()(ones), ones)


def test_options() -> None:
    with torch.device("meta"):
        network = HumanPoseNN(HumanPoseNNConfig(dropout=0.1, norm_momentum=0.05))
    norms = [layer for layer in network.modules() if isinstance(layer, ShiftedBatchNorm)]
    assert len(norms) == 158
    assert {layer.momentum for layer in norms} == {0.05}
    assert network.dropout.p == 0.1
    with pytest.raises(UsageError, match=r"model\.norm_momentum is 0\.0"):
        HumanPoseNNConfig(norm_momentum=0.0)
