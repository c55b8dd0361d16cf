import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.skeletons import COCO_17, KINECT_V1_20, Skeleton
from gaitprint.data.poses.anatomy import legs_of, points_of


def test_points_are_joints_or_derived_from_them() -> None:
    joints = np.random.default_rng(0).normal(size=(4, 20, 3))
    found = points_of(joints, KINECT_V1_20, ("thorax", "left_hip"))
    np.testing.assert_allclose(found, joints[:, [KINECT_V1_20.index("thorax"), KINECT_V1_20.index("left_hip")]])
    flat = np.random.default_rng(1).normal(size=(4, 17, 2))
    pelvis = points_of(flat, COCO_17, ("pelvis",))[:, 0]
    np.testing.assert_allclose(pelvis, (flat[:, 11] + flat[:, 12]) / 2)
    legs = legs_of(flat, COCO_17)
    assert legs.shape == (4, 2, 3, 2)
    np.testing.assert_allclose(legs[:, 1, 2], flat[:, COCO_17.index("right_ankle")])


def test_what_a_skeleton_lacks_is_named() -> None:
    arms = Skeleton("arms", ("left_shoulder", "right_shoulder"), (("left_shoulder", "right_shoulder"),), ())
    with pytest.raises(IncompatibleError, match=r"^skeleton 'arms' cannot be preprocessed: it has no pelvis$"):
        points_of(np.zeros((1, 2, 3)), arms, ("pelvis", "thorax"))
