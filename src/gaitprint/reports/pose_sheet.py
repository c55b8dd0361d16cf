"""A contact sheet: the poses of a video on one page, as the network saw the person."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gaitprint.data.frames import square_frames
from gaitprint.reports.pose_drawing import DEFAULT_THRESHOLD, draw_pose
from gaitprint.reports.style import INK, PAPER

_COLUMNS, _ROWS = 4, 3
_CELL, _GAP, _LABEL = 320, 12, 26


class _Cell(NamedTuple):
    """A part of a frame with its joints in it."""

    weight: float
    part: NDArray[np.uint8]  # [h, w, 3]
    positions: NDArray[np.float32]  # [16, 2]
    probabilities: NDArray[np.float32]  # [16]
    label: str


class PoseSheet:
    """Collects frames one by one, and keeps of each stretch of the video the one whose joints are surest.

    However long the video, no more than twice the cells of the page are held.
    """

    def __init__(self) -> None:
        self._cells: list[_Cell] = []
        self._stretch = 1  # frames that a cell stands for
        self._added = 0

    def add(
        self,
        frame: NDArray[np.uint8],
        box: NDArray[np.int64],
        positions: NDArray[np.float32],
        probabilities: NDArray[np.float32],
        label: str,
    ) -> None:
        """Add the next frame.

        Args:
            frame: uint8 [H, W, 3], RGB.
            box: int64 [4], x, y, width, height: the part of it to show.
            positions: float32 [16, 2], pixels of the frame.
            probabilities: float32 [16] in 0..1.
            label: written beneath.
        """
        if self._added == 2 * _COLUMNS * _ROWS * self._stretch:
            pairs = zip(self._cells[::2], self._cells[1::2], strict=True)
            self._cells = [max(pair, key=_weight) for pair in pairs]
            self._stretch *= 2
        place = self._added // self._stretch
        self._added += 1
        weight = float(probabilities.mean())
        if place < len(self._cells) and self._cells[place].weight >= weight:
            return
        x, y, width, height = box.tolist()
        # Every cell is of one size, for lines of one width.
        scale = _CELL / max(width, height)
        smoothing = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        part = np.asarray(cv2.resize(frame[y : y + height, x : x + width], size, interpolation=smoothing), np.uint8)
        places = ((positions - [x, y]) * scale).astype(np.float32)
        self._cells[place:] = [_Cell(weight, part, places, probabilities.copy(), label)]

    def image(self, threshold: float = DEFAULT_THRESHOLD) -> NDArray[np.uint8]:
        """Draw the page: uint8 [H, W, 3], RGB, at most four cells wide and three high, in the order of time.

        Args:
            threshold: from which probability on a joint counts as found.
        """
        count = min(len(self._cells), _COLUMNS * _ROWS)
        groups = np.array_split(np.arange(len(self._cells)), max(count, 1))
        chosen = [max((self._cells[n] for n in group), key=_weight) for group in groups if len(group)]
        columns = max(1, min(_COLUMNS, count))
        rows = max(1, -(-count // columns))
        size = (_GAP + columns * (_CELL + _GAP), _GAP + rows * (_CELL + _LABEL + _GAP))
        page = Image.new("RGB", size, PAPER)
        pen, font = ImageDraw.Draw(page), ImageFont.load_default(16)
        for number, cell in enumerate(chosen):
            x = _GAP + number % columns * (_CELL + _GAP)
            y = _GAP + number // columns * (_CELL + _LABEL + _GAP)
            drawn = draw_pose(cell.part, cell.positions, cell.probabilities, threshold)
            page.paste(Image.fromarray(square_frames(drawn[None], _CELL)[0]), (x, y))
            pen.text((x + 2, y + _CELL + _LABEL / 2), cell.label, fill=INK, font=font, anchor="lm")
        return np.array(page)


def _weight(cell: _Cell) -> float:
    return cell.weight
