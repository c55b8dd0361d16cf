"""What was extracted, to look at: a sheet and an animation for each passage, and the video with everybody marked.

Letters: T frames, R pixels of a crop's side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gaitprint.core.files import atomic_path
from gaitprint.core.progress import track
from gaitprint.core.skeletons import Skeleton
from gaitprint.reports.animation import write_animation
from gaitprint.video.encode import write_video
from gaitprint.video.frame_source import FrameSource
from gaitprint.video.passage import Passage
from gaitprint.video.squares import place_mask

# Okabe & Ito's colours, RGB: usable ones first; what is refused is grey.
_COLOURS = ((86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167), (240, 228, 66), (213, 94, 0))
_REFUSED = (150, 150, 150)
_TILE, _COLUMNS = 144, 12
_LEAST_CONFIDENCE = 0.3


def passage_sheet(passage: Passage) -> NDArray[np.uint8]:
    """Return crops with outlines and joints over their silhouettes, evenly spread: uint8 [2 tiles, 12 tiles, 3]."""
    chosen = np.linspace(0, len(passage.crops) - 1, _COLUMNS).round().astype(int)
    upper = [_marked(passage, int(position), _TILE) for position in chosen]
    lower = [cv2.resize(passage.masks[position], (_TILE, _TILE), interpolation=cv2.INTER_AREA) for position in chosen]
    masks = np.repeat(np.concatenate(lower, axis=1)[..., None], 3, axis=2)
    return np.concatenate([np.concatenate(upper, axis=1), masks])


def write_passage(passage: Passage, folder: Path, name: str, frame_rate_hz: float) -> list[Path]:
    """Write NAME.png, the sheet, and NAME.gif, the passage as it was and as a silhouette; returns both paths."""
    sheet, animation = folder / f"{name}.png", folder / f"{name}.gif"
    with atomic_path(sheet) as temporary:
        Image.fromarray(passage_sheet(passage)).save(temporary, format="PNG")
    step = max(1, round(frame_rate_hz / 12.5))
    pictures = []
    for position in range(0, len(passage.crops), step):
        mask = cv2.resize(passage.masks[position], (_TILE, _TILE), interpolation=cv2.INTER_AREA)
        both = np.concatenate([_marked(passage, position, _TILE), np.repeat(mask[..., None], 3, axis=2)], axis=1)
        pictures.append(Image.fromarray(both).quantize(64))
    write_animation(pictures, animation, round(1000 * step / frame_rate_hz))
    return [sheet, animation]


def write_annotated_video(
    source: FrameSource, passages: Sequence[Passage], path: Path, names: Mapping[int, str] | None = None
) -> None:
    """Go through a file once more and write it with outline, joints and label of everybody who was followed.

    Args:
        source: the same that the passages are from; not a live one.
        passages: as `passage.without_pictures` leaves them.
        path: of the .mp4.
        names: number of a person -> what to call them, besides their number.
    """
    shown: dict[int, list[tuple[Passage, int]]] = {}
    for passage in passages:
        for position, number in enumerate(passage.numbers.tolist()):
            shown.setdefault(number, []).append((passage, position))
    with write_video(path, source.frame_rate_hz) as write:
        for frame in track(source, "drawing", total=source.total):
            drawn = frame.pixels.copy()
            factor = max(1, round(480 / drawn.shape[0]))
            if factor > 1:
                drawn = np.asarray(cv2.resize(drawn, None, fx=factor, fy=factor), np.uint8)
            for passage, position in shown.get(frame.number, ()):
                _annotate(drawn, passage, position, factor, (names or {}).get(passage.track, ""))
            write(drawn)


def _annotate(drawn: NDArray[np.uint8], passage: Passage, position: int, factor: int, name: str) -> None:
    """Draw one person on a frame that is `factor` times as large as it was, in place."""
    colour = _REFUSED if passage.refused else _COLOURS[(passage.track - 1) % len(_COLOURS)]
    square = passage.squares[position] * factor
    mask = np.unpackbits(passage.masks[position], axis=1) * np.uint8(255)
    placed = place_mask(mask, square, drawn.shape[0], drawn.shape[1])
    outlines, _ = cv2.findContours(
        np.where(placed > 127, np.uint8(255), np.uint8(0)), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(drawn, outlines, -1, colour, 2)
    if passage.joints is not None and passage.skeleton is not None and passage.confidence is not None:
        _bones(drawn, passage.joints[position] * factor, passage.confidence[position], passage.skeleton, colour)
    # OpenCV's letters are those of ASCII.
    who = f"{passage.track} {name.encode('ascii', 'replace').decode()}".rstrip()
    words = f"{who}: {passage.refused.partition(':')[0] if passage.refused else passage.direction}"
    x, y, side = square
    place = int(max(2, x + 0.2 * side)), int(max(14, y + 0.08 * side))
    cv2.putText(drawn, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (16, 20, 26), 3, cv2.LINE_AA)
    cv2.putText(drawn, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)


def _marked(passage: Passage, position: int, side: int) -> NDArray[np.uint8]:
    """Return one crop, uint8 [side, side, 3], with outline and joints."""
    crop = np.asarray(cv2.resize(passage.crops[position], (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    colour = _REFUSED if passage.refused else _COLOURS[(passage.track - 1) % len(_COLOURS)]
    mask = cv2.resize(passage.masks[position], (side, side), interpolation=cv2.INTER_AREA)
    person = np.where(mask > 127, np.uint8(255), np.uint8(0))
    outlines, _ = cv2.findContours(person, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(crop, outlines, -1, colour, 1)
    if passage.joints is not None and passage.skeleton is not None and passage.confidence is not None:
        x, y, length = passage.squares[position]
        places = (passage.joints[position] - np.array([x, y], np.float32)) * np.float32(side / length)
        _bones(crop, places, passage.confidence[position], passage.skeleton, (255, 255, 255))
    return crop


def _bones(
    image: NDArray[np.uint8],
    joints: NDArray[np.float32],
    confidence: NDArray[np.float32],
    skeleton: Skeleton,
    colour: tuple[int, int, int],
) -> None:
    """Draw the bones between joints, float32 [J, 2], that are sure enough, in place."""
    ends = skeleton.bone_indices[(confidence[skeleton.bone_indices] >= _LEAST_CONFIDENCE).all(axis=1)]
    points = np.rint(np.clip(joints, -4096, 4096) * 16).astype(np.int32)
    cv2.polylines(image, list(points[ends]), isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA, shift=4)
