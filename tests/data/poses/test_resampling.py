import numpy as np
import pytest

from gaitprint.data.poses.resampling import resample, resampled_length


@pytest.mark.parametrize(("rate", "wanted"), [(25.0, 30.0), (120.0, 30.0), (29.97, 30.0), (30.0, 25.0), (12.5, 100.0)])
@pytest.mark.parametrize("frames", [1, 2, 3, 50, 121])
def test_agrees_with_interpolation_by_time(rate: float, wanted: float, frames: int) -> None:
    rng = np.random.default_rng(frames)
    joints, confidence = rng.normal(size=(frames, 3, 2)), rng.uniform(0.1, 1, size=(frames, 3)).astype(np.float32)
    moved, trusted = resample(joints, confidence, rate, wanted)
    times = np.arange(frames) / rate
    new_times = np.arange(len(moved)) / wanted
    assert new_times[-1] <= times[-1] + 1e-6 < new_times[-1] + 1 / wanted + 2e-6
    assert len(moved) == len(trusted) == resampled_length(frames, rate, wanted)
    for joint in range(3):
        for axis in range(2):
            expected = np.interp(new_times, times, joints[:, joint, axis])
            np.testing.assert_allclose(moved[:, joint, axis], expected, atol=1e-3)
        np.testing.assert_allclose(trusted[:, joint], np.interp(new_times, times, confidence[:, joint]), atol=1e-3)


def test_a_whole_fraction_takes_frames_as_they_are() -> None:
    joints = np.random.default_rng(0).normal(size=(121, 4, 3))
    confidence = (np.random.default_rng(1).random((121, 4)) > 0.3).astype(np.float32)
    moved, trusted = resample(joints, confidence, 120.0, 30.0)
    np.testing.assert_array_equal(moved, joints[::4])
    np.testing.assert_array_equal(trusted, confidence[::4])
    assert resample(joints, confidence, 30.0, 30.0)[0] is joints


def test_between_seen_and_unseen_is_unseen() -> None:
    confidence = np.array([[1.0], [0.0], [1.0], [1.0]], np.float32)
    _, trusted = resample(np.zeros((4, 1, 3)), confidence, 15.0, 30.0)
    assert trusted[:, 0].tolist() == [1, 0, 0, 0, 1, 1, 1]
