import numpy as np
import pytest

from gaitprint.core.skeletons import COCO_17, KINECT_V1_20
from gaitprint.data.poses.centring import centre


def test_horizontally_in_each_frame_and_vertically_on_average(walk_of) -> None:
    joints = walk_of(200)
    wandering = joints + np.cumsum(np.random.default_rng(0).normal(size=(200, 1, 3)) * [0.1, 0, 0.1], axis=0)
    pelvis = KINECT_V1_20.index("pelvis")
    middle = centre(wandering, KINECT_V1_20, 30.0)
    np.testing.assert_allclose(middle[:, pelvis][:, [0, 2]], 0, atol=1e-12)
    heights = joints[:, pelvis, 1]
    for frame in range(200):
        around = heights[max(0, frame - 35) : frame + 37]
        assert middle[frame, pelvis, 1] == pytest.approx(heights[frame] - around.mean(), abs=1e-9)
    # Rise and fall stay, a slope goes.
    np.testing.assert_allclose(np.ptp(middle[40:-40, pelvis, 1]), np.ptp(heights), rtol=0.1)
    uphill = joints + np.linspace(0, 2, 200)[:, None, None] * [0, 1, 0]
    np.testing.assert_allclose(
        centre(uphill, KINECT_V1_20, 30.0)[40:-40], centre(joints, KINECT_V1_20, 30.0)[40:-40], atol=0.01
    )


def test_in_the_image_by_the_middle_of_the_hips() -> None:
    flat = np.random.default_rng(0).normal(size=(90, 17, 2)) * 50 + 300
    middle = centre(flat, COCO_17, 30.0)
    hips = (flat[:, 11] + flat[:, 12]) / 2
    np.testing.assert_allclose(middle[:, :, 0], flat[:, :, 0] - hips[:, :1], atol=1e-9)
    assert np.ptp((flat - middle)[:, :, 1], axis=1).max() < 1e-9
