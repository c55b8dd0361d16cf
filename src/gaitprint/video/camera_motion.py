"""Whether the camera itself moves: turned, carried or zoomed, the whole picture goes along.

Corners are followed from one moment to the next (Shi & Tomasi, *Good features to track*, CVPR 1994; Lucas & Kanade's
method in pyramids), and the move, turn and change of size that most of them agree on is the camera's, where they lie
all over the picture: those of people who walk by lie together.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Seconds between the two moments that are compared; a camera that moves does so from one pair of moments to the next,
# one that was only touched does not.
_APART_SECONDS, _PAIRS = 0.2, 2
# Corners that are looked for, and how many must be found again.
_CORNERS, _LEAST_CORNERS = 160, 16
# Share of the corners that have to agree; of the picture's width and height over which those are spread.
_AGREED, _WIDE, _HIGH = 0.5, 0.6, 0.3
# They agree within so many pixels, and move by so many at least, in pictures of at most 320 pixels.
_WITHIN, _MOVED = 1.0, 1.0


class CameraMotion:
    """Watches small frames for a camera that moves.

    Args:
        frame_rate_hz: frames a second.
    """

    def __init__(self, frame_rate_hz: float) -> None:
        self._every = max(1, round(_APART_SECONDS * frame_rate_hz))
        self._frames = 0
        self._before: NDArray[np.uint8] | None = None
        self._moved = 0

    def moves(self, small: NDArray[np.uint8]) -> bool:
        """Say whether the camera was moving when it was last looked at; small uint8 [H, W, 3], RGB, the next frame."""
        if self._frames % self._every == 0:
            grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
            self._moved = self._moved + 1 if self._before is not None and _moved(self._before, grey) else 0
            self._before = grey
        self._frames += 1
        return self._moved >= _PAIRS


def _moved(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    corners = cv2.goodFeaturesToTrack(before, _CORNERS, 0.02, 6)
    if corners is None or len(corners) < _LEAST_CORNERS:
        return False
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, corners, np.empty_like(corners), winSize=(15, 15), maxLevel=3
    )
    again = found[:, 0] > 0
    if np.count_nonzero(again) < _LEAST_CORNERS:
        return False
    start, end = corners[again, 0], there[again, 0]  # [N, 2]
    change, agreed = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=_WITHIN)
    if change is None:
        return False
    inside = agreed[:, 0] > 0
    spread = np.percentile(start[inside], 95, axis=0) - np.percentile(start[inside], 5, axis=0)
    height, width = before.shape
    everywhere = bool(spread[0] > _WIDE * width and spread[1] > _HIGH * height)
    moved = float(np.median(np.linalg.norm(end[inside] - start[inside], axis=1)))
    return everywhere and inside.mean() >= _AGREED and moved >= _MOVED
