"""Which way a recorded person walks, read off the legs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# One gait cycle takes about this long; the legs' swing is told from their posture over it.
_CYCLE_S = 1.2
# Swing in metres below which the direction of hips and shoulders counts more than that of the legs.
_STANDING_M = 0.05


def walking_direction(
    legs: NDArray[np.float32], facing: NDArray[np.float32], frame_rate_hz: float
) -> NDArray[np.float32]:
    """Return the direction in which somebody walks, frame by frame, wherever the pelvis is recorded to be.

    A depth sensor that sees a person from the side still reports hips and shoulders as if it saw the front (the
    Kinect v1 does), and one that turns with the person reports no way travelled. The legs are reliable: over a gait
    cycle the ankles swing apart along the way, and knees bend forward.

    Args:
        legs: float32 [T, 2 sides, 3, 3] in metres, y up: hip, knee and ankle of both legs.
        facing: float32 [T] radians, 0 along +z and a quarter turn along +x: where hips and shoulders face; it decides
            where the legs do not swing.
        frame_rate_hz: frames a second.

    Returns:
        float32 [T] radians, measured as `facing`.
    """
    window = max(1, round(_CYCLE_S * frame_rate_hz))
    ground = legs[..., [0, 2]].astype(np.float64)  # x and z
    apart = ground[:, 0, 2] - ground[:, 1, 2]  # [T, 2], ankle from ankle
    swing = apart - moving_average(apart, window)
    ahead = np.stack([np.sin(facing), np.cos(facing)], axis=-1)
    spread = swing[:, :, None] * swing[:, None, :] + _STANDING_M**2 * ahead[:, :, None] * ahead[:, None, :]
    xx, xz, zz = moving_average(np.stack([spread[:, 0, 0], spread[:, 0, 1], spread[:, 1, 1]], axis=-1), window).T
    # The axis along which a symmetric 2 x 2 matrix is largest, in closed form; it points either way.
    axis = np.arctan2(2 * xz, zz - xx) / 2
    bend = (ground[:, :, 1] - (ground[:, :, 0] + ground[:, :, 2]) / 2).sum(axis=1)  # knee before the line hip-ankle
    bend = moving_average(bend, window) + _STANDING_M / 10 * ahead
    backwards = bend[:, 0] * np.sin(axis) + bend[:, 1] * np.cos(axis) < 0
    direction: NDArray[np.float32] = np.where(backwards, axis + np.pi, axis).astype(np.float32)
    return direction


def moving_average(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Average of the `window` values around each row of [T, C]; fewer at both ends.

    >>> moving_average(np.array([[0.0], [3.0], [6.0], [9.0]]), 3).T.tolist()
    [[1.5, 3.0, 6.0, 7.5]]
    """
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    first = np.maximum(np.arange(len(values)) - (window - 1) // 2, 0)
    last = np.minimum(np.arange(len(values)) + window // 2 + 1, len(values))
    average: NDArray[np.float64] = (sums[last] - sums[first]) / (last - first)[:, None]
    return average
