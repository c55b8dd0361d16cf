"""Squares around a person: what is cut out of a frame, and back to where it was.

Letters: T frames, H height and W width of a frame, R pixels of a crop's side.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter, percentile_filter

# Side of the square for one of the person's longer side.
_ROOM = 1.35
# Seconds over which places are smoothed, and over which heads and feet that were seen now and then are held.
_SMOOTHED_SECONDS, _HELD_SECONDS = 0.15, 0.8


def cut_square(image: NDArray[np.uint8], square: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Cut a square out and resize it; what lies beyond the image repeats its edge.

    Args:
        image: uint8 [H, W] or [H, W, C].
        square: float64 [3], x and y of the upper left corner and the side, pixels; may reach beyond the image.
        size: R.

    Returns:
        uint8 [R, R] or [R, R, C].
    """
    x, y, side = square
    scale = size / side
    if scale >= 0.75:
        move = np.array([[scale, 0, -x * scale - 0.5 + 0.5 * scale], [0, scale, -y * scale - 0.5 + 0.5 * scale]])
        cut = cv2.warpAffine(image, move, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, np.uint8)
    # Shrinking averages over what a pixel covers; places are rounded to pixels of the source, which are the smaller.
    height, width = image.shape[:2]
    left, top, length = round(x), round(y), max(1, round(side))
    part = image[max(top, 0) : max(top + length, 1), max(left, 0) : max(left + length, 1)]
    missing = (max(-top, 0), max(top + length - height, 0), max(-left, 0), max(left + length - width, 0))
    if any(missing):
        above, below, before, behind = (min(pixels, length) for pixels in missing)
        if part.size == 0:
            return np.zeros((size, size, *image.shape[2:]), np.uint8)
        part = np.asarray(cv2.copyMakeBorder(part, above, below, before, behind, cv2.BORDER_REPLICATE), np.uint8)
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def steady_squares(boxes: NDArray[np.float64], frame_rate_hz: float) -> NDArray[np.float64]:
    """Turn boxes that were found frame by frame into squares that move as calmly as a person does.

    Args:
        boxes: float64 [T, 4], x, y, width, height in pixels; NaN where nothing was found, but not throughout.
        frame_rate_hz: frames a second.

    Returns:
        float64 [T, 3]: x, y and side of squares with some room around the person.
    """
    seen = np.flatnonzero(~np.isnan(boxes[:, 0]))
    x, y, width, height = (np.interp(np.arange(len(boxes)), seen, column[seen]) for column in boxes.T)
    held, smoothed = max(1, round(_HELD_SECONDS * frame_rate_hz)), _SMOOTHED_SECONDS * frame_rate_hz

    def calm(values: NDArray[np.float64], percentile: int) -> NDArray[np.float64]:
        kept = percentile_filter(values, percentile, size=held, mode="nearest")
        return np.asarray(gaussian_filter1d(kept, smoothed, mode="nearest"), np.float64)

    # The median first: one frame in which half of the person was missed shall move nothing.
    middle = gaussian_filter1d(median_filter(x + width / 2, 5, mode="nearest"), smoothed, mode="nearest")
    top, bottom = calm(y, 20), calm(y + height, 80)
    side = _ROOM * np.maximum(bottom - top, calm(width, 80))
    return np.stack([middle - side / 2, (top + bottom) / 2 - side / 2, side], axis=1)


def to_frame(points: NDArray[np.float32], squares: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    """Places (x, y) in crops, float32 [T, J, 2] -> in their frames; `squares` float64 [T, 3]."""
    moved = points * (squares[:, None, 2:] / size) + squares[:, None, :2]
    return np.asarray(moved, np.float32)


def place_mask(mask: NDArray[np.uint8], square: NDArray[np.float64], height: int, width: int) -> NDArray[np.uint8]:
    """Put the mask of a crop, uint8 [R, R], back into an empty frame: uint8 [height, width]."""
    x, y, side = square
    scale = side / len(mask)
    move = np.array([[scale, 0, x - 0.5 + 0.5 * scale], [0, scale, y - 0.5 + 0.5 * scale]])
    return np.asarray(cv2.warpAffine(mask, move, (width, height), flags=cv2.INTER_LINEAR), np.uint8)
