import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.joint_yaw import JointYaw, JointYawConfig


def test_turns_every_frame_of_a_walk_alike_about_the_vertical() -> None:
    torch.manual_seed(0)
    walks = torch.rand(300, 5, 8, 4) + 0.1
    turned = JointYaw(JointYawConfig(probability=1.0, degrees=40.0))(walks)
    assert torch.equal(turned[..., [1, 3]], walks[..., [1, 3]])
    before = torch.complex(walks[..., 2].double(), walks[..., 0].double())  # z + i x
    after = torch.complex(turned[..., 2].double(), turned[..., 0].double())
    rotation = after / before
    torch.testing.assert_close(rotation.abs(), torch.ones_like(rotation.abs()), rtol=0, atol=1e-5)
    angles = rotation.angle().flatten(1) * 180 / math.pi
    assert (angles - angles[:, :1]).abs().max() < 1e-3
    assert -40 <= angles.min() < -35
    assert 35 < angles.max() <= 40


def test_joints_in_the_image_are_refused() -> None:
    with pytest.raises(UsageError, match="joint-yaw needs joints in space"):
        JointYaw(JointYawConfig())(torch.ones(1, 2, 20, 3))
