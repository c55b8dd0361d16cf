"""Centring: the body stays in place, wherever the walk goes and the sensor points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.heading import moving_average
from gaitprint.core.skeletons import Skeleton
from gaitprint.data.poses.anatomy import points_of

# About two gait cycles, so that the pelvis' rise and fall within each step is left.
HEIGHT_WINDOW_S = 2.4


def centre(joints: NDArray[np.float64], skeleton: Skeleton, frame_rate_hz: float) -> NDArray[np.float64]:
    """Move the pelvis to the origin.

    Horizontally in every frame: a sensor that turns with the walker jerks, which moves all joints alike, and a smoothed
    centre would leave that in. Vertically by the pelvis' mean height over `HEIGHT_WINDOW_S`: its rise and fall belongs
    to the gait and stays; a slope, a tilted sensor and, in the image, coming nearer do not. The floor would do as well
    and needs feet, the least reliable joints of all; the pelvis' height above them is in the joints either way.

    Args:
        joints: float64 [T, J, 3] with y up, or [T, J, 2] in the image.
        skeleton: of `joints`.
        frame_rate_hz: frames a second.

    Returns:
        the same shape.

    Raises:
        IncompatibleError: the skeleton has no pelvis, nor hips to derive it from.
    """
    origin = points_of(joints, skeleton, ("pelvis",))[:, 0]  # [T, A]
    origin[:, 1] = moving_average(origin[:, 1:2], max(1, round(HEIGHT_WINDOW_S * frame_rate_hz)))[:, 0]
    return joints - origin[:, None]
