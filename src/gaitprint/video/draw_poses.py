"""Pictures and videos with their poses drawn on them, written as they are found."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gaitprint.core.errors import UsageError
from gaitprint.core.files import atomic_path
from gaitprint.core.progress import track
from gaitprint.reports.pose_drawing import draw_pose, enlarged
from gaitprint.reports.pose_sheet import PoseSheet
from gaitprint.video.decode import ImageFiles, Picture, Video, batches
from gaitprint.video.encode import write_video
from gaitprint.video.motion_box import find_motion_boxes
from gaitprint.video.pose_finder import PoseFinder

LEGEND_FILE, SHEET_FILE = "legend.png", "contact-sheet.png"
_BOX_COLOUR = (244, 246, 248)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class FoundPoses:
    """Joints of N pictures or frames.

    Args:
        names: of the pictures; numbers of frames.
        positions: float32 [N, 16, 2], pixels of the pictures, the centre of a pixel at a half.
        probabilities: float32 [N, 16] in 0..1.
        boxes: int64 [N, 4], x, y, width, height: what part of each was looked at.
        left_out: (path, reason) of pictures that are not among them.
        moving: frames in which somebody was followed by their motion; None where that was not asked for.
        seconds: that decoding, finding, drawing and writing took.
        files: what was written.
    """

    names: tuple[str, ...]
    positions: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    boxes: NDArray[np.int64]
    left_out: tuple[tuple[str, str], ...]
    moving: int | None
    seconds: float
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Found:
    """One picture and its joints."""

    picture: Picture
    box: NDArray[np.int64]  # [4]
    positions: NDArray[np.float32]  # [16, 2]
    probabilities: NDArray[np.float32]  # [16]


def draw_images(images: ImageFiles, finder: PoseFinder, out: Path, threshold: float, box: Box | None) -> FoundPoses:
    """Find and draw the pose of each image; writes one PNG for each.

    Args:
        images: one or several.
        finder: of the joints.
        out: the folder to write to.
        threshold: from which probability on a joint counts as found.
        box: x, y, width, height: the part of each image to look at; None for the whole.

    Raises:
        UnreadableFileError: no image can be read.
        UsageError: the box lies beyond every image.
    """
    start = time.perf_counter()
    beyond: list[tuple[str, str]] | None = [] if images.is_folder else None
    names = _drawing_names([file.name for file in images.files])
    found: list[_Found] = []
    files: list[Path] = []
    pictures = track(images, "finding joints", total=images.total)
    for one in _find(_boxed(pictures, box, beyond), finder):
        drawn = draw_pose(*enlarged(one.picture.frame, one.positions), one.probabilities, threshold)
        files.append(out / names[one.picture.name])
        write_picture(files[-1], drawn)
        found.append(_without_frame(one))
    left_out = [*images.left_out, *((str(images.path / name), reason) for name, reason in beyond or ())]
    if not found:
        raise UsageError(f"{images.path}: no image reaches into --box; first {left_out[-1][0]}: {left_out[-1][1]}")
    return _collect(found, left_out, None, start, files)


def draw_video(
    video: Video, finder: PoseFinder, out: Path, threshold: float, box: Box | None, *, follow: bool
) -> FoundPoses:
    """Find and draw the pose in each frame; writes NAME.mp4 and a contact sheet.

    Args:
        video: what to go through, twice where somebody is followed.
        finder: of the joints.
        out: the folder to write to.
        threshold: from which probability on a joint counts as found.
        box: x, y, width, height: the part of each frame to look at; None for the whole.
        follow: look where somebody moves, instead of at the whole frame.

    Raises:
        UsageError: the box lies beyond the frames.
    """
    moving, boxes = None, None
    if follow:
        frames = (picture.frame for picture in track(video, "looking for what moves", total=video.total))
        boxes = find_motion_boxes(frames, video.frame_rate_hz)
        moving = int(boxes.moving.sum())
    start = time.perf_counter()
    tracked = track(video, "finding joints", total=video.total)
    # Both passes decode the same frames; should one ever stop earlier, the shorter counts.
    parts = _boxed(tracked, box, None) if boxes is None else zip(tracked, boxes.boxes, strict=False)
    every = _find(parts, finder)
    first = next(every)  # what is wrong with box or network shows before anything is written
    sheet, path = PoseSheet(), out / f"{video.path.stem}.mp4"
    found: list[_Found] = []
    with write_video(path, video.frame_rate_hz) as write:
        for one in chain([first], every):
            write(_drawn_frame(one, threshold))
            seconds = int(one.picture.name) / video.frame_rate_hz
            sheet.add(one.picture.frame, one.box, one.positions, one.probabilities, f"{seconds:.2f} s")
            found.append(_without_frame(one))
    write_picture(out / SHEET_FILE, sheet.image(threshold))
    return _collect(found, [], moving, start, [path, out / SHEET_FILE])


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write uint8 [H, W, 3], RGB, as a PNG, atomically."""
    with atomic_path(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")


def _boxed(
    pictures: Iterable[Picture], box: Box | None, beyond: list[tuple[str, str]] | None
) -> Iterator[tuple[Picture, NDArray[np.int64]]]:
    """Pair pictures with the box, cut to their size.

    Pictures that the box does not reach go, with the reason, to `beyond`; without such a list that is a `UsageError`.
    """
    for picture in pictures:
        height, width = picture.frame.shape[:2]
        x, y, wide, high = box or (0, 0, width, height)
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + wide, width), min(y + high, height)
        if left < right and top < bottom:
            yield picture, np.array([left, top, right - left, bottom - top])
            continue
        reason = f"the box lies beyond its {width} x {height} pixels"
        if beyond is None:
            raise UsageError(f"--box {x},{y},{wide},{high}: {reason.replace('its', 'the picture of')}")
        beyond.append((picture.name, reason))


def _find(pictures: Iterable[tuple[Picture, NDArray[np.int64]]], finder: PoseFinder) -> Iterator[_Found]:
    """Find joints in batches."""
    boxes: list[NDArray[np.int64]] = []

    def without_boxes() -> Iterator[Picture]:
        for picture, box in pictures:
            boxes.append(box)
            yield picture

    for batch in batches(without_boxes()):
        current = np.stack(boxes)
        boxes.clear()
        positions, probabilities = finder.find([picture.frame for picture in batch], current)
        yield from map(_Found, batch, current, positions, probabilities)


def _without_frame(one: _Found) -> _Found:
    """Let go of the pixels, of which there may be any number."""
    nothing = np.zeros((0, 0, 3), np.uint8)
    return _Found(Picture(one.picture.name, nothing), one.box, one.positions, one.probabilities)


def _drawn_frame(one: _Found, threshold: float) -> NDArray[np.uint8]:
    """Draw pose and box on a frame of a video."""
    frame = one.picture.frame
    image, positions = enlarged(frame, one.positions)
    drawn = draw_pose(image, positions, one.probabilities, threshold)
    factor = image.shape[0] // frame.shape[0]
    x, y, width, height = (one.box * factor).tolist()
    if (width, height) != (image.shape[1], image.shape[0]):
        cv2.rectangle(drawn, (x, y), (x + width - 1, y + height - 1), _BOX_COLOUR, 1)
    return drawn


def _drawing_names(files: list[str]) -> dict[str, str]:
    """Name the drawing of each image NAME.png; with its suffix before it where two would have one name."""
    taken = [LEGEND_FILE, *(f"{Path(file).stem}.png".casefold() for file in files)]
    plain = {file: f"{Path(file).stem}.png" for file in files}
    return {file: name if taken.count(name.casefold()) == 1 else f"{file}.png" for file, name in plain.items()}


def _collect(
    found: list[_Found], left_out: list[tuple[str, str]], moving: int | None, start: float, files: list[Path]
) -> FoundPoses:
    return FoundPoses(
        names=tuple(one.picture.name for one in found),
        positions=np.stack([one.positions for one in found]),
        probabilities=np.stack([one.probabilities for one in found]),
        boxes=np.stack([one.box for one in found]),
        left_out=tuple(left_out),
        moving=moving,
        seconds=time.perf_counter() - start,
        files=tuple(files),
    )
