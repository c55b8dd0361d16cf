"""How good a passage is, and whether it will do: pure functions and their limits."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.config import config_dataclass
from gaitprint.video.passages import STANDING_SPEED
from gaitprint.video.step_rhythm import StepRhythm

_BLURRED_BY = 9  # pixels
# A silhouette that comes as near to the picture's edge goes on beyond it, pixels.
_EDGE_PX = 1.0
# In less time than this, seconds, steps may not repeat often enough for a rhythm to show.
SHORT_SECONDS = 2.4
# A gait cycle takes this long where it cannot be measured, seconds.
_USUAL_CYCLE = 1.1


@config_dataclass
class QualityLimits:
    """What a passage must reach; those of the rhythm were measured on rendered walkers, the others set by judgement.

    Args:
        least_frames: with fewer, poses are missing from the cycle even of a slow camera.
        least_cycles: one gait cycle holds everything that repeats; less shows one leg's step only.
        least_height_px: lower figures have legs a pixel or two wide.
        least_complete: share of frames in which head and feet are there.
        least_sharpness: below it, the outline is a guess.
        least_rhythm: strength of the steps' rhythm below which nobody walks; not asked of short passages in which a
            pose front-end sees a person move on, since seen obliquely only the third step repeats the first.
        least_rhythm_in_place: the same for who does not move on: swaying has a rhythm, too, and treadmills a clear one.
        least_person: share of looks in which the pose front-end, where there is one, saw a person.
    """

    least_frames: int = 12
    least_cycles: float = 1.0
    least_height_px: float = 40.0
    least_complete: float = 0.7
    least_sharpness: float = 0.12
    least_rhythm: float = 0.2
    least_rhythm_in_place: float = 0.35
    least_person: float = 0.5


@dataclass(frozen=True)
class PassageQuality:
    """Figures of one passage.

    Args:
        frames: how many.
        seconds: how long.
        cycles: gait cycles seen, from the rhythm of the steps or, where there is none, at the usual pace.
        height_px: of the person in the frame, median.
        complete: share of frames with the whole body, 0 to 1.
        sharpness: 0 (nothing but blur) to 1.
        rhythm: strength of the steps' rhythm.
        speed: over the floor, heights a second.
        person: share of looks in which the pose front-end saw a person; None where there is none.
    """

    frames: int
    seconds: float
    cycles: float
    height_px: float
    complete: float
    sharpness: float
    rhythm: float
    speed: float
    person: float | None

    @property
    def score(self) -> float:
        """One figure to choose by, 0 to 1: long, large, complete and sharp; never used to refuse."""
        long = min(self.cycles / 3, 1.0)
        large = min(self.height_px / 128, 1.0)
        return round(float(long * large * self.complete * min(self.sharpness / 0.3, 1.0)), 3)


def gait_cycles(seconds: float, rhythm: StepRhythm, limits: QualityLimits) -> float:
    """Return how many gait cycles a passage of so many seconds holds."""
    measured = rhythm.strength >= limits.least_rhythm and rhythm.seconds > 0
    return seconds / (2 * rhythm.seconds if measured else _USUAL_CYCLE)


def refusal(quality: PassageQuality, limits: QualityLimits) -> str | None:
    """Say in one line why a passage will not do, or None; the gravest reason first."""
    if quality.person is not None and quality.person < limits.least_person:
        return f"no person: seen in {quality.person:.0%} of looks, needed {limits.least_person:.0%}"
    if quality.height_px < limits.least_height_px:
        return f"too small: {quality.height_px:.0f} pixels high, needed {limits.least_height_px:g}"
    if quality.speed < STANDING_SPEED and quality.rhythm < limits.least_rhythm_in_place:
        return f"stands: moves {quality.speed:.2f} body heights a second, steps' rhythm {quality.rhythm:.2f}"
    if quality.frames < limits.least_frames:
        return f"too short: {quality.frames} frames, needed {limits.least_frames}"
    known = quality.person is not None and quality.seconds < SHORT_SECONDS
    if quality.rhythm < limits.least_rhythm and not known:
        return f"no steps: rhythm {quality.rhythm:.2f}, needed {limits.least_rhythm:g}"
    if quality.cycles < limits.least_cycles:
        return f"too short: {quality.cycles:.1f} gait cycles, needed {limits.least_cycles:g}"
    if quality.complete < limits.least_complete:
        return f"incomplete: whole body in {quality.complete:.0%} of frames, needed {limits.least_complete:.0%}"
    if quality.sharpness < limits.least_sharpness:
        return f"blurred: sharpness {quality.sharpness:.2f}, needed {limits.least_sharpness:g}"
    return None


def sharpness(picture: NDArray[np.uint8]) -> float:
    """Return how much a picture loses by being blurred, 0 (nothing) to 1.

    One less the measure of Crété-Roffet et al., *The blur effect: perception and estimation with a new no-reference
    perceptual blur metric* (2007), of the worse direction.

    Args:
        picture: uint8 [H, W] or [H, W, 3], at the camera's own resolution.
    """
    grey = picture.astype(np.float32) if picture.ndim == 2 else picture.mean(axis=2, dtype=np.float32)
    kept = []
    for axis, kernel in ((0, (1, _BLURRED_BY)), (1, (_BLURRED_BY, 1))):
        steps = np.abs(np.diff(grey, axis=axis))
        blurred = np.abs(np.diff(cv2.blur(grey, kernel), axis=axis))
        total = float(steps.sum())
        kept.append(float(np.maximum(steps - blurred, 0).sum()) / total if total > 0 else 0.0)
    return min(kept)


def masks_inside(masks: NDArray[np.uint8], squares: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Say in which frames a silhouette ends before the picture's edge does.

    Args:
        masks: uint8 [T, R, R], in crops.
        squares: float64 [T, 3], x, y and side in pixels: where in the frames those are.
        size: H and W of the frames, pixels.

    Returns:
        bool [T]; empty masks count as inside.
    """
    person = masks > 127
    scale = squares[:, 2] / masks.shape[1]
    inside = np.ones(len(masks), bool)
    for axis, corner, length in ((2, squares[:, 1], size[0]), (1, squares[:, 0], size[1])):
        lines: NDArray[np.bool_] = np.asarray(person.any(axis=axis))  # [T, R]
        first = corner + lines.argmax(axis=1) * scale
        last = corner + (lines.shape[1] - lines[:, ::-1].argmax(axis=1)) * scale
        inside &= ~lines.any(axis=1) | ((first > _EDGE_PX) & (last < length - _EDGE_PX))
    return inside


def complete_share(masks: NDArray[np.uint8], heights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say in which frames a silhouette has head and feet.

    Args:
        masks: uint8 [T, R, R], in squares that follow the person.
        heights: float64 [T], expected, pixels of the masks.

    Returns:
        bool [T]: the mask reaches 85 % of the expected height, and not the crop's upper or lower edge.
    """
    rows: NDArray[np.bool_] = np.asarray((masks > 127).any(axis=2))
    top = rows.argmax(axis=1)
    bottom = rows.shape[1] - rows[:, ::-1].argmax(axis=1)
    tall = np.where(rows.any(axis=1), bottom - top, 0)
    inside = ~rows[:, 0] & ~rows[:, -1]
    return np.asarray((tall >= 0.85 * heights) & inside, np.bool_)
