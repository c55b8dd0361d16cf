"""Cutting a person's way through a video into passages: one direction, whole body, one stretch of time each.

Places are measured in the person's own heights: a standing body is as high far away as near, so that its height in
pixels tells how far it is (from a focal length that is assumed), and its path over the floor follows.

Letters: T frames of a track.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, gaussian_filter1d, label, percentile_filter
from scipy.signal import find_peaks

# Focal length for one of the picture's longer side: a field of view of 50 degrees, as most cameras have about.
_FOCAL = 1.07
# Seconds over which a path is smoothed, and over which head and feet are held.
_SMOOTHED_SECONDS, _HELD_SECONDS = 0.4, 0.8
# Seconds: a shorter gap is bridged; a shorter stop is none; a shorter stretch is not worth a word.
_BRIDGED_SECONDS, _STOP_SECONDS, _LEAST_SECONDS = 0.3, 0.8, 0.4
# Heights a second below which nobody walks on; degrees of a turn that ends a passage.
STANDING_SPEED, _TURN_DEG = 0.2, 60.0
# Of the frame's longer side: nearer to its edge than this, a body may go on beyond it.
_EDGE = 0.008
_WORDS = ("towards", "left, towards", "left", "left, away", "away", "right, away", "right", "right, towards")


@dataclass(frozen=True)
class Spell:
    """A stretch of a track.

    Args:
        start: first frame, counted from the track's first.
        stop: one more than the last.
        speed: over the floor, the person's heights a second.
        view_deg: where the camera stands as the person sees it: 0 = they come towards it, 90 = it is on their left
            (they go to the picture's left), 180 = behind, 270 = on their right; None where they stay in place.
    """

    start: int
    stop: int
    speed: float
    view_deg: float | None

    @property
    def direction(self) -> str:
        """Where to, in words."""
        return "in place" if self.view_deg is None else _WORDS[round(self.view_deg / 45) % 8]


def whole_in_picture(boxes: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Say in which frames a body does not reach the picture's edge; boxes float64 [T, 4], size H and W; bool [T]."""
    height, width = size
    margin = max(1.0, _EDGE * max(size))
    x, y, wide, high = np.nan_to_num(boxes, nan=0.0).T
    inside = (x > margin) & (x + wide < width - margin) & (y + high < height - margin) & (y > margin)
    return np.asarray(inside & ~np.isnan(boxes[:, 0]), np.bool_)


def longest_stretch(usable: NDArray[np.bool_], frame_rate_hz: float) -> tuple[int, int]:
    """Return start and stop of the longest stretch of usable frames, bool [T], short gaps bridged; all if none is."""
    stretches = _stretches(_bridge(usable, _BRIDGED_SECONDS * frame_rate_hz))
    return max(stretches, key=lambda stretch: stretch[1] - stretch[0], default=(0, len(usable)))


def find_spells(
    boxes: NDArray[np.float64], usable: NDArray[np.bool_], size: tuple[int, int], frame_rate_hz: float
) -> list[Spell]:
    """Cut a track.

    Args:
        boxes: float64 [T, 4], x, y, width, height in pixels; NaN where the person was not seen, but not throughout.
        usable: bool [T], where the whole body was seen and nobody else's with it.
        size: H and W of the frames, pixels.
        frame_rate_hz: frames a second.
    """
    path = floor_path(boxes, size, frame_rate_hz)
    velocity = np.gradient(path, axis=0) * frame_rate_hz if len(path) > 1 else np.zeros_like(path)
    moving = _bridge(np.hypot(*velocity.T) > STANDING_SPEED, _STOP_SECONDS * frame_rate_hz)
    turns = _turns(path, frame_rate_hz)
    spells: list[Spell] = []
    for start, stop in _stretches(_bridge(usable, _BRIDGED_SECONDS * frame_rate_hz)):
        changes = np.flatnonzero(np.diff(moving[start:stop].astype(int))) + start + 1
        cuts = sorted({start, stop, *changes.tolist(), *(turn for turn in turns if start < turn < stop)})
        for first, last in pairwise(cuts):
            if last - first >= max(2, _LEAST_SECONDS * frame_rate_hz):  # one frame shows no direction
                spells.append(_spell(path, first, last, frame_rate_hz))
    return spells


def floor_path(boxes: NDArray[np.float64], size: tuple[int, int], frame_rate_hz: float) -> NDArray[np.float64]:
    """Return where on the floor a person is: float64 [T, 2], to the right of and away from the camera, in heights."""
    seen = np.flatnonzero(~np.isnan(boxes[:, 0]))
    x, y, width, height = (np.interp(np.arange(len(boxes)), seen, column[seen]) for column in boxes.T)
    held, smoothed = max(1, round(_HELD_SECONDS * frame_rate_hz)), _SMOOTHED_SECONDS * frame_rate_hz
    bottom = percentile_filter(y + height, 80, size=held, mode="nearest")
    tall = np.maximum(bottom - percentile_filter(y, 20, size=held, mode="nearest"), 1.0)
    focal = _FOCAL * max(size)
    places = np.stack([(x + width / 2 - size[1] / 2) / tall, focal / tall], axis=1)
    return np.asarray(gaussian_filter1d(places, smoothed, axis=0, mode="nearest"), np.float64)


def _spell(path: NDArray[np.float64], start: int, stop: int, frame_rate_hz: float) -> Spell:
    part = path[start:stop]
    time = (np.arange(len(part)) - (len(part) - 1) / 2) / frame_rate_hz
    velocity = time @ (part - part.mean(axis=0)) / (time @ time)
    speed = float(np.hypot(*velocity))
    if speed < STANDING_SPEED:
        return Spell(start, stop, speed, None)
    to_camera = -part.mean(axis=0)
    cross = velocity[0] * to_camera[1] - velocity[1] * to_camera[0]
    view_deg = float(np.rad2deg(np.arctan2(cross, velocity @ to_camera))) % 360.0
    return Spell(start, stop, speed, view_deg)


def _turns(path: NDArray[np.float64], frame_rate_hz: float) -> list[int]:
    """Return the frames at which somebody who walks turns round."""
    second = max(2, round(frame_rate_hz))
    if len(path) < second:
        return []
    ends = np.pad(path, ((second, second), (0, 0)), mode="edge")
    before, after = path - ends[: len(path)], ends[2 * second :] - path  # the way in the last and in the next second
    lengths = np.hypot(*before.T) * np.hypot(*after.T)
    cosine = np.einsum("tc,tc->t", before, after) / np.maximum(lengths, 1e-9)
    far = lengths > (STANDING_SPEED / 2) ** 2
    angle = np.where(far, np.rad2deg(np.arccos(np.clip(cosine, -1, 1))), 0.0)
    return [int(turn) for turn in find_peaks(angle, height=_TURN_DEG, distance=second)[0]]


def _bridge(states: NDArray[np.bool_], frames: float) -> NDArray[np.bool_]:
    """Fill gaps, bool [T], of up to so many frames that have something on both sides."""
    bridged = states.copy()
    for (gap,) in find_objects(label(~states)[0]):
        if gap.start > 0 and gap.stop < len(states) and gap.stop - gap.start <= frames:
            bridged[gap] = True
    return bridged


def _stretches(states: NDArray[np.bool_]) -> list[tuple[int, int]]:
    return [(part.start, part.stop) for (part,) in find_objects(label(states)[0])]
