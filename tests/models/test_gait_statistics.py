import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gaitprint.core.skeletons import get_skeleton
from gaitprint.models.gait_statistics import GaitStatistics, GaitStatisticsConfig

SKELETON = get_skeleton("kinect-v1-20")
RATE_HZ, CYCLE_HZ = 30.0, 0.9


def walker(frames: int = 300, *, stride: float = 0.3, arm: float = 0.0, turn: int | None = None) -> Tensor:
    """A walk [1, T, 21, 4] along +z: ankles swing, the near arm is `arm` wider, the sensor changes side at `turn`."""
    time = torch.arange(frames) / RATE_HZ
    joints = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)).repeat(frames, 1, 1) * 0.3
    swing = stride * torch.sin(2 * math.pi * CYCLE_HZ * time)
    joints[:, SKELETON.index("left_ankle"), 2] = swing
    joints[:, SKELETON.index("right_ankle"), 2] = -swing
    sensor = torch.zeros(frames, 1, 3)
    sensor[:, :, 0] = 1.0
    if turn is not None:
        sensor[turn:, :, 0] = -1.0
        joints[turn:, SKELETON.index("right_hand"), 0] += arm
    return torch.cat([torch.cat([joints, sensor], dim=1), torch.ones(frames, 21, 1)], dim=-1)[None]


@pytest.fixture
def model() -> GaitStatistics:
    return GaitStatistics(GaitStatisticsConfig()).eval()


def side_of(model: GaitStatistics, description: Tensor, side: int) -> Tensor:
    """Measurements of the first group (bone directions and lengths) from one side, [B, F]."""
    group = torch.split(description, model.group_sizes, dim=1)[0]
    return group.chunk(2, dim=1)[side]


def test_sides_are_measured_apart(model: GaitStatistics) -> None:
    plain, wide = (model.describe(walker(600, turn=300, arm=arm)) for arm in (0.0, 0.2))
    torch.testing.assert_close(side_of(model, plain, 0), side_of(model, wide, 0))
    assert (side_of(model, plain, 1) - side_of(model, wide, 1)).abs().max() > 0.1


def test_a_side_that_was_not_seen_is_measured_on_the_whole_walk(model: GaitStatistics) -> None:
    description = model.describe(walker(300))
    torch.testing.assert_close(side_of(model, description, 0), side_of(model, description, 1))


def test_swing_is_the_first_harmonic(model: GaitStatistics) -> None:
    harmonics = torch.split(model.describe(walker(600, stride=0.25)), model.group_sizes, dim=1)[1].chunk(2, dim=1)[0]
    swing = harmonics[0, 60:].view(20, 2, 3)  # [J, cosine and sine, axes]
    for ankle, sign in (("left_ankle", 1), ("right_ankle", -1)):
        cosine, sine = swing[SKELETON.index(ankle), :, 2].tolist()
        # Phase 0 is where the left ankle is farthest ahead.
        assert cosine == pytest.approx(sign * 0.25, rel=0.02)
        assert abs(sine) < 0.01
    assert swing[SKELETON.index("head")].abs().max() < 1e-3


def test_padding_and_batch_mates_change_nothing(model: GaitStatistics) -> None:
    short, long = walker(200, stride=0.2), walker(500, turn=250, arm=0.1)
    batch = torch.zeros(2, 500, 21, 4)
    batch[0, :200], batch[1] = short[0], long[0]
    torch.testing.assert_close(model.describe(batch)[:1], model.describe(short), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.describe(batch)[1:], model.describe(long), rtol=1e-4, atol=1e-5)


def test_medians_agree_with_numpy(model: GaitStatistics) -> None:
    walk = walker(400)
    walk[0, :, :20, :3] += 0.05 * torch.randn(400, 20, 3, generator=torch.Generator().manual_seed(1))
    lengths = side_of(model, model.describe(walk), 0)[0, -len(SKELETON.bones) :]
    joints = walk[0, :, :20, :3].numpy()
    expected = [
        np.median(np.linalg.norm(joints[:, child] - joints[:, parent], axis=1))
        for parent, child in SKELETON.bone_indices
    ]
    # All frames walk, but for those at the ends, where the filter sees half a cycle.
    np.testing.assert_allclose(lengths, expected, rtol=0.02)


@pytest.mark.parametrize("frames", [1, 3, 12])
def test_the_shortest_walks_have_an_embedding(model: GaitStatistics, frames: int) -> None:
    embedding = model(walker(frames)).embedding
    assert torch.isfinite(embedding).all()
    torch.testing.assert_close(embedding.norm(dim=-1), torch.ones(1, 1))


def test_a_joint_that_was_never_seen_counts_as_average(model: GaitStatistics) -> None:
    walk = walker()
    walk[0, :, SKELETON.index("head"), 3] = 0
    assert model.describe(walk).isnan().any()
    assert torch.isfinite(model(walk).embedding).all()


def test_standing_still_is_no_reason_to_fail(model: GaitStatistics) -> None:
    assert torch.isfinite(model(walker(stride=0.0)).embedding).all()


def test_a_walk_that_shows_nobody_has_no_embedding(model: GaitStatistics) -> None:
    batch = torch.cat([walker(), walker()])
    batch[0, :, :, 3] = 0
    embedding = model(batch).embedding
    assert embedding[0].isnan().all()
    torch.testing.assert_close(embedding[1:], model(walker()).embedding, rtol=1e-4, atol=1e-5)
