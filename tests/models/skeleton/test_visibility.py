import pytest
import torch

from gaitprint.core.errors import IncompatibleError
from gaitprint.models.skeleton.visibility import split_joints


def test_unseen_joints_and_frames_are_told_apart(walks) -> None:
    inputs = walks(2, 3, 4)
    inputs[0, 1, 2, 3] = 0  # one joint
    inputs[0, 1, 2, :3] = torch.nan
    inputs[1, 2, :, 3] = 0  # one frame
    positions, seen = split_joints(inputs, 4, 3)
    assert seen.joints.sum() == 2 * 3 * 4 - 1 - 4
    assert seen.frames.tolist() == [[True, True, True], [True, True, False]]
    assert positions[0, 1, 2].tolist() == positions[1, 2, 3].tolist() == [0, 0, 0]
    assert torch.equal(positions[0, 0], inputs[0, 0, :, :3])


def test_low_confidence_counts_as_seen(walks) -> None:
    inputs = walks(1, 2, 4)
    inputs[..., 3] = 0.01
    assert split_joints(inputs, 4, 3)[1] == (None, None)


def test_walk_without_any_joint_keeps_its_frames(walks) -> None:
    inputs = walks(2, 3, 4)
    inputs[1, :, :, 3] = 0
    _, seen = split_joints(inputs, 4, 3)
    assert seen.frames is None
    assert not seen.joints[1].any()


@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (2, 3, 4, 3), (2, 0, 4, 4), (3, 4, 4)])
def test_other_joints_are_refused_in_one_line(shape: tuple[int, ...]) -> None:
    with pytest.raises(IncompatibleError, match=r"needs joints \[B, T >= 1, 4, 4\].*not \[") as error:
        split_joints(torch.ones(shape), 4, 3)
    assert "\n" not in str(error.value)
