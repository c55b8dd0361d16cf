import pytest
import torch
from tests.models.small_networks import random_walks, small_model

from gaitprint.core.errors import UsageError
from gaitprint.models.weights import build_model


@pytest.mark.parametrize("unseen", [0.0, 0.3])
def test_maps_come_with_the_same_embedding(unseen: float) -> None:
    model = small_model("skeleton-transformer")
    walks = random_walks(3, 9, unseen)
    walks[1, 6:, :, 3] = 0
    output, maps = model.attend(walks)
    torch.testing.assert_close(output.embedding, model(walks).embedding, rtol=1e-5, atol=1e-5)
    joints, frames = walks[..., 3] > 0, (walks[..., 3] > 0).any(2)
    assert maps.joints.shape == (3, 9, 4, 20, 20)
    assert maps.frames.shape == (3, 4, 9, 9)
    for weights, seen in ((maps.joints.flatten(0, 1), joints.flatten(0, 1)), (maps.frames, frames)):
        torch.testing.assert_close(weights.sum(dim=-1), seen[:, None].expand(weights.shape[:3]).float())
        assert not (weights * ~seen[:, None, None, :]).any()


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
