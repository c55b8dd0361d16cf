"""Distances, PCK and PCKh against a loop over the definition, and by hand."""

import numpy as np
import pytest

from gaitprint.core.skeletons import MPII_16
from gaitprint.evaluation.pose_metrics import head_size, mean_distance, pck, pckh, torso_size

HEAD, NECK = MPII_16.index("head_top"), MPII_16.index("neck")


def _frames(count: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    true = rng.uniform(0, 100, (count, 16, 2)).astype(np.float32)
    predicted = true + rng.normal(0, 15, true.shape).astype(np.float32)
    present = rng.random((count, 16)) < 0.7
    present[:, 4] = False
    return predicted, true, present


@pytest.mark.parametrize("threshold", [0.1, 0.5])
def test_pckh_against_the_definition(threshold: float) -> None:
    predicted, true, present = _frames()
    hits: dict[int, list[bool]] = {}
    frames = 0
    for found, real, seen in zip(predicted, true, present, strict=True):
        if not (seen[HEAD] and seen[NECK]):
            continue
        frames += 1
        size = float(np.hypot(*(real[HEAD] - real[NECK]).astype(float)))
        for joint in range(16):
            if seen[joint]:
                hits.setdefault(joint, []).append(
                    float(np.hypot(*(found[joint] - real[joint]).astype(float))) <= threshold * size
                )
    result = pckh(predicted, true, present, head_size(true, present), threshold)
    assert 0 < frames < 40
    assert (result.frames, result.left_out) == (frames, 40 - frames)
    for joint in range(16):
        expected = np.mean(hits[joint]) if joint in hits else np.nan
        np.testing.assert_allclose(result.per_joint[joint], expected)
    assert np.isnan(result.per_joint[4])
    assert result.mean == pytest.approx(np.mean([hit for each in hits.values() for hit in each]))


def test_sizes_by_hand() -> None:
    joints = np.zeros((2, 16, 2), np.float32)
    joints[:, HEAD], joints[:, NECK] = (50, 10), (47, 14)
    joints[:, MPII_16.index("left_hip")], joints[:, MPII_16.index("right_shoulder")] = (60, 80), (30, 40)
    present = np.zeros((2, 16), bool)
    present[0, [HEAD, NECK, MPII_16.index("left_hip"), MPII_16.index("right_shoulder")]] = True
    np.testing.assert_allclose(head_size(joints, present), [5, np.nan])
    np.testing.assert_allclose(torso_size(joints, present), [50, np.nan])


def test_a_head_without_length_leaves_its_frame_out() -> None:
    true = np.ones((1, 16, 2), np.float32)
    present = np.ones((1, 16), bool)
    assert np.isnan(head_size(true, present)).all()
    result = pckh(true, true, present, head_size(true, present))
    assert (result.frames, result.left_out) == (0, 1)
    assert np.isnan(result.mean)


def test_pck_allows_a_share_of_any_size() -> None:
    true = np.zeros((3, 16, 2), np.float32)
    predicted = true.copy()
    predicted[0, :, 0], predicted[1, :, 1], predicted[2, 0] = 10, 10.1, (6, 8)
    result = pck(predicted, true, np.ones((3, 16), bool), np.full(3, 50.0), threshold=0.2)
    assert result.mean == pytest.approx(2 / 3)
    assert result.per_joint == pytest.approx([2 / 3] * 16)


def test_mean_distance_in_pixels_and_as_a_share() -> None:
    true = np.zeros((2, 16, 2), np.float32)
    predicted = np.zeros((2, 16, 2), np.float32)
    predicted[0, 0], predicted[1, 0], predicted[1, 1] = (3, 4), (0, 2), (100, 100)
    present = np.ones((2, 16), bool)
    present[1, 1] = False
    result = mean_distance(predicted, true, present)
    assert result.per_joint[0] == pytest.approx(3.5)
    assert result.per_joint[1] == 0
    assert result.mean == pytest.approx(7 / 31)
    share = mean_distance(predicted, true, present, np.array([10.0, np.nan]))
    assert share.per_joint[0] == pytest.approx(0.5)
    assert share.mean == pytest.approx(0.5 / 16)
