import pytest
import torch
from tests.models.small_networks import random_walks, small_model
from torch.nn import functional

from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import MPII_16, Skeleton
from gaitprint.models.resgcn import Block, HopConvolution, JointPooling, TimeConvolution
from gaitprint.models.skeleton.graph import hop_distances
from gaitprint.models.weights import build_model


def test_the_room_has_no_place() -> None:
    model = small_model("resgcn")
    walks = random_walks(3, 9)
    moved = walks + torch.tensor([2.0, 0.5, -1.0, 0.0])
    torch.testing.assert_close(model(moved).embedding, model(walks).embedding, rtol=1e-4, atol=1e-4)


def test_hop_convolution_against_a_loop() -> None:
    torch.manual_seed(0)
    layer, joints = HopConvolution(MPII_16, 3, 5, 2), torch.randn(2, 4, 16, 3)
    torch.nn.init.normal_(layer.factors)
    result, distances = layer(joints, None), hop_distances(MPII_16)
    for j in range(16):
        expected = torch.zeros(2, 4, 5)
        for hop in range(3):
            others = [k for k in range(16) if distances[j, k] == hop]
            for k in others:
                matrix = layer.linear.weight[:, 3 * hop : 3 * hop + 3]
                expected += layer.factors[j, hop, k] / len(others) * joints[:, :, k] @ matrix.T
        torch.testing.assert_close(result[:, :, j], expected, rtol=1e-4, atol=1e-5)


def test_time_convolution_against_a_loop() -> None:
    torch.manual_seed(0)
    layer, joints, seen = TimeConvolution(3, 5, 2), torch.randn(2, 7, 4, 3), torch.rand(2, 7) > 0.3
    result = layer(joints, seen)
    assert result.shape == (2, 4, 4, 3)
    for b in range(2):
        for t in range(4):
            expected = torch.zeros(4, 3)
            for k in range(5):
                source = 2 * t + k - 2
                if 0 <= source < 7 and seen[b, source]:
                    expected += joints[b, source] @ layer.convolution.weight[:, :, k, 0].T
            torch.testing.assert_close(result[b, t], expected, rtol=1e-4, atol=1e-5)


def test_frames_of_a_block_with_stride(star: Skeleton) -> None:
    block = Block(star, 4, 8, 2, 2, 3, stride=2).eval()
    seen = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [1, 0, 0, 1, 0, 0, 0], [1] * 7]).bool()
    joints, frames = block(torch.randn(3, 7, 4, 4), seen)
    assert joints.shape == (3, 4, 4, 8)
    assert frames.int().tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


def test_block_without_bottleneck_is_two_residuals(star: Skeleton) -> None:
    torch.manual_seed(0)
    block, joints = Block(star, 3, 6, 6, 1, 3).eval(), torch.randn(2, 5, 4, 3)
    assert block.space.narrow is block.space.widen is block.time.narrow is block.time.widen is None
    scale = (1 + 1e-5) ** -0.5  # batch normalisation that has seen nothing
    space = functional.relu((block.space.convolution(joints, None) + block.space.shortcut.linear(joints)) * scale)
    time = functional.relu(block.time.convolution(space, None) * scale + space)
    torch.testing.assert_close(block(joints, None)[0], time)


@pytest.mark.parametrize("reduction", [1, 2, 4])
def test_any_reduction(reduction: int) -> None:
    assert torch.isfinite(small_model("resgcn", reduction=reduction)(random_walks(2, 9)).embedding).all()


def test_default_size() -> None:
    model = build_model({"name": "resgcn"}, None)
    assert 0.7e6 < sum(p.numel() for p in model.parameters()) < 0.8e6


def test_pooling_against_a_loop() -> None:
    torch.manual_seed(0)
    pool, joints, seen = JointPooling(4, 6, 3), torch.rand(2, 7, 4, 6), torch.rand(2, 7) > 0.3
    for walk, mask, result in zip(joints, seen, pool(joints, seen), strict=True):
        shown = [frame for frame, is_seen in zip(walk, mask, strict=True) if is_seen]
        for j in range(4):
            mean = sum(frame[j] for frame in shown) / len(shown)
            torch.testing.assert_close(result[3 * j : 3 * j + 3], pool.describe(mean))
        torch.testing.assert_close(result[12:], torch.cat(shown).max(dim=0).values)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": 8}, r"model\.kernel is 8, must be odd"),
        ({"hops": 0}, r"model\.hops is 0, must be at least 1"),
        ({"channels": (64, 90)}, r"90 channels are no multiple of model\.reduction 4"),
        ({"dropout": -0.1}, r"model\.dropout is -0\.1, must be at least 0 and below 1"),
        ({"skeleton": "coco"}, r"unknown skeleton.*coco"),
    ],
)
def test_wrong_options_are_refused_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        build_model({"name": "resgcn", **options}, None)
    assert "\n" not in str(error.value)
