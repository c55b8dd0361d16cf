"""What is kept of the people who are followed: one crop a frame, generous and of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gaitprint.video.frame_source import Frame
from gaitprint.video.squares import cut_square
from gaitprint.video.tracking import Track

# Side of the crop for one of the person's height, and at most, pixels: enough for the networks, which take 256 of a
# tighter square.
_ROOM, _LARGEST = 1.9, 352
# Frames over which the largest height counts: a person who is half hidden is as large as before.
_HELD = 12


@dataclass
class Crops:
    """Crops of one track, frame by frame.

    Args:
        numbers: of the frames.
        pixels: uint8 [r, r, 3] each, RGB.
        squares: float64 [3] each, x, y and side in pixels: where in the frame the crop was cut out.
        camera_moves: whether the camera moved.
    """

    numbers: list[int] = field(default_factory=list)
    pixels: list[NDArray[np.uint8]] = field(default_factory=list)
    squares: list[NDArray[np.float64]] = field(default_factory=list)
    camera_moves: list[bool] = field(default_factory=list)

    def cut(self, position: int, square: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
        """Cut a square of the frame, float64 [3], out of a crop: uint8 [size, size, 3]."""
        kept, (x, y, side) = self.pixels[position], self.squares[position]
        scale = len(kept) / side
        return cut_square(kept, np.array([(square[0] - x) * scale, (square[1] - y) * scale, square[2] * scale]), size)


class CropMemory:
    """Crops of everybody who is followed."""

    def __init__(self) -> None:
        self._kept: dict[int, Crops] = {}

    def keep(self, frame: Frame, tracks: Sequence[Track], *, camera_moves: bool) -> None:
        """Cut everybody out of a frame; each track's last box is that of the frame."""
        for track in tracks:
            x, y, width, height = track.boxes[-1]
            tall = max(max(box[3], box[2]) for box in track.boxes[-_HELD:])
            side = max(16.0, round(_ROOM * tall))
            square = np.array([round(x + width / 2 - side / 2), round(y + height / 2 - side / 2), side])
            crops = self._kept.setdefault(id(track), Crops())
            crops.numbers.append(frame.number)
            crops.pixels.append(cut_square(frame.pixels, square, min(_LARGEST, int(side))))
            crops.squares.append(square)
            crops.camera_moves.append(camera_moves)

    def take(self, track: Track) -> Crops:
        """Return the crops of a track that is over, one for each of its boxes, and let go of them."""
        # One that was cut in the very frame in which the person left has no box, and no crop.
        crops = self._kept.pop(id(track), Crops())
        length = len(track)
        return Crops(crops.numbers[:length], crops.pixels[:length], crops.squares[:length], crops.camera_moves[:length])


def without_gaps(track: Track, crops: Crops) -> tuple[Track, Crops]:
    """Repeat the nearest frame where frames are missing: a walk has a frame for every step of its frame rate."""
    numbers = np.array(crops.numbers, np.int64)
    if len(numbers) == 0 or numbers[-1] - numbers[0] + 1 == len(numbers):
        return track, crops
    every = np.arange(numbers[0], numbers[-1] + 1)
    after = np.searchsorted(numbers, every)
    before = np.maximum(after - 1, 0)
    nearest = np.where(numbers[after] - every <= every - numbers[before], after, before).tolist()
    return (
        Track(
            track.number,
            track.first,
            [track.boxes[position] for position in nearest],
            [track.seen[position] for position in nearest],
            [track.shared[position] for position in nearest],
        ),
        Crops(
            every.tolist(),
            [crops.pixels[position] for position in nearest],
            [crops.squares[position] for position in nearest],
            [crops.camera_moves[position] for position in nearest],
        ),
    )
