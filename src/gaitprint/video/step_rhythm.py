"""Steps, seen in silhouettes: legs that open and close at the pace of walking.

A walker looks the same one step later, legs exchanged (Cutler & Davis, *Robust real-time periodic motion detection,
analysis, and applications*, PAMI 2000; BenAbdelkader et al., *Motion-based recognition of people in EigenGait space*,
2002): the lower halves of silhouettes are compared with themselves after every time a step can take.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from gaitprint.core.skeletons import MPII_16, Skeleton, convert_joints

# Seconds of a step: from 3.3 steps a second to 1.1.
_SHORTEST, _LONGEST = 0.30, 0.90
# Deviation of the smoothing that shows what changes slowly, seconds.
_SLOW = 0.5
# Times of more than this share of a passage are not looked at: too few frames are left to compare.
_COMPARED = 0.8


class StepRhythm(NamedTuple):
    """How regularly somebody steps.

    Args:
        seconds: of one step; 0 where there is no rhythm.
        strength: how alike the legs are after a step, or after two, 0 (not at all) to 1.
    """

    seconds: float
    strength: float


def step_rhythm(silhouettes: NDArray[np.uint8], frame_rate_hz: float) -> StepRhythm:
    """Find the rhythm of steps.

    Args:
        silhouettes: uint8 [T, H, W], aligned.
        frame_rate_hz: frames a second.
    """
    nothing = StepRhythm(0.0, 0.0)
    frames, height = silhouettes.shape[:2]
    if frames < 4:
        return nothing
    legs = silhouettes[:, height // 2 :, :].astype(np.float32) / np.float32(255)
    # A step later the other leg is in front: seen from the side that is the same picture, from the front its mirror
    # image, and from between neither; there only the whole cycle repeats.
    mirrored = np.asarray((legs + legs[:, :, ::-1]) / 2, np.float32)
    found = [
        _repetition(mirrored, frame_rate_hz, 1),
        _repetition(legs, frame_rate_hz, 1),
        _repetition(legs, frame_rate_hz, 2),
    ]
    return max(found, key=lambda rhythm: rhythm.strength)


def joint_rhythm(joints: NDArray[np.float32], skeleton: Skeleton, frame_rate_hz: float) -> StepRhythm:
    """Find the rhythm of steps in knees and ankles: seen from the front, legs hide one another in silhouettes.

    Args:
        joints: float32 [T, J, 2], in steady squares about the person, in parts of their sides.
        skeleton: of the joints.
        frame_rate_hz: frames a second.
    """
    if len(joints) < 4:
        return StepRhythm(0.0, 0.0)
    points, _ = convert_joints(joints, skeleton, MPII_16)
    sides = [[MPII_16.index(f"{side}_{name}") for name in ("knee", "ankle")] for side in ("left", "right")]
    hips = points[:, [MPII_16.index("left_hip"), MPII_16.index("right_hip")]].mean(axis=1, keepdims=True)
    left, right = (points[:, side] - hips for side in sides)  # [T, 2, 2]
    either, both = np.asarray((left + right) / 2, np.float32), np.concatenate([left, right], axis=1)
    found = [_repetition(either, frame_rate_hz, 1), _repetition(both, frame_rate_hz, 2)]
    return max(found, key=lambda rhythm: rhythm.strength)


def _repetition(legs: NDArray[np.float32], frame_rate_hz: float, steps: int) -> StepRhythm:
    """Find after which time, of so many steps, pictures or places float32 [T, ...] are most alike again."""
    flat = legs.reshape(len(legs), -1)
    # What changes slowly, as a person comes nearer, is not the legs.
    flat = flat - gaussian_filter1d(flat, _SLOW * frame_rate_hz, axis=0, mode="nearest")
    shortest = max(2, int(steps * _SHORTEST * frame_rate_hz))
    longest = min(round(steps * _LONGEST * frame_rate_hz), int(_COMPARED * len(flat)))
    if longest <= shortest:
        return StepRhythm(0.0, 0.0)
    products = flat @ flat.T  # [T, T]
    likeness = np.array([np.diagonal(products, lag).mean() for lag in range(min(longest + 2, len(flat)))])
    likeness /= max(float(likeness[0]), 1e-6)
    inner = likeness[1:-1]
    peaks = 1 + np.flatnonzero((inner >= likeness[:-2]) & (inner >= likeness[2:]))
    peaks = peaks[(peaks >= shortest) & (peaks <= longest)]
    if len(peaks) == 0:
        return StepRhythm(0.0, 0.0)
    best = int(peaks[np.argmax(likeness[peaks])])
    strength = float(np.clip(likeness[best], 0, 1))
    return StepRhythm(best / frame_rate_hz / steps, strength)
