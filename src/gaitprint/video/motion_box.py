"""Where somebody moves before a camera that stands still: a square around the person for each frame of a video.

A background model of Gaussian mixtures (Zivkovic, *Improved Adaptive Gaussian Mixture Model for Background
Subtraction*, ICPR 2004; OpenCV's MOG2) marks what moves, and the largest piece of it is taken for the person. Boxes are
found frame by frame and made steady afterwards, when the future is known: a network sees the person come out of a calm
frame, not one that breathes with every stride.

Letters: T frames, H height and W width of a frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter1d, label, maximum_filter1d, median_filter

# What moves is found in frames whose longer side is at most this, pixels.
_WORKING_SIDE = 320
# Frames that the background is learnt from before the first box is looked for: nobody walks off from where they stood
# at the beginning and leaves a hole that looks like a person.
_LEARNT_FROM = 150
# Deviation of the smoothing that takes the noise away, pixels.
_NOISE = 1.0
# Brightness that the background keeps in a shadow, at least; what is darker is a thing.
_SHADOW = 0.7
# Of the frame: a piece that is smaller in area or lower is no person; more than the last at once is a moving camera.
_LEAST_AREA, _LEAST_HEIGHT, _MOST_AREA = 0.001, 0.06, 0.5
# Pieces this near to the largest, in its own heights, belong to it: a head whose neck is as bright as the background.
_NEAR = 0.3
# Seconds: a shorter appearance is noise; a shorter disappearance is bridged.
_LEAST_SECONDS, _BRIDGED_SECONDS = 0.4, 0.5
# Seconds over which places are smoothed, and over which the largest size holds: about one stride.
_SMOOTHED_SECONDS, _HELD_SECONDS = 0.2, 1.0
# Side of the square for one of the person's longer side: room for what the box missed, and for what is around.
_ROOM = 1.3


@dataclass(frozen=True)
class MotionBoxes:
    """What part of each frame to look at.

    Args:
        boxes: int64 [T, 4], x, y, width, height in pixels, within the frame; the whole frame where nothing moves.
        moving: bool [T], whether somebody moves.
    """

    boxes: NDArray[np.int64]
    moving: NDArray[np.bool_]


def find_motion_boxes(frames: Iterable[NDArray[np.uint8]], frame_rate_hz: float) -> MotionBoxes:
    """Follow the one who moves through a video; only a few seconds of small frames are held at once.

    Args:
        frames: uint8 [H, W, 3], RGB, all of one size, in their order; at least one.
        frame_rate_hz: frames a second.
    """
    iterator = iter(frames)
    first = next(iterator)
    height, width = first.shape[:2]
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    small = (_shrink(frame, scale) for frame in chain([first], iterator))
    background = cv2.createBackgroundSubtractorMOG2(history=500, varThreshold=16, detectShadows=True)
    # In a grey video half as bright as the ground may be a jacket; a soft shadow takes little.
    background.setShadowThreshold(_SHADOW)
    beginning = list(islice(small, _LEARNT_FROM))
    for frame in beginning:
        background.apply(frame)
    found = [_person(np.asarray(background.apply(frame), np.uint8)) for frame in chain(beginning, small)]
    return steady_boxes(np.array(found) / scale, (height, width), frame_rate_hz)


def steady_boxes(found: NDArray[np.float64], size: tuple[int, int], frame_rate_hz: float) -> MotionBoxes:
    """Turn boxes that were found frame by frame into steady squares with some room around.

    Args:
        found: float64 [T, 4], x, y, width, height in pixels; NaN where nothing was found.
        size: H and W, pixels.
        frame_rate_hz: frames a second.
    """
    height, width = size
    boxes = np.tile(np.array([0, 0, width, height]), (len(found), 1))
    moving = np.zeros(len(found), bool)
    for start, stop in _appearances(~np.isnan(found[:, 0]), frame_rate_hz):
        part = found[start:stop]
        seen = np.flatnonzero(~np.isnan(part[:, 0]))
        x, y, w, h = (np.interp(np.arange(len(part)), seen, column[seen]) for column in part.T)
        centre = np.stack([x + w / 2, y + h / 2], axis=1)
        held = max(1, round(_HELD_SECONDS * frame_rate_hz))
        deviation = _SMOOTHED_SECONDS * frame_rate_hz
        # The median first: one frame in which half of the person was missed shall move nothing.
        centre = gaussian_filter1d(median_filter(centre, (5, 1), mode="nearest"), deviation, axis=0, mode="nearest")
        longer = median_filter(np.maximum(w, h), 5, mode="nearest")
        longer = gaussian_filter1d(maximum_filter1d(longer, held, mode="nearest"), deviation, mode="nearest")
        boxes[start:stop] = _squares(centre, _ROOM * longer, width, height)
        moving[start:stop] = True
    return MotionBoxes(boxes, moving)


def _shrink(frame: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Reduce a frame to the working size, and its noise with it."""
    if scale < 1:
        frame = np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), _NOISE), np.uint8)


def _person(foreground: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the box of the largest moving piece of a frame, float64 [4] (x, y, width, height); NaN for none.

    Args:
        foreground: uint8 [H, W], 255 where something moves, 127 where its shadow does.
    """
    nothing = np.full(4, np.nan)
    height, width = foreground.shape
    reach = max(1, round(max(height, width) / 100))
    mask = cv2.medianBlur(np.where(foreground == 255, np.uint8(255), np.uint8(0)), 3)
    # Upright, as people are: what is torn apart above one another is joined first.
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((4 * reach + 1, 2 * reach + 1), np.uint8))
    moving = np.count_nonzero(mask) / mask.size
    if not _LEAST_AREA <= moving <= _MOST_AREA:
        return nothing
    _, _, pieces, _ = cv2.connectedComponentsWithStats(mask)
    pieces = pieces[1:].astype(np.float64)  # the first one is the background
    left, top, wide, high, area = pieces.T
    largest = int(area.argmax())
    if area[largest] < _LEAST_AREA * mask.size or high[largest] < _LEAST_HEIGHT * height:
        return nothing
    near = _NEAR * high[largest]
    belongs = (
        (area >= 0.02 * area[largest])
        & (left <= left[largest] + wide[largest] + near)
        & (left + wide >= left[largest] - near)
        & (top <= top[largest] + high[largest] + near)
        & (top + high >= top[largest] - near)
    )
    x, y = left[belongs].min(), top[belongs].min()
    wide, high = (left + wide)[belongs].max() - x, (top + high)[belongs].max() - y
    if wide > high:
        # Nobody is wider than high, but with their shadow on the ground: squares, for the upright part to win.
        columns = np.count_nonzero(mask[int(y) : int(y + high), int(x) : int(x + wide)], axis=0)
        sums = np.concatenate([[0], np.cumsum(columns**2)])
        x += (sums[int(high) :] - sums[: -int(high)]).argmax()
        wide = high
    return np.array([x, y, wide, high])


def _appearances(seen: NDArray[np.bool_], frame_rate_hz: float) -> list[tuple[int, int]]:
    """Return (start, stop) of the stretches, bool [T], that last long enough, short gaps bridged."""
    gaps, _ = label(~seen)
    bridged = seen.copy()
    for (gap,) in find_objects(gaps):
        # A gap at the beginning or the end has nobody on its other side.
        if gap.start > 0 and gap.stop < len(seen) and gap.stop - gap.start <= _BRIDGED_SECONDS * frame_rate_hz:
            bridged[gap] = True
    stretches = [(stretch.start, stretch.stop) for (stretch,) in find_objects(label(bridged)[0])]
    least = max(2.0, _LEAST_SECONDS * frame_rate_hz)
    return [(start, stop) for start, stop in stretches if stop - start >= least]


def _squares(centre: NDArray[np.float64], side: NDArray[np.float64], width: int, height: int) -> NDArray[np.int64]:
    """Return squares int64 [T, 4], moved into the frame, and cut where they are larger than it.

    Args:
        centre: float64 [T, 2], pixels.
        side: float64 [T], pixels.
        width: of the frame.
        height: of the frame.
    """
    limits = np.array([width, height])
    lengths = np.minimum(np.rint(side).astype(np.int64)[:, None], limits)  # [T, 2]
    corners = np.clip(np.rint(centre - lengths / 2).astype(np.int64), 0, limits - lengths)
    return np.concatenate([corners, lengths], axis=1)
