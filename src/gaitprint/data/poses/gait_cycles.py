"""Gait cycles: from one time that the left foot is farthest ahead to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from gaitprint.core.skeletons import Skeleton
from gaitprint.data.poses.anatomy import points_of
from gaitprint.data.poses.smoothing import smooth

# Durations of a cycle that are a walk: from 3 steps a second to 1.
SHORTEST_S, LONGEST_S = 0.67, 2.0
# Slower than this is no swing of the legs but a turn of the walk, faster is noise.
_FASTEST_HZ = 3.0
# A peak must rise above the valleys beside it by this share of what peaks usually do.
_PROMINENCE = 0.3


def ankle_separation(joints: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float64]:
    """How far the left ankle is before the right one.

    Args:
        joints: float64 [T, J, 3] that face forward (`facing.face_forward`), or [T, J, 2] in the image.
        skeleton: of `joints`.

    Returns:
        float64 [T], along +z. In the image: along the line on which the ankles move apart most, either way, which is
        of use from all sides but from the front and from behind.

    Raises:
        IncompatibleError: the skeleton has no ankles.
    """
    apart = -np.diff(points_of(joints, skeleton, ("left_ankle", "right_ankle")), axis=1)[:, 0]  # [T, A]
    if joints.shape[2] == 3:
        return apart[:, 2]
    swing = apart - apart.mean(axis=0)
    along: NDArray[np.float64] = swing @ np.linalg.eigh(swing.T @ swing)[1][:, -1]
    return along


def gait_cycles(separation: NDArray[np.float64], frame_rate_hz: float) -> NDArray[np.float64]:
    """Find the gait cycles of a walk.

    A cycle begins when the left ankle is farthest before the right one, which is about the left heel's contact, and
    ends when it next is: a maximum of the separation, below 3 Hz, to a fraction of a frame (by a parabola).

    Args:
        separation: float64 [T], of `ankle_separation`.
        frame_rate_hz: frames a second, above 6.

    Returns:
        float64 [cycles, 2], first and last moment of each in frames, in order. Where somebody stands, turns round or
        was not seen long enough, the time between two maxima is no cycle's (0.67 to 2 s); it is left out. Empty for
        walks of less than a cycle.
    """
    none = np.zeros((0, 2))
    if len(separation) < SHORTEST_S * frame_rate_hz:
        return none
    swing = smooth(separation[:, None, None], frame_rate_hz, _FASTEST_HZ)[:, 0, 0]
    usual = np.subtract(*np.percentile(swing, [90, 10]))
    if usual <= 0:
        return none
    # A little less than the shortest cycle, which may be measured a frame too short.
    distance = max(1.0, 0.95 * SHORTEST_S * frame_rate_hz)
    peaks, _ = find_peaks(swing, distance=distance, prominence=_PROMINENCE * usual)
    before, at, after = swing[peaks - 1], swing[peaks], swing[peaks + 1]
    bend = before - 2 * at + after
    exact = peaks + np.where(bend < 0, (before - after) / (2 * np.where(bend < 0, bend, -1)), 0)
    cycles = np.stack([exact[:-1], exact[1:]], axis=1)
    seconds = (cycles[:, 1] - cycles[:, 0]) / frame_rate_hz
    found: NDArray[np.float64] = cycles[(seconds >= SHORTEST_S) & (seconds <= LONGEST_S)]
    return found
