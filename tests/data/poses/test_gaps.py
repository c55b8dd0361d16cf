import itertools

import numpy as np
import pytest

from gaitprint.data.poses.gaps import fill_gaps


def filled_by_loop(joints: np.ndarray, confidence: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Joint by joint and axis by axis with np.interp, gap by gap."""
    filled, trusted = joints.copy(), confidence.astype(np.float64)
    frames = np.arange(len(joints))
    for joint in range(joints.shape[1]):
        at = np.flatnonzero(confidence[:, joint] > 0)
        if not len(at):
            continue
        for axis in range(joints.shape[2]):
            filled[:, joint, axis] = np.interp(frames, at, joints[at, joint, axis])
        for first, last in itertools.pairwise(at):
            if 1 <= last - first - 1 <= longest:
                for frame in range(first + 1, last):
                    trusted[frame, joint] = 0.5 * np.interp(frame, [first, last], confidence[[first, last], joint])
    for joint in range(joints.shape[1]):
        if not (confidence[:, joint] > 0).any():
            others = [other for other in range(joints.shape[1]) if (confidence[:, other] > 0).any()]
            filled[:, joint] = filled[:, others].mean(axis=1)
    return filled, trusted


@pytest.mark.parametrize("longest", [0, 1, 3, 100])
@pytest.mark.parametrize("axes", [2, 3])
def test_agrees_with_a_loop_over_gaps(longest: int, axes: int) -> None:
    rng = np.random.default_rng(longest)
    joints = rng.normal(size=(40, 6, axes))
    confidence = np.where(rng.random((40, 6)) < [0.1, 0.3, 0.5, 0.8, 0.9, 1.1], 0, rng.random((40, 6)) + 0.01)
    confidence = np.minimum(confidence, 1).astype(np.float32)
    before = joints.copy(), confidence.copy()
    filled, trusted = fill_gaps(joints, confidence, longest)
    expected, expected_confidence = filled_by_loop(joints, confidence, longest)
    np.testing.assert_allclose(filled, expected, atol=1e-12)
    np.testing.assert_allclose(trusted, expected_confidence, atol=1e-6)
    assert trusted.dtype == np.float32
    np.testing.assert_array_equal(joints, before[0])
    np.testing.assert_array_equal(confidence, before[1])


def test_nothing_missing_nothing_seen_and_one_frame() -> None:
    joints = np.random.default_rng(0).normal(size=(5, 3, 3))
    full = np.ones((5, 3), np.float32)
    filled, trusted = fill_gaps(joints, full, 9)
    assert filled is joints
    assert trusted is full
    filled, trusted = fill_gaps(joints, 0 * full, 9)
    assert np.isfinite(filled).all()
    assert (trusted == 0).all()
    filled, trusted = fill_gaps(joints[:1], np.array([[1, 0, 1]], np.float32), 9)
    np.testing.assert_allclose(filled[0, 1], (joints[0, 0] + joints[0, 2]) / 2)
    assert trusted.tolist() == [[1, 0, 1]]
