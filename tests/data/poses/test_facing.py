import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.skeletons import BLAZEPOSE_33, COCO_17, KINECT_V1_20, KINECT_V2_25, MPII_16
from gaitprint.data.poses.facing import face_forward, find_handedness, turn


def test_turns_from_ahead_to_the_right() -> None:
    quarter = turn(np.array([[[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]]), np.array([np.pi / 2]))
    np.testing.assert_allclose(quarter, [[[2, 1, 0], [0, 0, -3]]], atol=1e-12)


@pytest.mark.parametrize("skeleton", [KINECT_V1_20, KINECT_V2_25, COCO_17, MPII_16, BLAZEPOSE_33])
@pytest.mark.parametrize("turn_deg", [0.0, 75.0, 180.0, -100.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_every_walk_comes_to_lie_as_the_one_straight_ahead(walk_of, skeleton, turn_deg: float, mirrored: bool) -> None:
    straight = walk_of(skeleton=skeleton)
    other = walk_of(turn_deg=turn_deg, mirrored=mirrored, skeleton=skeleton)
    found = find_handedness(other, skeleton, 30.0)
    assert found == ("right" if mirrored else "left")
    forward = face_forward(other, skeleton, 30.0)
    # The line of hips and shoulders, which decides where nobody moves, is not quite square to the way.
    assert np.abs(forward - straight).max() < 0.06
    np.testing.assert_array_equal(forward, face_forward(other, skeleton, 30.0, found))
    left, right = (forward[:, skeleton.index(f"{side}_ankle"), 0].mean() for side in ("left", "right"))
    assert left < -0.02 < 0.02 < right


@pytest.mark.parametrize("mirrored", [False, True])
def test_who_turns_round_goes_forward_all_the_time(walk_of, mirrored: bool) -> None:
    angle = np.concatenate([np.full(150, 80.0), np.linspace(80, 260, 30), np.full(150, 260.0)])
    forward = face_forward(walk_of(330, turn_deg=angle, mirrored=mirrored), KINECT_V1_20, 30.0)
    straight = walk_of(330)
    steady = np.r_[0:130, 200:330]
    assert np.abs(forward - straight)[steady].max() < 0.12
    ankles = forward[:, KINECT_V1_20.index("left_ankle")] - forward[:, KINECT_V1_20.index("right_ankle")]
    assert ankles[steady, 2].std() > 5 * ankles[steady, 0].std()


def test_hips_and_shoulders_that_always_show_the_front_do_not_mislead(walk_of) -> None:
    """As a Kinect v1 sees people from the side."""
    joints = walk_of(turn_deg=90.0, mirrored=True)
    front = walk_of(turn_deg=180.0, mirrored=True)
    for name in ("hip", "shoulder"):
        for side in ("left", "right"):
            at = KINECT_V1_20.index(f"{side}_{name}")
            joints[:, at] = front[:, at]
    assert find_handedness(joints, KINECT_V1_20, 30.0) == "right"
    forward = face_forward(joints, KINECT_V1_20, 30.0)
    ankles = forward[:, KINECT_V1_20.index("left_ankle")] - forward[:, KINECT_V1_20.index("right_ankle")]
    assert ankles[:, 2].std() > 5 * ankles[:, 0].std()


def test_exchanged_joints_become_the_mirrored_walk(walk_of) -> None:
    """Left for right in left-handed axes is what a right-handed recording of the mirrored walk would be."""
    joints = walk_of()
    exchanged = face_forward(joints[:, KINECT_V1_20.mirror_indices], KINECT_V1_20, 30.0)
    mirrored = (joints * [-1, 1, 1])[:, KINECT_V1_20.mirror_indices]
    assert np.abs(exchanged - mirrored).max() < 0.06


def test_bent_knees_tell_even_where_nobody_moves_but_stiff_legs_do_not(walk_of) -> None:
    for frames in (1, 3):
        for mirrored in (False, True):
            found = find_handedness(walk_of(frames, turn_deg=30.0, mirrored=mirrored), KINECT_V1_20, 30.0)
            assert found == ("right" if mirrored else "left")
    stiff = walk_of(1, turn_deg=50.0)
    for side, sign in (("left", -1), ("right", 1)):
        hip, knee, ankle = (KINECT_V1_20.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle"))
        across = sign * 0.1 * np.array([np.cos(np.deg2rad(50)), -np.sin(np.deg2rad(50))])
        foot = KINECT_V1_20.index(f"{side}_foot")
        for joint, height in ((hip, 0.9), (knee, 0.5), (ankle, 0.1), (foot, 0.0)):
            stiff[0, joint] = [across[0], height, across[1]]
    stiff = np.repeat(stiff, 9, axis=0)
    assert find_handedness(stiff, KINECT_V1_20, 30.0) is None
    with pytest.raises(IncompatibleError, match=r"neither swing nor bend.*set handedness"):
        face_forward(stiff, KINECT_V1_20, 30.0)
    hips = [KINECT_V1_20.index(f"{side}_hip") for side in ("left", "right")]
    for handedness, sign in (("left", 1), ("right", -1)):
        forward = face_forward(stiff * [sign, 1, 1], KINECT_V1_20, 30.0, handedness)
        np.testing.assert_allclose(forward[0, hips][:, [0, 2]], [[-0.1, 0], [0.1, 0]], atol=0.02)


def test_toes_decide_between_ahead_and_back(walk_of) -> None:
    """Knees that a sensor reports a little behind the line from hip to ankle do not turn the walker round."""
    joints = walk_of(turn_deg=120.0, mirrored=True)
    backwards = np.array([np.sin(np.deg2rad(120)), 0, -np.cos(np.deg2rad(120))]) * 0.15
    for side in ("left", "right"):
        joints[:, KINECT_V1_20.index(f"{side}_knee")] += backwards
    assert find_handedness(joints, KINECT_V1_20, 30.0) == "right"
    forward = face_forward(joints, KINECT_V1_20, 30.0)
    others = [KINECT_V1_20.index(name) for name in KINECT_V1_20.joints if "knee" not in name]
    assert np.abs(forward - walk_of())[:, others].max() < 0.06


@pytest.mark.parametrize("mirrored", [False, True])
def test_who_sets_the_feet_on_one_line_is_told_by_the_toes(walk_of, mirrored: bool) -> None:
    joints = walk_of()
    for side, sign in (("left", 1), ("right", -1)):
        for name in ("knee", "ankle", "foot"):
            at = KINECT_V1_20.index(f"{side}_{name}")
            # On the line, and then a little on the other side of it.
            joints[:, at, 0] += sign * 0.01 - joints[:, at, 0].mean()
    joints *= [-1 if mirrored else 1, 1, 1]
    assert find_handedness(joints, KINECT_V1_20, 30.0) == ("right" if mirrored else "left")
