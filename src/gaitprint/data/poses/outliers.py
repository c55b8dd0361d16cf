"""Outliers: joints that a tracker put somewhere else for a moment."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

# Motion within half a window to each side decides whether the frame in the middle fits in; a fault that lasts half the
# window or longer passes for motion.
WINDOW_S = 0.2
# What deviates by less than this share of the body's extent is no outlier, however still the joint is held.
_TOLERANCE = 0.2
# Standard deviation of a normal distribution in units of its median absolute deviation.
_DEVIATION_PER_MAD = 1.4826


def find_outliers(joints: NDArray[np.float64], frame_rate_hz: float, threshold: float) -> NDArray[np.bool_]:
    """Find joints that lie off their own path (Hampel's identifier, along time).

    Each joint is compared with the median of its places in a sliding window, and its distance from there with the
    median of such distances. Both are robust: neither a mean nor a deviation that the outlier itself enlarges. The
    middle of the body is taken out first, so that the jerks of a sensor that turns with the walker do not count.

    Davies and Gather, "The identification of multiple outliers", JASA 1993; Pearson, "Outliers in process modeling and
    identification", IEEE TCST 2002.

    Args:
        joints: float64 [T, J, A]; unseen ones filled in (`gaps.fill_gaps`).
        frame_rate_hz: frames a second.
        threshold: deviations that are too many, in robust standard deviations of the window.

    Returns:
        bool [T, J]. The first and the last frame, and walks of fewer than 3, have no outliers.
    """
    half = max(1, round(WINDOW_S * frame_rate_hz / 2))
    if len(joints) < 3:
        return np.zeros(joints.shape[:2], np.bool_)
    relative = (joints - np.median(joints, axis=1, keepdims=True)).astype(np.float32)
    off = relative - _sliding_median(relative, half, "odd")
    distance = np.sqrt(np.einsum("tja,tja->tj", off, off))
    usual = _sliding_median(distance, half, "even")
    extent = np.median(np.linalg.norm(relative, axis=2))
    limit = np.maximum(threshold * _DEVIATION_PER_MAD * usual, _TOLERANCE * extent)
    outliers: NDArray[np.bool_] = distance > limit
    return outliers


def _sliding_median(values: NDArray[np.float32], half: int, ends: Literal["even", "odd"]) -> NDArray[np.float32]:
    """Median of the 2 `half` + 1 frames around each, of [T, ...] along time.

    At both ends the walk is mirrored (``even``), or also turned upside down (``odd``), so that a limb in full swing
    goes on swinging; then the end frames themselves always fit in.
    """
    padding = ((half, half), *((0, 0),) * (values.ndim - 1))
    padded = np.pad(values, padding, mode="reflect", reflect_type=ends)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)
    median: NDArray[np.float32] = np.partition(windows, half, axis=-1)[..., half]
    return median
