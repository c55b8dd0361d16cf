"""What a still camera sees behind people: a plate of medians, its noise, and how far a picture differs from it.

The plate of a passage is the median, pixel by pixel, of pictures from shortly before, during and after it, each
without the boxes of the people in it. So it knows what the light was like at the time, needs no empty picture, and
nobody leaves a trace in it. Shadows are told from things as in Horprasert et al. (*A statistical approach for real-time
robust background subtraction and shadow detection*, 1999): darker, and of the same colour; where there is no colour, by
the texture of the ground showing through (Jacques et al., *Background subtraction and shadow detection in grayscale
video sequences*, 2005).

Letters: N pictures, H height and W width of a frame, R pixels of a crop's side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.video.squares import cut_square

# Pictures are kept at this many seconds from each other, and so many of them.
_EVERY_SECONDS, _KEPT = 0.6, 33
# Pictures that a plate is made of, at most and at least; longer sides beyond this are reduced, pixels.
_MOST, _LEAST, _SIDE = 15, 3, 960
# People's boxes are enlarged by this before they are left out: shadows, and what a box missed.
_AROUND = 0.25
# Least noise of a picture, grey levels.
_LEAST_NOISE = 1.5
# A shadow leaves of the brightness between these, differs between colours by no more than the third, and shows the
# ground's texture with this correlation.
_DARKEST, _BRIGHTEST, _COLOURED, _TEXTURE = 0.45, 0.97, 0.06, 0.8
# The difference from which on something is no background: a share of the largest difference beside it, but between two
# limits, in deviations of the noise.
_OUTLINE, _LIMIT, _MOST_LIMIT = 0.4, 5.0, 30.0


@dataclass(frozen=True, eq=False)
class Plate:
    """The background of one passage.

    Args:
        pixels: uint8 [H, W, 3], RGB.
        noise: uint8 [H, W], deviation of the pixels' values, grey levels, rounded up.
        known: uint8 [H, W], 255 where the background was seen often enough, else 0.
        scale: pixels of the plate for one of the frame.
    """

    pixels: NDArray[np.uint8]
    noise: NDArray[np.uint8]
    known: NDArray[np.uint8]
    scale: float


class BackgroundMemory:
    """Pictures of the last seconds, from which plates are made; bounded, however long a video is.

    Args:
        size: H and W of the frames, pixels.
        frame_rate_hz: frames a second.
    """

    def __init__(self, size: tuple[int, int], frame_rate_hz: float) -> None:
        self._scale = min(1.0, _SIDE / max(size))
        self._every = max(1, round(_EVERY_SECONDS * frame_rate_hz))
        self._kept: deque[tuple[int, NDArray[np.uint8], NDArray[np.bool_]]] = deque(maxlen=_KEPT)

    def remember(self, number: int, frame: NDArray[np.uint8], boxes: Sequence[NDArray[np.float64]]) -> None:
        """Keep a frame, uint8 [H, W, 3], if it is time to; boxes float64 [4] are those of the people in it."""
        if self._kept and number - self._kept[-1][0] < self._every:
            return
        small = frame
        if self._scale < 1:
            size = round(frame.shape[1] * self._scale), round(frame.shape[0] * self._scale)
            small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        people = np.zeros(small.shape[:2], bool)
        for x, y, width, height in boxes:
            around = _AROUND * height
            left, top = max(0.0, x - around) * self._scale, max(0.0, y - around) * self._scale
            right, bottom = max(0.0, x + width + around) * self._scale, max(0.0, y + height + around) * self._scale
            people[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = True
        self._kept.append((number, small, people))

    def plate(self, first: int, last: int) -> Plate | None:
        """Make the plate of the frames `first` to `last`; None where too few pictures were kept."""
        middle = (first + last) / 2
        nearest = sorted(self._kept, key=lambda kept: abs(kept[0] - middle))[:_MOST]
        if len(nearest) < _LEAST:
            return None
        like = nearest[0][1]
        pictures = np.stack([_as_bright(picture, like) for _, picture, _ in nearest], axis=-1)  # [H, W, 3, N]
        people = np.stack([people for _, _, people in nearest], axis=-1)[:, :, None]  # [H, W, 1, N]
        # What is hidden is sorted to the end, where no median is.
        seen = np.count_nonzero(~people, axis=-1, keepdims=True)  # [H, W, 1, 1]
        centre = np.maximum(seen - 1, 0) // 2
        ordered = np.sort(np.where(people, np.uint8(255), pictures), axis=-1)
        median = np.take_along_axis(ordered, np.broadcast_to(centre, (*ordered.shape[:3], 1)), axis=-1)
        apart = np.maximum(pictures, median) - np.minimum(pictures, median)
        ordered = np.sort(np.where(people, np.uint8(255), apart), axis=-1)
        spread = np.take_along_axis(ordered, np.broadcast_to(centre, (*ordered.shape[:3], 1)), axis=-1)
        noise = np.ceil(1.4826 * spread[..., 0].mean(axis=-1)).astype(np.uint8)
        known = np.where(seen[:, :, 0, 0] >= _LEAST, np.uint8(255), np.uint8(0))
        return Plate(np.ascontiguousarray(median[..., 0]), noise, known, self._scale)


def _as_bright(picture: NDArray[np.uint8], like: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo that a camera brightened or darkened by itself between two pictures, uint8 [H, W, 3]."""
    ratio = (like[::4, ::4].astype(np.float32) + 1) / (picture[::4, ::4].astype(np.float32) + 1)
    gain = float(np.clip(np.median(ratio), 0.7, 1.4))
    return np.asarray(cv2.convertScaleAbs(picture, alpha=gain), np.uint8)


def difference(
    crop: NDArray[np.uint8], plate: Plate, square: NDArray[np.float64], around: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Say of every pixel of a crop how surely it is no background.

    Args:
        crop: uint8 [R, R, 3], RGB.
        plate: of the passage.
        square: float64 [3], where in the frame the crop was cut out.
        around: bool [R, R], where no person is expected: what light and noise are measured by.

    Returns:
        float32 [R, R], -1 certainly background to 1 certainly none; 0 where nothing is known.
    """
    placed, size = square * plate.scale, len(crop)
    known = cut_square(plate.known, placed, size) == 255
    behind = cut_square(plate.pixels, placed, size).astype(np.float32)
    seen = crop.astype(np.float32)
    noise = np.maximum(cut_square(plate.noise, placed, size).astype(np.float32), np.float32(_LEAST_NOISE))
    measured = (around & known)[::4, ::4]
    if np.count_nonzero(measured) > 50:
        # Cameras brighten and darken by themselves.
        here, there = seen[::4, ::4][measured], behind[::4, ::4][measured]
        gain = np.clip(np.median(here / np.maximum(there, 8), axis=0), 0.7, 1.4).astype(np.float32)
        behind *= gain
        noise = np.maximum(noise, 1.4826 * np.float32(np.median(np.abs(here - there * gain))))
    seen, behind = _smooth(seen), _smooth(behind)
    change = seen - behind
    apart = np.sqrt(np.einsum("hwc,hwc->hw", change, change)) / noise
    # A blurred outline ends where the difference is a good part of what it is beside it, not where it ends to show.
    reach = np.ones((2 * (size // 64) + 1,) * 2, np.uint8)
    limit = np.clip(_OUTLINE * cv2.dilate(apart, reach), _LIMIT, _MOST_LIMIT)
    score = np.clip(apart / limit - 1, -1, 1)
    half = (size // 2, size // 2)
    smaller = [np.asarray(cv2.resize(values, half, interpolation=cv2.INTER_AREA)) for values in (seen, behind, noise)]
    darkened = np.asarray(_shadow(*(np.asarray(values, np.float32) for values in smaller)), np.uint8)
    shadow = cv2.resize(darkened, (size, size), interpolation=cv2.INTER_NEAREST)
    score = np.where(shadow > 0, np.minimum(score, -0.5), score)
    return np.where(known, score, 0).astype(np.float32)


def _shadow(seen: NDArray[np.float32], behind: NDArray[np.float32], noise: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say where a crop, float32 [R, R, 3], is the background with less light on it."""
    ratio = (seen + 4) / (behind + 4)
    brightness = ratio.mean(axis=2)
    darker = (brightness > _DARKEST) & (brightness < _BRIGHTEST)
    grey_seen, grey_behind = seen.mean(axis=2), behind.mean(axis=2)
    side = max(5, len(seen) // 24) | 1

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (side, side)), np.float32)

    own, other = mean(grey_seen), mean(grey_behind)
    spread_seen = np.maximum(mean(grey_seen**2) - own**2, 0)
    spread_behind = np.maximum(mean(grey_behind**2) - other**2, 0)
    together = mean(grey_seen * grey_behind) - own * other
    correlation = together / np.sqrt(spread_seen * spread_behind + 1e-3)
    textured = np.sqrt(spread_behind) > 2 * noise
    same_colour = ratio.max(axis=2) - ratio.min(axis=2) < _COLOURED + noise / (grey_behind + 4)
    colourful = behind.max(axis=2) - behind.min(axis=2) > 24
    # A thing of the same colour as a colourful ground, only darker, is rare; on grey ground trousers often are.
    alike = np.where(textured, correlation > _TEXTURE, colourful)
    soft = (brightness > 0.75) & (spread_seen < 4 * noise**2)
    return np.asarray(darker & same_colour & (alike | soft), np.bool_)


def _smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), max(0.8, len(values) / 220)), np.float32)
