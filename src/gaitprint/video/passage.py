"""One passage of a person, looked at closely: silhouettes, joints, quality, and the walk that they make.

Letters: T frames, J joints, R pixels of a crop's side.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import Skeleton
from gaitprint.data.frames import square_frames
from gaitprint.data.silhouettes import align_silhouettes
from gaitprint.video.background import Plate
from gaitprint.video.crop_memory import Crops
from gaitprint.video.front_ends import FrontEnds
from gaitprint.video.looks import Looks, better_boxes
from gaitprint.video.odd_frames import odd_frames
from gaitprint.video.passages import Spell, find_spells, longest_stretch, whole_in_picture
from gaitprint.video.pose import CropJoints
from gaitprint.video.quality import (
    PassageQuality,
    QualityLimits,
    complete_share,
    gait_cycles,
    masks_inside,
    refusal,
    sharpness,
)
from gaitprint.video.segmentation import CROP, clean_silhouette
from gaitprint.video.squares import steady_squares, to_frame
from gaitprint.video.stages import Stages
from gaitprint.video.step_rhythm import StepRhythm, joint_rhythm, step_rhythm
from gaitprint.video.tracking import Track

# Frames whose sharpness is measured, evenly spread.
_MEASURED = 6
# Looks that decide whether there is a person at all.
_PROBES = 8


@dataclass(frozen=True)
class PassageOptions:
    """How passages are read.

    Args:
        size: of the aligned silhouettes, (height, width).
        pose_every: joints are found in every so many frames and interpolated between.
        joint_axes: 2 = pixels of the frames, 3 = metres about the hips; only where the front-end finds depth.
        frames_size: side of the square RGB frames that are kept with the walk, pixels; None for none.
        limits: of quality.
    """

    size: tuple[int, int] = (64, 64)
    pose_every: int = 2
    joint_axes: Literal[2, 3] = 2
    frames_size: int | None = None
    limits: QualityLimits = field(default_factory=QualityLimits)


@dataclass(frozen=True, eq=False)
class Passage:
    """One person going one way once.

    Args:
        walk: with the labels of its place in the video; None where silhouettes were found in no frame.
        refused: why it will not do, in one line; None where it will.
        track: number of the person in the video.
        numbers: int64 [T], of the frames.
        squares: float64 [T, 3], x, y and side in pixels: where in the frames the crops were cut out.
        crops: uint8 [T, R, R, 3], RGB.
        masks: uint8 [T, R, R], 0 to 255, silhouettes in the crops.
        joints: float32 [T, J, 2], pixels of the frames; None where there is no pose front-end.
        confidence: float32 [T, J].
        skeleton: of the joints.
        direction: where to, in words.
        view_deg: as `Spell` has it.
        quality: its figures.
        left_out: frames without a usable silhouette, which the walk lacks.
    """

    walk: GaitSequence | None
    refused: str | None
    track: int
    numbers: NDArray[np.int64]
    squares: NDArray[np.float64]
    crops: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    joints: NDArray[np.float32] | None
    confidence: NDArray[np.float32] | None
    skeleton: Skeleton | None
    direction: str
    view_deg: float | None
    quality: PassageQuality
    left_out: int


class PassageReader:
    """Reads passages of one video.

    Args:
        size: H and W of the frames, pixels.
        frame_rate_hz: frames a second.
        front_ends: what finds silhouettes and joints.
        options: of the passages.
        stages: where the time is counted.
    """

    def __init__(
        self,
        size: tuple[int, int],
        frame_rate_hz: float,
        front_ends: FrontEnds,
        options: PassageOptions,
        stages: Stages,
    ) -> None:
        self._size, self._rate_hz, self._front_ends = size, frame_rate_hz, front_ends
        self._options, self._stages = options, stages

    def read(self, track: Track, boxes: NDArray[np.float64], crops: Crops, plate: Plate | None) -> list[Passage]:
        """Cut a track into passages and read each.

        Args:
            track: whose.
            boxes: float64 [T, 4]; NaN where the person was not seen.
            crops: of its frames.
            plate: the background; None where there is none.
        """
        height = float(np.nanmedian(boxes[:, 3]))
        limits = self._options.limits
        # What is far too small or short is not worth the networks' time.
        hopeless = height < 0.7 * limits.least_height_px or len(boxes) < limits.least_frames
        looks = Looks(np.zeros(len(boxes), np.int64), None, None) if hopeless else self._look(boxes, crops)
        boxes = better_boxes(boxes, looks)
        usable = whole_in_picture(boxes, self._size) & ~np.array(track.shared)
        spells = find_spells(boxes, usable, self._size, self._rate_hz)
        squares = steady_squares(boxes, self._rate_hz)
        return [self._read(track, spell, boxes, squares, crops, plate, looks, hopeless=hopeless) for spell in spells]

    def _look(self, boxes: NDArray[np.float64], crops: Crops) -> Looks:
        """Look for joints in some frames of a track; at a few first, where they can tell people from other things."""
        pose, count = self._front_ends.pose, len(boxes)
        if pose is None:
            return Looks(np.zeros(0, np.int64), None, None)
        with self._stages.measure("pose"):
            squares = steady_squares(boxes, self._rate_hz)
            looked = np.unique(np.linspace(0.1 * count, 0.9 * count, _PROBES).astype(np.int64))
            if pose.knows_people:
                found = pose.find([crops.cut(position, squares[position], CROP) for position in looked.tolist()])
                if float((found.person > 0.5).mean()) < 0.5 * self._options.limits.least_person:
                    return Looks(looked, found, None)
            looked = np.unique(np.append(np.arange(0, count, self._options.pose_every), count - 1))
            found = pose.find([crops.cut(position, squares[position], CROP) for position in looked.tolist()])
            placed = found._replace(image=to_frame(found.image, squares[looked], CROP))
            return Looks(looked, placed, pose.skeleton)

    def _read(
        self,
        track: Track,
        spell: Spell,
        boxes: NDArray[np.float64],
        squares: NDArray[np.float64],
        crops: Crops,
        plate: Plate | None,
        looks: Looks,
        *,
        hopeless: bool,
    ) -> Passage:
        part = slice(spell.start, spell.stop)
        own, squares = boxes[part], squares[part]
        with self._stages.measure("crops"):
            cut = np.stack([crops.cut(spell.start + n, square, CROP) for n, square in enumerate(squares)])
        height = float(np.nanmedian(own[:, 3])) if not np.isnan(own[:, 3]).all() else float(np.nanmedian(boxes[:, 3]))
        limits = self._options.limits
        found = looks.within(spell, len(boxes))
        nobody = looks.joints is not None and found is None
        masks = np.zeros(cut.shape[:3], np.uint8)
        if not (hopeless or nobody):
            masks = self._find_masks(cut, own, squares, plate)
            # Only now it shows where head or feet are beyond the picture's edge.
            first, last = longest_stretch(masks_inside(masks, squares, self._size), self._rate_hz)
            spell = replace(spell, start=spell.start + first, stop=spell.start + last)
            part = slice(spell.start, spell.stop)
            own, squares, cut, masks = own[first:last], squares[first:last], cut[first:last], masks[first:last]
            found = looks.within(spell, len(boxes))
        with self._stages.measure("silhouettes"):
            aligned, kept = align_silhouettes(masks, self._options.size)
            rhythm = self._rhythm(aligned, spell, squares, found, looks)
            if kept.any():
                odd = odd_frames(aligned)
                aligned = aligned[~odd]
                kept[np.flatnonzero(kept)[odd]] = False
            complete = complete_share(masks, self._expected(masks, own, squares, looks))
            chosen = np.linspace(spell.start, spell.stop - 1, min(_MEASURED, len(cut))).astype(int)
            sharp = float(np.median([sharpness(_middle(crops.pixels[position])) for position in chosen]))
        seconds = len(cut) / self._rate_hz
        quality = PassageQuality(
            frames=len(cut),
            seconds=seconds,
            cycles=gait_cycles(seconds, rhythm, limits),
            height_px=_mask_height(masks, squares, height),
            complete=float(complete.mean()),
            sharpness=sharp,
            rhythm=rhythm.strength,
            speed=spell.speed,
            person=looks.person(spell) if self._front_ends.pose and self._front_ends.pose.knows_people else None,
        )
        refused = refusal(quality, limits)
        if refused is None and not kept.any():
            refused = "no silhouette in any frame"
        return Passage(
            walk=None if refused else self._walk(spell, aligned, kept, cut, found),
            refused=refused,
            track=track.number,
            numbers=np.array(crops.numbers[part], np.int64),
            squares=squares,
            crops=cut,
            masks=masks,
            joints=None if found is None else found.image,
            confidence=None if found is None else found.confidence,
            skeleton=looks.skeleton,
            direction=spell.direction,
            view_deg=spell.view_deg,
            quality=quality,
            left_out=int((~kept).sum()),
        )

    def _rhythm(
        self,
        aligned: NDArray[np.uint8],
        spell: Spell,
        squares: NDArray[np.float64],
        found: CropJoints | None,
        looks: Looks,
    ) -> StepRhythm:
        """Find the steps in silhouettes or joints, wherever they show better."""
        rhythm = step_rhythm(aligned, self._rate_hz)
        # Joints of who stays in place tremble by themselves, and only silhouettes tell.
        if found is None or looks.skeleton is None or spell.view_deg is None:
            return rhythm
        corners, sides = squares[:, None, :2], squares[:, None, 2:]
        of_joints = joint_rhythm(((found.image - corners) / sides).astype(np.float32), looks.skeleton, self._rate_hz)
        return max(rhythm, of_joints, key=lambda one: one.strength)

    def _expected(
        self, masks: NDArray[np.uint8], boxes: NDArray[np.float64], squares: NDArray[np.float64], looks: Looks
    ) -> NDArray[np.float64]:
        """Return how tall silhouettes should be, float64 [T], pixels of the crops: as bodies are, else as most are."""
        if looks.skeleton is not None:
            tall = boxes[:, 3] / squares[:, 2] * CROP
            return np.where(np.isnan(tall), np.nanmedian(tall), tall)
        rows: NDArray[np.bool_] = np.asarray((masks > 127).any(axis=2))
        tall = rows.shape[1] - rows[:, ::-1].argmax(axis=1) - rows.argmax(axis=1)
        shares = np.where(rows.any(axis=1), tall / CROP * squares[:, 2], 0.0)  # pixels of the frames
        return np.asarray(np.percentile(shares, 80) / squares[:, 2] * CROP, np.float64)

    def _find_masks(
        self, cut: NDArray[np.uint8], boxes: NDArray[np.float64], squares: NDArray[np.float64], plate: Plate | None
    ) -> NDArray[np.uint8]:
        """Find the silhouettes of crops [T, R, R, 3]: uint8 [T, R, R]."""
        masks = np.zeros(cut.shape[:3], np.uint8)
        placed = _in_crops(boxes, squares)
        with self._stages.measure("segmentation"):
            for mask, crop, square, box in zip(masks, cut, squares, placed, strict=True):
                mask[:] = clean_silhouette(self._front_ends.silhouettes.soft_mask(crop, plate, square, box), box)
        return masks

    def _walk(
        self,
        spell: Spell,
        aligned: NDArray[np.uint8],
        kept: NDArray[np.bool_],
        cut: NDArray[np.uint8],
        found: CropJoints | None,
    ) -> GaitSequence:
        """Put the walk together, as yet without a name."""
        places = None if found is None else found.image if self._options.joint_axes == 2 else found.world
        pose = self._front_ends.pose
        has = places is not None and found is not None and pose is not None
        size = self._options.frames_size
        return GaitSequence(
            "unknown",
            "passage",
            "free" if spell.view_deg is None else f"{round(spell.view_deg / 18) * 18 % 360:03d}",
            self._rate_hz,
            silhouettes=aligned,
            joints=places[kept] if has and places is not None else None,
            skeleton=pose.skeleton if has and pose is not None else None,
            confidence=found.confidence[kept] if has and found is not None else None,
            frames=None if size is None else square_frames(cut[kept], size),
            view_deg=spell.view_deg,
        )


def shared_places(first: Passage, second: Passage) -> float:
    """Return how much of their squares two passages share in the frames of both, 0 to 1; 0 where there is none."""
    one, other, common = _common_places(first, second)
    return float(np.mean(common / (one + other - common))) if len(common) else 0.0


def hidden_places(first: Passage, second: Passage) -> float:
    """Return how much of the smaller square lies in the larger one in the frames of both, 0 to 1; 0 without any."""
    one, other, common = _common_places(first, second)
    return float(np.mean(common / np.minimum(one, other))) if len(common) else 0.0


def _common_places(
    first: Passage, second: Passage
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Areas of the squares of either and of what both share, float64 [C] each, in the C frames of both."""
    _, one, other = np.intersect1d(first.numbers, second.numbers, assume_unique=True, return_indices=True)
    a, b = first.squares[one], second.squares[other]
    low = np.maximum(a[:, :2], b[:, :2])
    high = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:])
    return a[:, 2] ** 2, b[:, 2] ** 2, np.clip(high - low, 0, None).prod(axis=1)


def without_pictures(passage: Passage) -> Passage:
    """Let go of crops, and keep the masks as bits: what a long list of passages can hold."""
    return replace(passage, crops=np.zeros((0, 0, 0, 3), np.uint8), masks=np.packbits(passage.masks > 127, axis=2))


def _in_crops(boxes: NDArray[np.float64], squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes float64 [T, 4] in pixels of the frames -> of the crops; where there is none, the middle of the crop."""
    scale = CROP / squares[:, 2:]
    placed = np.concatenate([(boxes[:, :2] - squares[:, :2]) * scale, boxes[:, 2:] * scale], axis=1)
    usual = np.array([0.35, 0.13, 0.3, 0.74]) * CROP
    return np.where(np.isnan(placed), usual, placed)


def _middle(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the person out of a generous crop, for the background not to count."""
    side = len(crop)
    return np.asarray(cv2.cvtColor(crop[side // 4 : -side // 4, side // 3 : -side // 3], cv2.COLOR_RGB2GRAY), np.uint8)


def _mask_height(masks: NDArray[np.uint8], squares: NDArray[np.float64], otherwise: float) -> float:
    """Return the median height of silhouettes, pixels of the frames."""
    rows: NDArray[np.bool_] = np.asarray((masks > 127).any(axis=2))
    tall = (rows.shape[1] - rows[:, ::-1].argmax(axis=1) - rows.argmax(axis=1)) * squares[:, 2] / CROP
    return float(np.median(tall[rows.any(axis=1)])) if rows.any() else otherwise
