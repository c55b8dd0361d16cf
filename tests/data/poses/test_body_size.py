import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.skeletons import BLAZEPOSE_33, COCO_17, KINECT_V1_20, KINECT_V2_25, MPII_16, Skeleton
from gaitprint.data.poses.body_size import reference_bones, unit_size


def lengths(joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Of each bone in each frame, one by one."""
    return np.array(
        [
            [
                np.linalg.norm(frame[skeleton.index(parent)] - frame[skeleton.index(child)])
                for parent, child in skeleton.bones
            ]
            for frame in joints
        ]
    )


def test_trunk_and_leg_become_one(walk_of) -> None:
    joints = walk_of(50)
    joints[3] *= 5  # one bad frame decides nothing
    unit = unit_size(joints, KINECT_V1_20, 30.0)
    total = 0.0
    for names, weight in (
        *((("pelvis", "thorax"), 1.0),),
        *(
            ((f"{side}_{a}", f"{side}_{b}"), 0.5)
            for side in ("left", "right")
            for a, b in (("hip", "knee"), ("knee", "ankle"))
        ),
    ):
        first, second = (unit[:, KINECT_V1_20.index(name)] for name in names)
        total += weight * np.median([np.linalg.norm(a - b) for a, b in zip(first, second, strict=True)])
    assert total == pytest.approx(1)
    np.testing.assert_allclose(unit_size(joints * 1.2, KINECT_V1_20, 30.0), unit, atol=1e-12)
    np.testing.assert_allclose(joints, unit * np.linalg.norm(joints[7, 3]) / np.linalg.norm(unit[7, 3]), atol=1e-9)


def test_in_the_image_who_comes_nearer_stays_as_big(walk_of) -> None:
    flat = walk_of(120, turn_deg=60.0)[..., :2] * 100
    near = flat * np.linspace(1, 2, 120)[:, None, None]
    steady, growing = unit_size(flat, KINECT_V1_20, 30.0), unit_size(near, KINECT_V1_20, 30.0)
    assert np.abs(steady - growing)[20:-20].max() < 0.02


@pytest.mark.parametrize("skeleton", [KINECT_V1_20, KINECT_V2_25, COCO_17, MPII_16, BLAZEPOSE_33])
def test_only_directions_of_bones_are_left(walk_of, skeleton: Skeleton) -> None:
    joints = walk_of(40, skeleton=skeleton, stature=1.9)
    rebuilt = reference_bones(unit_size(joints, skeleton, 30.0), skeleton)
    found = lengths(rebuilt, skeleton)
    np.testing.assert_allclose(found, np.broadcast_to(found[0], found.shape), atol=1e-9)
    other = np.array([1.0, 0.5, 1.4])[np.arange(len(skeleton.bones)) % 3]
    for before, after, parent, child in (
        (joints[frame], rebuilt[frame], skeleton.index(parent), skeleton.index(child))
        for frame in (0, 17)
        for parent, child in skeleton.bones
    ):
        was, now = before[child] - before[parent], after[child] - after[parent]
        np.testing.assert_allclose(now / np.linalg.norm(now), was / np.linalg.norm(was), atol=1e-6)
    # Somebody with other bones who moves alike becomes the same.
    stranger = joints.copy()
    for bone, (parent, child) in enumerate(skeleton.bones):
        moved = other[bone] * (joints[:, skeleton.index(child)] - joints[:, skeleton.index(parent)])
        stranger[:, skeleton.index(child)] = stranger[:, skeleton.index(parent)] + moved
    again = reference_bones(unit_size(stranger, skeleton, 30.0), skeleton)
    np.testing.assert_allclose(lengths(again, skeleton), found, atol=1e-9)
    hips = [skeleton.index(f"{side}_hip") for side in ("left", "right")]
    pelvis = [
        points[:, skeleton.index("pelvis")] if "pelvis" in skeleton.joints else points[:, hips].mean(axis=1)
        for points in (again, rebuilt)
    ]
    np.testing.assert_allclose(again - pelvis[0][:, None], rebuilt - pelvis[1][:, None], atol=1e-6)


def test_the_average_body_keeps_its_bones(walk_of) -> None:
    joints = unit_size(walk_of(10, stature=1.7), KINECT_V1_20, 30.0)
    np.testing.assert_allclose(reference_bones(joints, KINECT_V1_20), joints, atol=0.02)


def test_refuses_what_has_no_size_or_no_tree() -> None:
    with pytest.raises(IncompatibleError, match="have no length"):
        unit_size(np.zeros((9, 20, 3)), KINECT_V1_20, 30.0)
    loose = Skeleton("loose", MPII_16.joints, MPII_16.bones[1:], MPII_16.left_right)
    with pytest.raises(IncompatibleError, match="'loose': its bones do not join all joints into one tree"):
        reference_bones(np.random.default_rng(0).normal(size=(2, 16, 3)), loose)


def test_a_bone_without_length_stays_so(walk_of) -> None:
    joints = walk_of(5)
    joints[:, KINECT_V1_20.index("left_hand")] = joints[:, KINECT_V1_20.index("left_wrist")]
    rebuilt = reference_bones(unit_size(joints, KINECT_V1_20, 30.0), KINECT_V1_20)
    hand, wrist = (rebuilt[:, KINECT_V1_20.index(name)] for name in ("left_hand", "left_wrist"))
    np.testing.assert_allclose(hand, wrist, atol=1e-12)
