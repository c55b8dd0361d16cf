import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import MPII_16, SKELETONS, Skeleton
from gaitprint.data.inputs import build_input
from gaitprint.models.base import GaitModel
from gaitprint.models.resgcn import Block, HopConvolution, JointPooling, ResGcn, ResGcnConfig, TimeConvolution
from gaitprint.models.skeleton.graph import hop_distances
from gaitprint.models.weights import build_model

SMALL = {"branch_channels": 8, "channels": (16, 24), "kernel": 5, "joint_channels": 4, "embedding": 8}


def _walks(batch: int, frames: int, unseen: float = 0.0, joints: int = 20, axes: int = 3) -> Tensor:
    confidence = (torch.rand(batch, frames, joints, 1) >= unseen).float()
    confidence[:, :, 0] = 1
    return torch.cat([torch.randn(batch, frames, joints, axes), confidence], dim=-1)


def _model(**options: object) -> GaitModel:
    """A small model in evaluation mode whose normalisations have learnt something."""
    torch.manual_seed(3)
    model = build_model({"name": "resgcn", **SMALL, **options}, 5).train()
    with torch.no_grad():
        for _ in range(3):
            model(_walks(6, 9, joints=model.num_joints, axes=model.axes) * 2)
    return model.eval()


@pytest.mark.parametrize("unseen", [0.0, 0.3])
def test_padding_changes_nothing(unseen: float) -> None:
    model = _model()
    walks = [_walks(1, frames, unseen)[0] for frames in (1, 3, 11, 16)]
    batch = build_input({"representation": "joints", "skeleton": "kinect-v1-20"}).collate([w.numpy() for w in walks])
    together = model(batch)
    for i, walk in enumerate(walks):
        alone = model(walk[None])
        torch.testing.assert_close(together.embedding[i], alone.embedding[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(together.logits[i], alone.logits[0], rtol=1e-5, atol=1e-5)


def test_training_sees_no_padding() -> None:
    walks = _walks(4, 7, 0.2)
    padded = torch.cat([walks, torch.zeros(4, 6, 20, 4)], dim=1)
    padded[:, 7:, :, :3] = 100  # whatever stands there
    plain, other = _model().train(), _model().train()
    torch.testing.assert_close(plain(walks).logits, other(padded).logits, rtol=1e-4, atol=1e-4)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value, rtol=1e-4, atol=1e-5, msg=key)


def test_where_an_unseen_joint_is_said_to_be_does_not_matter() -> None:
    model = _model()
    walks = _walks(3, 9, 0.3)
    elsewhere = walks.clone()
    elsewhere[..., :3][walks[..., 3] == 0] = torch.nan
    assert torch.equal(model(walks).embedding, model(elsewhere).embedding)
    shown = walks.clone()
    shown[..., 3] = 1
    assert (model(shown).embedding - model(walks).embedding).abs().max() > 1e-3


def test_walk_without_any_joint_has_no_embedding_and_harms_nobody() -> None:
    model = _model()
    walks = _walks(3, 9)
    expected = model(walks).embedding[1:]
    walks[0, ..., 3] = 0
    embedding = model(walks).embedding
    assert embedding[0].isnan().all()
    torch.testing.assert_close(embedding[1:], expected, rtol=1e-5, atol=1e-5)
    output = model.train()(walks)
    assert torch.isfinite(output.embedding).all()
    (output.embedding.sum() + output.logits.logsumexp(-1).sum()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_time_has_an_order_and_the_room_no_place() -> None:
    model = _model()
    walks = _walks(3, 9)
    assert (model(walks).embedding - model(walks.flip(1)).embedding).abs().max() > 1e-3
    moved = walks + torch.tensor([2.0, 0.5, -1.0, 0.0])
    torch.testing.assert_close(model(moved).embedding, model(walks).embedding, rtol=1e-4, atol=1e-4)


def test_left_is_told_from_right() -> None:
    model, walks = _model(), _walks(3, 9)
    mirrored = walks[:, :, torch.from_numpy(SKELETONS["kinect-v1-20"].mirror_indices)]
    assert (model(mirrored).embedding - model(walks).embedding).abs().max() > 1e-2


@pytest.mark.parametrize("name", sorted(SKELETONS))
@pytest.mark.parametrize("axes", [2, 3])
def test_any_skeleton_any_length(name: str, axes: int) -> None:
    model = _model(skeleton=name, axes=axes)
    for frames in (1, 3, 70):
        embedding = model(_walks(2, frames, 0.1, model.num_joints, axes)).embedding
        assert embedding.shape == (2, 1, 8)
        torch.testing.assert_close(embedding.norm(dim=-1), torch.ones(2, 1))


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
    assert torch.isfinite(_model(reduction=reduction)(_walks(2, 9)).embedding).all()


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


def test_joints_of_another_skeleton_are_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"needs joints \[B, T >= 1, 20, 4\]"):
        _model()(_walks(2, 5, joints=25))


def test_its_declared_input_feeds_it() -> None:
    model = _model()
    declared = build_input(ResGcn.default_input(ResGcnConfig(**SMALL)))
    walk = _walks(1, 80)[0, ..., :3].numpy()
    sequence = GaitSequence("a", "nm-01", "000", 30.0, joints=walk, skeleton="kinect-v1-20")
    batch = declared.finish(declared.collate([declared.encode(sequence)]))
    assert batch.shape == (1, 60, 20, 4)
    assert model(batch).embedding.shape == (1, *model.embedding_shape)
