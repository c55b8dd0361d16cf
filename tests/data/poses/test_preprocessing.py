import time

import numpy as np
import pytest
from scipy.signal import butter, freqz

from gaitprint.core.config import from_mapping, to_mapping
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.skeletons import COCO_17, KINECT_V1_20
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess, preprocessed_length

NOTHING = PreprocessingConfig(
    outlier_threshold=None, longest_gap_s=0, centre=False, cutoff_hz=None, face_forward=False, rate_hz=None
)
DEFAULT = PreprocessingConfig()


def seen(joints: np.ndarray) -> np.ndarray:
    return np.ones(joints.shape[:2], np.float32)


def test_nothing_is_done_that_was_not_asked_for(walk_of) -> None:
    joints = walk_of(30).astype(np.float32)
    confidence = (np.random.default_rng(0).random(joints.shape[:2]) > 0.2).astype(np.float32)
    placed, trusted = preprocess(joints, confidence, KINECT_V1_20, 30.0, NOTHING)
    np.testing.assert_array_equal(trusted, confidence)
    np.testing.assert_array_equal(placed, joints * confidence[..., None])
    assert placed.dtype == trusted.dtype == np.float32


def test_a_damaged_walk_comes_out_as_the_clean_one(walk_of) -> None:
    """Turned, in a right-handed frame, on the way somewhere, with outliers, gaps, and four times the frame rate."""
    clean, _ = preprocess(walk_of(121).astype(np.float32), np.ones((121, 20), np.float32), KINECT_V1_20, 30.0, DEFAULT)
    fine = walk_of(481, 120.0, turn_deg=130.0, mirrored=True)
    fine += np.linspace(0, 4, 481)[:, None, None] * [0.7, 0.0, -0.9] + [1.0, 0.3, 2.0]
    confidence = seen(fine)
    for frame, joint in ((50, 7), (51, 7), (200, 15), (333, 19)):
        fine[frame, joint] += 0.6
    confidence[100:120, 13] = 0
    fine[100:120, 13] = 0
    fine = fine.astype(np.float32)
    before = fine.copy()
    placed, trusted = preprocess(fine, confidence, KINECT_V1_20, 120.0, DEFAULT)
    assert placed.shape == (121, 20, 3)
    np.testing.assert_array_equal(fine, before)
    assert np.abs(placed - clean)[5:-5].max() < 0.05
    assert (trusted > 0).all()
    assert trusted[27, 13] == trusted[50, 15] == 0.5  # filled, and an outlier
    assert trusted[27, 12] == 1


def test_long_gaps_and_joints_never_seen_stay_unseen(walk_of) -> None:
    joints, confidence = walk_of(90).astype(np.float32), np.ones((90, 20), np.float32)
    confidence[30:50, 5] = 0
    confidence[:, 11] = 0
    confidence[:7, 3] = 0
    joints[confidence == 0] = 99
    placed, trusted = preprocess(joints, confidence, KINECT_V1_20, 30.0, DEFAULT)
    np.testing.assert_array_equal(trusted > 0, confidence > 0)
    assert (placed[trusted == 0] == 0).all()
    assert np.abs(placed).max() < 2
    whole, _ = preprocess(walk_of(90).astype(np.float32), np.ones((90, 20), np.float32), KINECT_V1_20, 30.0, DEFAULT)
    legs = slice(12, 20)
    assert np.abs(placed - whole)[:, legs].max() < 0.02
    nobody = preprocess(joints, 0 * confidence, KINECT_V1_20, 25.0, DEFAULT)
    assert nobody[0].shape == (preprocessed_length(90, 25.0, DEFAULT), 20, 3)
    assert not nobody[0].any()
    assert not nobody[1].any()


def test_noise_is_filtered_out_and_the_walk_is_not(walk_of) -> None:
    clean = walk_of(1000)
    noise = np.random.default_rng(0).normal(size=clean.shape) * 0.01
    errors = []
    for cutoff_hz in (None, 6.0):
        config = PreprocessingConfig(cutoff_hz=cutoff_hz, face_forward=False)
        noisy, _ = preprocess((clean + noise).astype(np.float32), seen(clean), KINECT_V1_20, 30.0, config)
        still, _ = preprocess(clean.astype(np.float32), seen(clean), KINECT_V1_20, 30.0, config)
        errors.append((noisy - still)[10:-10].std())
    # White noise keeps as much of its power as the filter, there and back, lets through on average over frequencies.
    response = np.abs(freqz(*butter(2, 6.0, fs=30.0), worN=1000)[1]) ** 2
    assert errors[1] / errors[0] == pytest.approx(np.sqrt((response**2).mean()), abs=0.03)


def test_sizes(walk_of) -> None:
    joints = {stature: walk_of(90, stature=stature).astype(np.float32) for stature in (1.6, 1.9)}
    differences = {}
    for size in ("recorded", "unit", "reference-bones"):
        config = PreprocessingConfig(size=size)
        small, tall = (preprocess(walk, seen(walk), KINECT_V1_20, 30.0, config)[0] for walk in joints.values())
        differences[size] = np.abs(small / np.abs(small).max() - tall / np.abs(small).max()).mean()
        assert np.abs(small[:, 0, [0, 2]]).max() < 1e-6
    assert differences["unit"] < 0.2 * differences["recorded"]
    assert differences["reference-bones"] < 0.2 * differences["recorded"]


def test_in_the_image(walk_of) -> None:
    flat = (walk_of(90, turn_deg=70.0, skeleton=COCO_17)[..., :2] * [1, -1] * 120 + [300, 400]).astype(np.float32)
    placed, _ = preprocess(flat, seen(flat), COCO_17, 25.0, PreprocessingConfig(size="unit"))
    assert placed.shape == (preprocessed_length(90, 25.0, DEFAULT), 17, 2)
    hips = (placed[:, COCO_17.index("left_hip")] + placed[:, COCO_17.index("right_hip")]) / 2
    assert np.abs(hips[:, 0]).max() < 1e-6
    assert np.ptp(placed[..., 1]) < 2.5
    assert placed[:, COCO_17.index("left_ankle"), 1].mean() > placed[:, 0, 1].mean()  # y still points down
    with pytest.raises(IncompatibleError, match="size=reference-bones needs joints in space"):
        preprocess(flat, seen(flat), COCO_17, 25.0, PreprocessingConfig(size="reference-bones"))


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 11])
def test_short_walks(walk_of, frames: int) -> None:
    joints = walk_of(frames).astype(np.float32)
    for config in (DEFAULT, PreprocessingConfig(handedness="left", size="reference-bones")):
        placed, trusted = preprocess(joints, seen(joints), KINECT_V1_20, 30.0, config)
        assert placed.shape == (frames, 20, 3)
        assert np.isfinite(placed).all()
        assert (trusted > 0).all()


def test_options() -> None:
    assert from_mapping(PreprocessingConfig, to_mapping(DEFAULT), "input.preprocessing") == DEFAULT
    for name in ("outlier_threshold", "cutoff_hz", "rate_hz"):
        with pytest.raises(UsageError, match=rf"input\.preprocessing\.{name} is 0\.0, must be above 0"):
            PreprocessingConfig(**{name: 0.0})
    with pytest.raises(UsageError, match=r"longest_gap_s is -1"):
        PreprocessingConfig(longest_gap_s=-1)
    with pytest.raises(UsageError, match=r"face_forward .* needs centre=true"):
        PreprocessingConfig(centre=False)
    with pytest.raises(UsageError, match=r"size=unit .* needs centre=true"):
        PreprocessingConfig(centre=False, face_forward=False, size="unit")


def test_no_slower_than_a_few_frames_of_video(walk_of) -> None:
    """A loop over frames and joints takes a hundred times as long."""
    joints = walk_of(600).astype(np.float32)
    confidence = seen(joints)
    confidence[50:55, 3] = 0
    seconds = []
    for _ in range(5):
        start = time.thread_time()
        preprocess(joints, confidence, KINECT_V1_20, 30.0, DEFAULT)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.05
