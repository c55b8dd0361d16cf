import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.skeletons import COCO_17, KINECT_V1_20
from gaitprint.data.joint_inputs import JointsConfig
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess
from gaitprint.data.poses.sensor import level_unit, sensor_direction, with_sensor
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle


def passing(x: float, z: float) -> np.ndarray:
    """Somebody who walks along +z on the spot, seen by a sensor at the origin."""
    points = walk(average_body(1.7), GaitStyle(), 90, frame_rate_hz=30.0).landmarks
    joints = points[:, [LANDMARKS.index(name) for name in KINECT_V1_20.joints]]
    way = joints[:, :1].copy()
    way[..., 1] = 0
    return (joints - way + np.array([x, 0, z])).astype(np.float32)


@pytest.mark.parametrize("size", ["recorded", "unit", "reference-bones"])
@pytest.mark.parametrize(("x", "z", "expected"), [(-3, 0, 1), (3, 0, -1), (0, 3, 0)])
def test_the_side_that_faces_the_sensor(x: float, z: float, expected: float, size: str) -> None:
    # Whoever walks along +z at x = -3 has the sensor to the right; left-handed axes, right hand at +x.
    config = PreprocessingConfig(handedness="left", sensor=True, size=size, rate_hz=15.0)
    joints, confidence = preprocess(passing(x, z), np.ones((90, 20), np.float32), KINECT_V1_20, 30.0, config)
    assert joints.shape == (45, 21, 3)
    assert confidence.min() == 1
    direction = joints[:, -1]
    np.testing.assert_allclose(np.linalg.norm(direction, axis=1), 1, atol=0.01)
    np.testing.assert_allclose(direction[:, 1], 0, atol=1e-6)
    assert direction[:, 0].mean() == pytest.approx(expected, abs=0.05)
    without, _ = preprocess(
        passing(x, z),
        np.ones((90, 20), np.float32),
        KINECT_V1_20,
        30.0,
        PreprocessingConfig(handedness="left", size=size, rate_hz=15.0),
    )
    np.testing.assert_allclose(joints[:, :-1], without, atol=1e-6)


def test_nothing_seen_has_no_direction() -> None:
    config = PreprocessingConfig(sensor=True)
    joints, confidence = preprocess(
        np.zeros((9, 20, 3), np.float32), np.zeros((9, 20), np.float32), KINECT_V1_20, 30.0, config
    )
    assert joints.shape == (9, 21, 3)
    assert not confidence.any()


def test_level_vectors_have_length_one_or_zero() -> None:
    np.testing.assert_allclose(level_unit(np.array([[3.0, 9.0, 4.0], [0.0, 1.0, 0.0]])), [[0.6, 0, 0.8], [0, 0, 0]])
    at_origin = np.zeros((2, 20, 3))
    assert not sensor_direction(at_origin, KINECT_V1_20).any()


def test_the_sensor_is_a_joint_without_bones() -> None:
    skeleton = with_sensor(KINECT_V1_20)
    assert skeleton.joints[-1] == "sensor"
    assert skeleton.bones == KINECT_V1_20.bones


def test_the_image_has_no_place_for_the_sensor() -> None:
    with pytest.raises(UsageError, match=r"sensor needs input\.axes=3"):
        JointsConfig(skeleton="coco-17", axes=2, preprocessing=PreprocessingConfig(sensor=True))
    with pytest.raises(IncompatibleError, match="in the image the sensor has no place"):
        preprocess(
            np.ones((9, 17, 2), np.float32),
            np.ones((9, 17), np.float32),
            COCO_17,
            30.0,
            PreprocessingConfig(sensor=True),
        )
    with pytest.raises(UsageError, match="needs centre=true"):
        PreprocessingConfig(sensor=True, centre=False, face_forward=False)
