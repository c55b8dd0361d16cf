"""Resampling by time: walks of 25, 30 and 120 frames a second become alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def resampled_length(frames: int, frame_rate_hz: float, rate_hz: float) -> int:
    """Return how many frames `resample` makes of a walk of that many.

    >>> resampled_length(121, 120.0, 30.0), resampled_length(25, 25.0, 30.0), resampled_length(1, 25.0, 30.0)
    (31, 29, 1)
    """
    # A hair's breadth for the rounding of rates such as 29.97.
    return int(np.floor((frames - 1) * (rate_hz / frame_rate_hz) + 1e-6)) + 1


def resample(
    joints: NDArray[np.float64], confidence: NDArray[np.float32], frame_rate_hz: float, rate_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Give a walk another frame rate, by linear interpolation between neighbouring frames.

    What is faster than half of `rate_hz` must have been filtered out before (`smoothing.smooth`), or it comes back as
    a slower motion.

    Args:
        joints: float64 [T, J, A].
        confidence: float32 [T, J] in 0..1.
        frame_rate_hz: frames a second of these.
        rate_hz: frames a second wanted.

    Returns:
        joints float64 [T', J, A] and confidence float32 [T', J], from the first frame on to the last that the walk
        still covers; T' is `resampled_length`. A joint that one of the two neighbours did not see is unseen.
    """
    if rate_hz == frame_rate_hz:
        return joints, confidence
    time = np.arange(resampled_length(len(joints), frame_rate_hz, rate_hz)) * (frame_rate_hz / rate_hz)
    time = np.minimum(time, len(joints) - 1)
    first = np.floor(time + 1e-6).astype(np.int64)
    second = np.minimum(first + 1, len(joints) - 1)
    share = np.maximum(time - first, 0)[:, None]
    share[share < 1e-5] = 0  # a frame that falls on a frame needs no neighbour
    both = (confidence[first] > 0) & ((confidence[second] > 0) | (share == 0))
    between = np.where(both, (1 - share) * confidence[first] + share * confidence[second], 0)
    moved = (1 - share[..., None]) * joints[first] + share[..., None] * joints[second]
    return moved, between.astype(np.float32)
