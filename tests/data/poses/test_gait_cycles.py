import numpy as np
import pytest

from gaitprint.core.skeletons import COCO_17, KINECT_V1_20, convert_joints
from gaitprint.data.poses.gait_cycles import ankle_separation, gait_cycles
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle


@pytest.mark.parametrize("cadence_hz", [0.6, 0.9, 1.3])
@pytest.mark.parametrize("rate", [25.0, 30.0, 120.0])
@pytest.mark.parametrize("skeleton", [KINECT_V1_20, COCO_17])
def test_cycles_are_those_of_the_synthetic_walker(cadence_hz: float, rate: float, skeleton) -> None:
    motion = walk(average_body(1.75), GaitStyle(cadence_hz=cadence_hz), round(8 * rate), frame_rate_hz=rate)
    joints = convert_joints(motion.landmarks, LANDMARKS, skeleton)[0].astype(np.float64)
    joints += np.random.default_rng(0).normal(size=joints.shape) * 0.01
    cycles = gait_cycles(ankle_separation(joints, skeleton), rate)
    # As many as fit in, but for one that the ends of the walk cut.
    assert len(cycles) in (int(8 * cadence_hz) - 1, int(8 * cadence_hz))
    np.testing.assert_allclose(cycles[1:, 0], cycles[:-1, 1])
    durations = np.diff(cycles, axis=1)[:, 0] / rate
    np.testing.assert_allclose(durations, 1 / cadence_hz, rtol=0.04)
    assert durations.mean() == pytest.approx(1 / cadence_hz, rel=0.01)
    # The left heel touches the ground half a cycle after the right one.
    phase = np.interp(cycles[:, 0], np.arange(len(joints)), motion.right_phase)
    assert np.abs((phase - 0.5 + 0.5) % 1 - 0.5).max() < 0.07


def test_in_the_image_from_either_side(walk_of) -> None:
    expected = gait_cycles(ankle_separation(walk_of(240), KINECT_V1_20), 30.0)
    durations = np.diff(expected, axis=1)
    for turn_deg in (90.0, 250.0):
        flat = walk_of(240, turn_deg=turn_deg)[..., :2] * [1, -1] * 150 + 200
        cycles = gait_cycles(ankle_separation(flat, KINECT_V1_20), 30.0)
        assert len(cycles) >= len(expected) - 1
        np.testing.assert_allclose(np.diff(cycles, axis=1), durations.mean(), rtol=0.05)


def test_pauses_are_no_cycles(walk_of) -> None:
    swing = np.sin(2 * np.pi * np.arange(120) / 30)
    with_pause = np.concatenate([swing, np.zeros(150), swing])
    cycles = gait_cycles(with_pause, 30.0)
    np.testing.assert_allclose(cycles[:, 1] - cycles[:, 0], 30, atol=1)
    assert not ((cycles[:, 0] < 195) & (cycles[:, 1] > 195)).any()
    assert len(cycles) == 6
    for nothing in (np.zeros(100), np.zeros(3), swing[:15]):
        assert gait_cycles(nothing, 30.0).shape == (0, 2)
