"""Where the sensor stands, as one more joint: what it saw of a walker depends on it.

A depth sensor guesses the side of the body that it cannot see. The same person seen from the left and from the right
gives two postures, which a model can only compare like with like if it knows which is which.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.skeletons import Skeleton
from gaitprint.data.poses.anatomy import points_of


def sensor_direction(joints: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float64]:
    """Return the horizontal direction from the pelvis to the sensor, the origin of what was recorded.

    Args:
        joints: float64 [T, J, 3] in metres, y up, as recorded.
        skeleton: of `joints`.

    Returns:
        float64 [T, 1, 3] of length 1, 0 along y; all zero in a frame in which the pelvis is at the origin.

    Raises:
        IncompatibleError: the skeleton has no pelvis, nor hips to derive it from.
    """
    return level_unit(-points_of(joints, skeleton, ("pelvis",)))


def level_unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make vectors [..., 3] horizontal and of length 1; those without horizontal extent become zero."""
    level = vectors * np.array([1.0, 0.0, 1.0])
    lengths = np.linalg.norm(level, axis=-1, keepdims=True)
    units: NDArray[np.float64] = np.divide(level, lengths, out=np.zeros_like(level), where=lengths > 1e-9)
    return units


@lru_cache(maxsize=64)
def with_sensor(skeleton: Skeleton) -> Skeleton:
    """Return the skeleton with a last joint ``sensor``, which no bone leads to."""
    return Skeleton(skeleton.name, (*skeleton.joints, "sensor"), skeleton.bones, skeleton.left_right)
