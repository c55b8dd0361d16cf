import numpy as np
import pytest

from gaitprint.data.poses.outliers import find_outliers


def found_by_loop(joints: np.ndarray, half: int, threshold: float) -> np.ndarray:
    frames, count, _ = joints.shape
    relative = np.array([frame - np.median(frame, axis=0) for frame in joints])

    def place(index: int, joint: int) -> np.ndarray:  # turned about the end points
        if index < 0:
            return 2 * relative[0, joint] - place(-index, joint)
        if index >= frames:
            return 2 * relative[-1, joint] - place(2 * (frames - 1) - index, joint)
        return relative[index, joint]

    def at(index: int) -> int:  # mirrored about both end frames
        period = 2 * (frames - 1)
        index %= period
        return min(index, period - index)

    distance = np.zeros((frames, count))
    for frame, joint in np.ndindex(frames, count):
        window = [place(other, joint) for other in range(frame - half, frame + half + 1)]
        distance[frame, joint] = np.linalg.norm(relative[frame, joint] - np.median(window, axis=0))
    extent = np.median([np.linalg.norm(relative[frame, joint]) for frame, joint in np.ndindex(frames, count)])
    found = np.zeros((frames, count), bool)
    for frame, joint in np.ndindex(frames, count):
        usual = np.median([distance[at(other), joint] for other in range(frame - half, frame + half + 1)])
        found[frame, joint] = distance[frame, joint] > max(threshold * 1.4826 * usual, 0.2 * extent)
    return found


@pytest.mark.parametrize(("frames", "axes"), [(60, 3), (60, 2), (6, 3)])
def test_agrees_with_a_loop_over_windows(frames: int, axes: int) -> None:
    rng = np.random.default_rng(frames + axes)
    joints = rng.normal(size=(1, 7, axes)) + 0.1 * rng.standard_t(1.5, size=(frames, 7, axes))
    found = find_outliers(joints, 30.0, 2.0)
    np.testing.assert_array_equal(found, found_by_loop(joints, 3, 2.0))
    assert found.any()
    assert not found.all()


@pytest.mark.parametrize("scale", [1.0, 200.0])
@pytest.mark.parametrize("rate", [25.0, 120.0])
def test_finds_what_jumped_and_nothing_else(walk_of, scale: float, rate: float) -> None:
    joints = walk_of(round(4 * rate), rate)
    joints += np.random.default_rng(0).normal(size=joints.shape) * 0.005
    # The sensor jerks: all joints jump together, for good or for a moment.
    joints[40:, :, 0] += 0.5
    joints[70, :] += [0.3, 0.0, -0.4]
    clean = joints.copy()
    assert not find_outliers(clean * scale, rate, 4.0).any()
    faults = [(20, 15), (21, 15), (55, 6), (1, 18), (len(joints) - 2, 3)]
    for frame, joint in faults:
        joints[frame, joint] += [0.0, 0.5, 0.3]
    found = find_outliers(joints * scale, rate, 4.0)
    assert sorted(map(tuple, np.argwhere(found).tolist())) == sorted(faults)


def test_short_walks_have_none() -> None:
    for frames in (1, 2):
        assert not find_outliers(np.random.default_rng(0).normal(size=(frames, 5, 3)) * 9, 30.0, 0.1).any()
    assert not find_outliers(np.zeros((9, 5, 3)), 30.0, 4.0).any()
