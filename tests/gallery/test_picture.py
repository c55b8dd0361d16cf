"""Pictures of walks, for people to recognise whom they enrolled."""

import cv2
import numpy as np
import pytest

from gaitprint.core.sequence import GaitSequence
from gaitprint.gallery.picture import picture_of


def skeleton_picture(joints: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    walk = GaitSequence("a", "b", "c", 25.0, joints=joints, confidence=confidence, skeleton="coco-17")
    return cv2.imdecode(np.frombuffer(picture_of(walk), np.uint8), cv2.IMREAD_GRAYSCALE)


@pytest.mark.parametrize("unseen", [0.0, -1e6])
def test_a_joint_that_was_not_seen_does_not_shrink_the_skeleton(unseen: float) -> None:
    joints = np.random.default_rng(0).uniform(500, 600, (1, 17, 2)).astype(np.float32)
    confidence = np.ones((1, 17), np.float32)
    joints[:, 9], confidence[:, 9] = unseen, 0
    rows = np.flatnonzero(skeleton_picture(joints, confidence).any(axis=1))
    assert np.ptp(rows) > 80


def test_a_frame_in_which_nothing_was_seen_is_black() -> None:
    assert not skeleton_picture(np.zeros((1, 17, 2), np.float32), np.zeros((1, 17), np.float32)).any()
