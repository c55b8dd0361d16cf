import pytest
import torch
from torch import Tensor

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import SKELETONS
from gaitprint.data.inputs import build_input
from gaitprint.models.base import GaitModel
from gaitprint.models.skeleton_transformer import SkeletonTransformer, SkeletonTransformerConfig
from gaitprint.models.weights import build_model

SMALL = {
    "skeleton": "kinect-v1-20",
    "graph_channels": (8, 16),
    "frame_width": 16,
    "heads": 4,
    "width": 16,
    "layers": 2,
    "feed_forward": 32,
    "hidden": 16,
    "embedding": 8,
}


def _walks(batch: int, frames: int, unseen: float = 0.0, joints: int = 20, axes: int = 3) -> Tensor:
    confidence = (torch.rand(batch, frames, joints, 1) >= unseen).float()
    confidence[:, :, 0] = 1
    return torch.cat([torch.randn(batch, frames, joints, axes), confidence], dim=-1)


def _model(**options: object) -> GaitModel:
    """A small model in evaluation mode whose normalisations have learnt something."""
    torch.manual_seed(3)
    model = build_model({"name": "skeleton-transformer", **SMALL, **options}, 5).train()
    with torch.no_grad():
        for _ in range(3):
            model(_walks(6, 9, joints=model.num_joints, axes=model.axes) * 2)
    return model.eval()


@pytest.mark.parametrize("unseen", [0.0, 0.3])
@pytest.mark.parametrize("standardise", [False, True])
def test_padding_changes_nothing(unseen: float, standardise: bool) -> None:
    model = _model(standardise=standardise)
    walks = [_walks(1, frames, unseen)[0] for frames in (1, 3, 11, 16)]
    batch = build_input({"representation": "joints", "skeleton": "kinect-v1-20"}).collate([w.numpy() for w in walks])
    assert batch.shape == (4, 16, 20, 4)
    together = model(batch)
    for i, walk in enumerate(walks):
        alone = model(walk[None])
        torch.testing.assert_close(together.embedding[i], alone.embedding[0], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(together.logits[i], alone.logits[0], rtol=1e-5, atol=1e-5)


def test_training_sees_no_padding() -> None:
    options = {"graph_dropout": 0.0, "dropout": 0.0}
    walks = _walks(4, 7, 0.2)
    padded = torch.cat([walks, torch.zeros(4, 5, 20, 4)], dim=1)
    padded[:, 7:, :, :3] = 100  # whatever stands there
    plain, other = _model(**options).train(), _model(**options).train()
    torch.testing.assert_close(plain(walks).logits, other(padded).logits, rtol=1e-4, atol=1e-4)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value, msg=key)


def test_where_an_unseen_joint_is_said_to_be_does_not_matter() -> None:
    model = _model()
    walks = _walks(3, 9, 0.3)
    unseen = walks[..., 3] == 0
    elsewhere = walks.clone()
    elsewhere[..., :3][unseen] = torch.nan
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


def test_time_has_an_order() -> None:
    model = _model()
    walks = _walks(3, 9)
    assert (model(walks).embedding - model(walks.flip(1)).embedding).abs().max() > 1e-3


@pytest.mark.parametrize("unseen", [0.0, 0.3])
def test_maps_come_with_the_same_embedding(unseen: float) -> None:
    model = _model()
    walks = _walks(3, 9, unseen)
    walks[1, 6:, :, 3] = 0
    output, maps = model.attend(walks)
    torch.testing.assert_close(output.embedding, model(walks).embedding, rtol=1e-5, atol=1e-5)
    joints, frames = walks[..., 3] > 0, (walks[..., 3] > 0).any(2)
    assert maps.joints.shape == (3, 9, 4, 20, 20)
    assert maps.frames.shape == (3, 4, 9, 9)
    for weights, seen in ((maps.joints.flatten(0, 1), joints.flatten(0, 1)), (maps.frames, frames)):
        torch.testing.assert_close(weights.sum(dim=-1), seen[:, None].expand(weights.shape[:3]).float())
        assert not (weights * ~seen[:, None, None, :]).any()


def test_embedding_has_length_one() -> None:
    torch.testing.assert_close(_model()(_walks(3, 9)).embedding.norm(dim=-1), torch.ones(3, 1))


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
        assert torch.isfinite(embedding).all()


def test_parameters_at_the_specified_size() -> None:
    model = build_model({"name": "skeleton-transformer"}, None)
    counted = {name: sum(p.numel() for p in child.parameters()) for name, child in model.named_children()}
    expected = {
        "standardise": 2 * 25 * 3,
        "graph": 3 * 128 + 128 * 128 + 128 * 256 + 2 * (128 + 128 + 256),
        "joint_attention": 4 * (256 * 256 + 256) + 2 * 256,
        "frame": 25 * 256 * 256 + 256,
        "frame_attention": 4 * (256 * 256 + 256) + 2 * 256,
        "encoder": 256 * 512 + 512 + 6 * (4 * (512 * 512 + 512) + 2 * 512 * 2048 + 2048 + 512 + 4 * 512) + 2 * 512,
        "aggregate": 512 * (512 + 256 + 128 + 64) + 512 + 256 + 128 + 64,
        "head": 6 * 512 * 512 + 512 + 512 * 256 + 2 * 256,
    }
    assert counted == expected
    assert sum(counted.values()) == 23_461_078


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 3}, r"model\.heads is 3, which does not divide the 256 of model\.graph_channels"),
        ({"width": 0}, r"model\.width is 0, must be at least 1"),
        ({"heads": 1, "width": 33, "pyramid": (1,)}, r"model\.width is 33, must be even"),
        ({"pyramid": (1, 3)}, r"model\.pyramid has 3 segments, which do not divide model\.width 512"),
        ({"pyramid": ()}, r"model\.pyramid is \[\], needs numbers"),
        ({"graph_channels": (8, 0)}, r"model\.graph_channels is \[8, 0\], needs numbers of at least 1"),
        ({"dropout": 1.0}, r"model\.dropout is 1\.0, must be at least 0 and below 1"),
        ({"skeleton": "kinect-v1"}, r"did you mean 'kinect-v1-20'"),
        ({"axes": 4}, r"model\.axes"),
    ],
)
def test_wrong_options_are_refused_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        build_model({"name": "skeleton-transformer", **options}, None)
    assert "\n" not in str(error.value)


def test_joints_of_another_skeleton_are_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"needs joints \[B, T >= 1, 20, 4\]"):
        _model()(_walks(2, 5, joints=25))


def test_its_declared_input_feeds_it() -> None:
    model = _model()
    config = SkeletonTransformerConfig(**SMALL)
    declared = build_input(SkeletonTransformer.default_input(config))
    walk = _walks(1, 80)[0, ..., :3].numpy()
    sequence = GaitSequence("a", "nm-01", "000", 30.0, joints=walk, skeleton="kinect-v1-20")
    batch = declared.finish(declared.collate([declared.encode(sequence)]))
    assert batch.shape == (1, 60, 20, 4)
    assert model(batch).embedding.shape == (1, *model.embedding_shape)
