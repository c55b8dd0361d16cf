import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from gaitprint.data.poses.smoothing import smooth


def test_agrees_with_filtfilt_away_from_the_ends() -> None:
    joints = np.random.default_rng(0).normal(size=(300, 4, 3))
    expected = filtfilt(*butter(2, 6.0, fs=30.0), joints, axis=0)
    np.testing.assert_allclose(smooth(joints, 30.0, 6.0)[20:-20], expected[20:-20], atol=1e-6)


@pytest.mark.parametrize("rate", [25.0, 30.0, 120.0])
def test_keeps_steps_in_time_and_takes_noise_away(rate: float) -> None:
    time = np.arange(round(5 * rate)) / rate
    slow, fast = np.sin(2 * np.pi * 1.5 * time), np.sin(2 * np.pi * 11 * time)
    smoothed = smooth(np.stack([slow, slow + fast], axis=1)[:, None], rate, 6.0)[:, 0]
    middle = slice(round(rate / 2), -round(rate / 2))
    assert np.abs(smoothed[middle, 0] - slow[middle]).max() < 0.012
    assert np.abs(smoothed[middle, 1] - slow[middle]).max() < 0.12
    line = np.linspace(2, 9, 50).reshape(50, 1, 1)
    np.testing.assert_allclose(smooth(line, rate, 6.0), line, atol=1e-3)


def test_what_cannot_be_filtered_stays() -> None:
    joints = np.random.default_rng(0).normal(size=(40, 2, 3))
    assert smooth(joints, 12.0, 6.0) is joints
    assert smooth(joints[:2], 30.0, 6.0) is not None
    np.testing.assert_array_equal(smooth(joints[:2], 30.0, 6.0), joints[:2])
    for frames in range(3, 30):
        assert np.isfinite(smooth(joints[:frames], 30.0, 6.0)).all()
