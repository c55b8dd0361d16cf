"""Who moves before a camera that stands still: boxes around people, frame by frame.

A background model of Gaussian mixtures (Zivkovic, *Improved Adaptive Gaussian Mixture Model for Background
Subtraction*, ICPR 2004; OpenCV's MOG2) on reduced frames marks what moves; pieces above one another are one person's.

Letters: H height and W width of a frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from gaitprint.video.camera_motion import CameraMotion

# What moves is found in frames whose longer side is at most this, pixels.
_WORKING_SIDE = 320
# The background is what was seen in most of this time, seconds; whoever stands still for half of it becomes part of it.
_MEMORY_SECONDS, _MOST_OF_TIME = 30.0, 0.6
# Seconds in which a model learns quickly that was shown nothing before.
_FIRST_SECONDS = 2.0
# Brightness is compared with the background's, which is asked for every so many frames; more than this is a light.
_BRIGHTNESS_EVERY, _MOST_GAIN = 10, 1.4
# Deviation of the smoothing that takes the noise away, pixels.
_NOISE = 1.0
# Brightness that the background keeps in a shadow, at least; what is darker is a thing.
_SHADOW = 0.6
# Of the frame: a person is at least so high; more than the second moving at once is a moving camera.
_LEAST_HEIGHT, _MOST_AREA = 0.06, 0.5
# A person is so many pixels in the working frame, at least.
_LEAST_PIXELS = 24
# Pieces one above the other belong together over a gap of this share of the height of both: as high as the trunk, which
# a jacket of the wall's colour may take out. On rendered walkers with a band of 0.10 to 0.28 of their height taken out
# (160 to 640 pixels wide, 10 to 60 frames a second; benchmarks/video_extraction.py) more mends nothing, and less leaves
# two halves.
_GAP = 0.30
# What may be shadow lengthens a piece by no more than this share of its height, at either end.
_LONGER = 0.8
# Unless it is broader than this many times the piece.
_BROAD = 2.5
# Nobody is wider than this for one of their height, strides and bags included.
_WIDEST = 1.1
_BINS = 4
NUM_COLOURS = 2 * _BINS**3


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found in one frame.

    Args:
        boxes: float64 [N, 4], x, y, width, height in pixels of the frame.
        extents: float64 [N, 4], the whole of each piece; wider than its box where a shadow or a second person is part
            of it.
        colours: float32 [N, C], how colours are spread over the upper and the lower half of each, both adding up to a
            half.
        camera_moves: the camera moves, or most of the picture changed at once, so that boxes mean nothing; there are
            none then.
    """

    boxes: NDArray[np.float64]
    extents: NDArray[np.float64]
    colours: NDArray[np.float32]
    camera_moves: bool = False


class MotionFinder:
    """Finds what moves, frame after frame.

    Args:
        size: H and W of the frames, pixels.
        frame_rate_hz: frames a second.
    """

    def __init__(self, size: tuple[int, int], frame_rate_hz: float) -> None:
        self._scale = min(1.0, _WORKING_SIDE / max(size))
        self._memory = max(50, round(_MEMORY_SECONDS * frame_rate_hz))
        self._patience = round(frame_rate_hz)
        self._learns_until = round(_FIRST_SECONDS * frame_rate_hz)
        self._learnt = 0
        self._background: NDArray[np.float32] | None = None
        self._blind = 0
        self._camera, self._moved = CameraMotion(frame_rate_hz), 0
        self._model = self._fresh()

    def learn(self, frames: Iterable[NDArray[np.uint8]]) -> None:
        """Get to know the background before anything is looked for; frames uint8 [H, W, 3], RGB."""
        for frame in frames:
            self._model.apply(shrink(frame, self._scale))
            self._learnt += 1

    def find(self, frame: NDArray[np.uint8]) -> Detections:
        """Find what moves in the next frame, uint8 [H, W, 3], RGB."""
        small = shrink(frame, self._scale)
        if self._camera.moves(small):
            self._moved += 1
            return no_detections(camera_moves=True)
        if self._moved > self._patience:
            self._forget()
        self._moved = 0
        small = self._as_bright(small)
        # Left to itself, a young model takes whoever stays for a second for the background.
        rate = -1.0 if self._learnt < self._learns_until else 1.0 / self._memory
        foreground = np.asarray(self._model.apply(small, learningRate=rate), np.uint8)
        self._learnt += 1
        moving = np.where(foreground == 255, np.uint8(255), np.uint8(0))
        if np.count_nonzero(moving) > _MOST_AREA * moving.size:
            self._blind += 1
            if self._blind > self._patience:
                # A light was switched on, or the camera was turned: what is seen now is the background.
                self._forget()
                self._model.apply(small)
            return no_detections(camera_moves=True)
        self._blind = 0
        boxes, extents = people_in(moving, np.where(foreground > 0, np.uint8(255), np.uint8(0)))
        colours = [_colours(small, moving, box) for box in boxes.astype(int)]
        spread = np.stack(colours) if colours else np.zeros((0, NUM_COLOURS), np.float32)
        return Detections(boxes / self._scale, extents / self._scale, spread)

    def _as_bright(self, small: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Undo that cameras brighten and darken by themselves, as when somebody in black comes in."""
        if self._learnt == 0:
            return small
        if self._learnt % _BRIGHTNESS_EVERY == 0 or self._background is None:
            # Every fourth pixel of every fourth row tells as much as all.
            self._background = self._model.getBackgroundImage()[::4, ::4].astype(np.float32) + 1
        ratio = self._background / (small[::4, ::4].astype(np.float32) + 1)
        gain = float(np.clip(np.median(ratio), 1 / _MOST_GAIN, _MOST_GAIN))
        return np.asarray(cv2.convertScaleAbs(small, alpha=gain), np.uint8)

    def _forget(self) -> None:
        """Begin anew: what was known of the background is past."""
        self._model = self._fresh()
        self._blind = self._learnt = 0
        self._background = None

    def _fresh(self) -> cv2.BackgroundSubtractorMOG2:
        model = cv2.createBackgroundSubtractorMOG2(history=self._memory, varThreshold=16, detectShadows=True)
        model.setShadowThreshold(_SHADOW)
        model.setBackgroundRatio(_MOST_OF_TIME)
        return model


def no_detections(*, camera_moves: bool = False) -> Detections:
    """Return what a frame without people gives."""
    return Detections(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((0, NUM_COLOURS), np.float32), camera_moves)


def people_in(moving: NDArray[np.uint8], changed: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Put pieces of a mask together to people.

    Clothes that are a little darker than the wall look like a shadow on it. Shadows lie beside and below people, not
    between their shoulders and their feet: so what may be a shadow joins the pieces above and below it, and lengthens
    them upwards and downwards, but widens nothing.

    Args:
        moving: uint8 [H, W], 0 or 255.
        changed: uint8 [H, W], 0 or 255: the same, and what may be a shadow.

    Returns:
        boxes and extents, float64 [N, 4] each, as `Detections` has them, in pixels of the mask.
    """
    height, width = moving.shape
    reach = max(1, round(max(height, width) / 160))
    # Upright, as people are: what is torn apart above one another is joined first.
    kernel = np.ones((4 * reach + 1, 2 * reach + 1), np.uint8)
    mask = np.asarray(cv2.morphologyEx(cv2.medianBlur(moving, 3), cv2.MORPH_CLOSE, kernel), np.uint8)
    whole = np.asarray(cv2.morphologyEx(cv2.medianBlur(changed, 3), cv2.MORPH_CLOSE, kernel), np.uint8) | mask
    _, labels, pieces, _ = cv2.connectedComponentsWithStats(mask)
    _, bodies, wholes, _ = cv2.connectedComponentsWithStats(whole)
    found = np.flatnonzero(pieces[:, cv2.CC_STAT_AREA] >= 6 * reach**2)[1:]  # the first one is the background
    if len(found) == 0:
        return np.zeros((0, 4)), np.zeros((0, 4))
    # Any pixel of a piece tells which body it is part of.
    body = np.zeros(len(pieces), np.int64)
    body[labels.ravel()] = bodies.ravel()
    parts = pieces[found].astype(np.float64)
    extents: list[NDArray[np.float64]] = []
    for group in _groups(parts, body[found]):
        left, top = parts[group, :2].min(axis=0)
        right, bottom = (parts[group, :2] + parts[group, 2:4]).max(axis=0)
        inside = bodies[:, int(left) : int(right)]
        # What changed far to both sides is the light, and no clothes.
        if wholes[body[found[group]], cv2.CC_STAT_WIDTH].max() > _BROAD * max(right - left, (bottom - top) / 2):
            inside = np.zeros_like(inside) - 1
        rows = np.flatnonzero(np.isin(inside, body[found[group]]).sum(axis=1) > 0.2 * (right - left))
        longer = _LONGER * (bottom - top)
        if len(rows):
            top = max(min(top, float(rows[0])), top - longer)
            bottom = min(max(bottom, float(rows[-1] + 1)), bottom + longer)
        if bottom - top >= max(_LEAST_PIXELS, _LEAST_HEIGHT * height):
            extents.append(np.array([left, top, right - left, bottom - top]))
    if not extents:
        return np.zeros((0, 4)), np.zeros((0, 4))
    return np.stack([_upright(mask, extent) for extent in extents]), np.stack(extents)


def _groups(pieces: NDArray[np.float64], body: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return which of N pieces (rows x, y, width, height, area) lie one above the other, closely or of one body."""
    left, top, wide, high = pieces[:, :4].T
    right, bottom = left + wide, top + high
    overlap = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    gap = np.maximum(top[:, None], top) - np.minimum(bottom[:, None], bottom)
    together = np.maximum(bottom[:, None], bottom) - np.minimum(top[:, None], top)
    near = (gap < _GAP * together) | (body[:, None] == body)
    joined = (overlap > 0.3 * np.minimum(wide[:, None], wide)) & near
    _, group = connected_components(joined, directed=False)
    return [np.flatnonzero(group == number) for number in range(group.max(initial=-1) + 1)]


def _upright(mask: NDArray[np.uint8], extent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Narrow an extent that is wider than people are to its upright part: a shadow on the ground is flat."""
    x, y, wide, high = extent
    widest = int(_WIDEST * high)
    if wide <= widest:
        return extent
    columns = np.count_nonzero(mask[int(y) : int(y + high), int(x) : int(x + wide)], axis=0)
    # Squares, for the upright part to win.
    sums = np.concatenate([[0], np.cumsum(columns.astype(np.int64) ** 2)])
    return np.array([x + (sums[widest:] - sums[:-widest]).argmax(), y, widest, high])


def box_colours(frame: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return how colours are spread over a box float64 [4] of a frame, as `Detections` has them, float32 [C]."""
    height, width = frame.shape[:2]
    x, y = np.clip(box[:2], 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(box[:2] + box[2:], (x + 1, y + 1), (width, height)).astype(int)
    part = frame[y:bottom:2, x:right:2]
    return _colours(part, np.full(part.shape[:2], 255, np.uint8), np.array([0, 0, part.shape[1], part.shape[0]]))


def _colours(small: NDArray[np.uint8], moving: NDArray[np.uint8], box: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return how colours are spread over the halves of what moves in a box, float32 [C]."""
    x, y, wide, high = box
    halves = []
    for part in (slice(y, y + high // 2), slice(y + high // 2, y + high)):
        pixels = small[part, x : x + wide][moving[part, x : x + wide] > 0] // (256 // _BINS)
        bins = (pixels[:, 0].astype(np.int64) * _BINS + pixels[:, 1]) * _BINS + pixels[:, 2]
        counts = np.bincount(bins, minlength=_BINS**3).astype(np.float32)
        halves.append(counts / max(2.0 * float(counts.sum()), 1.0))
    return np.concatenate(halves)


def shrink(frame: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Reduce a frame, and its noise with it."""
    if scale < 1:
        frame = np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), _NOISE), np.uint8)
