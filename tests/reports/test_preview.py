import numpy as np
import pytest

from gaitprint.core.errors import InvalidSequenceError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import COCO_17, KINECT_V1_20, SKELETONS, Skeleton
from gaitprint.reports.preview import contact_sheet, gei_preview, silhouette_strip, skeleton_strip, walk_preview


def _stick_walk(frames: int, frame_rate_hz: float, turn_rad: float = 0.0) -> np.ndarray:
    """Kinect joints [T, 20, 3] of a stick figure that walks away from the sensor, turned about the vertical.

    Axes are left-handed: x to the walker's right, y up, z ahead. A stride takes a second, and toes point ahead.
    """
    heights = {"head": 1.7, "thorax": 1.4, "spine_mid": 1.2, "pelvis": 1.0, "shoulder": 1.4, "elbow": 1.2, "wrist": 1.0}
    heights |= {"hand": 0.9, "hip": 0.95, "knee": 0.5, "ankle": 0.1, "foot": 0.02}
    swing = 0.3 * np.sin(2 * np.pi * np.arange(frames) / frame_rate_hz)  # of the left ankle
    joints = np.zeros((frames, 20, 3))
    for number, joint in enumerate(KINECT_V1_20.joints):
        side, _, part = joint.rpartition("_") if joint != "spine_mid" else ("", "", joint)
        sign = {"left": -1, "right": 1}.get(side, 0)
        share = {"knee": 0.5, "ankle": 1.0, "foot": 1.0}.get(part, 0.0)
        ahead = {"knee": 0.06, "foot": 0.15}.get(part, 0.0)
        joints[:, number, :2] = 0.15 * sign, heights[part]
        joints[:, number, 2] = ahead - sign * share * swing
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    turned = joints @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    return (turned + np.array([0.3, 0, 3])).astype(np.float32)


def test_gei_is_the_mean() -> None:
    frames = np.zeros((4, 2, 2), np.uint8)
    frames[:3, 0, 0] = frames[0, 1, 1] = 255
    np.testing.assert_array_equal(gei_preview(frames), [[191, 0], [0, 64]])


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda s: s.name)
@pytest.mark.parametrize(("frames", "axes"), [(1, 2), (1, 3), (200, 2), (200, 3)])
def test_strip_of_any_skeleton(skeleton: Skeleton, frames: int, axes: int) -> None:
    joints = np.random.default_rng(0).normal(size=(frames, len(skeleton.joints), axes)).astype(np.float32)
    image = skeleton_strip(joints, skeleton, poses=4, height=96)
    assert image.dtype == np.uint8
    assert image.shape[0] == 96
    assert image.shape[1] % 4 == 0
    assert image.any()


def test_side_view_does_not_depend_on_the_direction_of_walking() -> None:
    straight = skeleton_strip(_stick_walk(120, 30), KINECT_V1_20)
    turned = skeleton_strip(_stick_walk(120, 30, turn_rad=1.9), KINECT_V1_20)
    assert straight.shape == turned.shape
    assert np.mean(np.abs(straight.astype(int) - turned) > 60) < 0.01


def test_the_walker_goes_to_the_right_whatever_the_axes_and_the_hips_say() -> None:
    expected = skeleton_strip(_stick_walk(120, 30), KINECT_V1_20)
    # Of a sensor with right-handed axes; and of one that always sees the front: hips, shoulders and arms are recorded
    # across its line of sight, although the legs walk past it.
    mirrored = _stick_walk(120, 30) * np.float32([-1, 1, 1])
    past = _stick_walk(120, 30, turn_rad=np.pi / 2)
    upper = [number for number, name in enumerate(KINECT_V1_20.joints) if not name.endswith(("knee", "ankle", "foot"))]
    front = past.copy()
    front[:, upper] = _stick_walk(120, 30, turn_rad=np.pi)[:, upper]
    for walk in (mirrored, front):
        image = skeleton_strip(walk, KINECT_V1_20)
        pixels = [np.split(each.max(axis=2)[64:] > 0, 6, axis=1) for each in (image, expected)]
        widths = [[np.ptp(np.nonzero(pose.any(axis=0))[0]) for pose in poses] for poses in pixels]
        np.testing.assert_allclose(*widths, atol=8)
        for pose in pixels[0]:  # toes lie ahead of the rest of the legs, on average
            columns = np.nonzero(pose)[1]
            assert np.nonzero(pose[-10:])[1].max() >= np.quantile(columns, 0.9)


def test_poses_cover_one_stride() -> None:
    image = skeleton_strip(_stick_walk(150, 30), KINECT_V1_20, poses=4)
    _, first, _, second = np.split(image, 4, axis=1)
    # Half a stride later left and right have changed places: the same shape with the two colours exchanged.
    assert np.mean((first.max(axis=2) > 0) != (second.max(axis=2) > 0)) < 0.05
    legs = first[64:].astype(int) - second[64:]
    assert np.mean(np.abs(legs).max(axis=2) > 60) > 0.05


def test_legs_that_tell_nothing_are_seen_as_recorded() -> None:
    standing = np.repeat(_stick_walk(1, 30), 60, axis=0)
    standing[..., 2] = 3.0
    arms = standing[:, [KINECT_V1_20.index("left_wrist"), KINECT_V1_20.index("right_wrist")], 0]
    reach = np.ptp(np.nonzero(skeleton_strip(standing, KINECT_V1_20, poses=1)[:64].any(axis=(0, 2)))[0])
    assert reach > 0.9 * np.ptp(arms[0]) * 0.86 * 128 / 1.7


def test_a_joint_that_is_lost_moves_nobody() -> None:
    standing = np.repeat(_stick_walk(1, 30), 60, axis=0) + np.float32([5, 0, 0])
    standing[..., 2] = 3.0
    seen = np.ones((60, 20), np.float32)
    seen[30:, KINECT_V1_20.index("head")] = 0
    before, after = np.split(skeleton_strip(standing, KINECT_V1_20, seen, poses=2)[64:], 2, axis=1)
    columns = [np.nonzero(pose.any(axis=(0, 2)))[0] for pose in (before, after)]
    np.testing.assert_allclose(columns[0][[0, -1]], columns[1][[0, -1]], atol=2)


def test_unseen_joints_are_not_drawn() -> None:
    joints = np.random.default_rng(0).normal(size=(3, 17, 2)).astype(np.float32)
    assert not skeleton_strip(joints, COCO_17, np.zeros((3, 17), np.float32)).any()


def test_far_away_joint_is_no_obstacle() -> None:
    joints = _stick_walk(60, 30)
    joints[3, 0] = 1e9
    assert skeleton_strip(joints, KINECT_V1_20).shape[1] <= 6 * 128


def test_strip_repeats_frames_of_a_short_walk() -> None:
    frames = np.stack([np.full((2, 3), value, np.uint8) for value in (10, 20)])
    np.testing.assert_array_equal(silhouette_strip(frames, 4)[0], np.repeat([10, 10, 20, 20], 3))


def test_preview_of_whatever_was_recorded() -> None:
    silhouettes = np.full((2, 4, 3), 255, np.uint8)
    frames = np.full((2, 4, 3, 3), 7, np.uint8)
    labels = ("001", "nm-01", "090", 30.0)
    assert walk_preview(GaitSequence(*labels, silhouettes=silhouettes)).shape == (4, 3)
    assert walk_preview(GaitSequence(*labels, joints=_stick_walk(2, 30), skeleton=KINECT_V1_20)).ndim == 3
    assert walk_preview(GaitSequence(*labels, frames=frames)).shape == (4, 3, 3)


def test_contact_sheet_lays_walks_out_in_rows() -> None:
    rows = {view: np.full((5, 4, 3), value, np.uint8) for view, value in (("000", 40), ("090", 80))}
    axes = contact_sheet(rows, columns=6, title="walkers").axes[0]
    sheet = np.asarray(axes.images[0].get_array())
    assert sheet.shape == (8, 18)
    assert set(sheet[:4].flat) == {40}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["000", "090"]
    with pytest.raises(InvalidSequenceError, match="one size"):
        contact_sheet({})
    with pytest.raises(InvalidSequenceError, match="one size"):
        contact_sheet({"a": np.zeros((2, 4, 3), np.uint8), "b": np.zeros((2, 4, 4), np.uint8)})
