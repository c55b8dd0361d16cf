"""Boxes around bodies from their joints: what motion alone cuts short where clothes look like the background.

Letters: T frames, J joints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.skeletons import MPII_16, Skeleton, convert_joints

# Beyond the outermost joints a body goes on by these shares of the height from ankles to crown.
_BELOW, _BESIDE = 0.05, 0.05
# Joints of less confidence count for no box.
_LEAST_CONFIDENCE = 0.3


def body_boxes(joints: NDArray[np.float32], confidence: NDArray[np.float32], skeleton: Skeleton) -> NDArray[np.float64]:
    """Return boxes float64 [T, 4], x, y, width, height, around bodies; NaN where head or feet are unsure.

    Args:
        joints: float32 [T, J, 2], pixels.
        confidence: float32 [T, J] in 0..1.
        skeleton: of the joints.
    """
    points, sure = convert_joints(joints, skeleton, MPII_16, confidence)
    places = {name: MPII_16.index(name) for name in ("head_top", "left_ankle", "right_ankle")}
    seen = sure >= _LEAST_CONFIDENCE
    # One ankle may hide behind the other.
    whole = seen[:, places["head_top"]] & (seen[:, places["left_ankle"]] | seen[:, places["right_ankle"]])
    top = points[:, places["head_top"], 1]
    bottom = points[:, [places["left_ankle"], places["right_ankle"]], 1].max(axis=1)
    tall = np.maximum(bottom - top, 1.0)
    left, right = points[..., 0].min(axis=1) - _BESIDE * tall, points[..., 0].max(axis=1) + _BESIDE * tall
    boxes = np.stack([left, top, right - left, tall * (1 + _BELOW)], axis=1).astype(np.float64)
    boxes[~(whole & (bottom > top))] = np.nan
    return boxes
