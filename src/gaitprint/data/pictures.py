"""Single frames of walks with the joints in them, as pose networks learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.skeletons import MPII_16, convert_joints
from gaitprint.data.frames import SquareGeometry, square_frames
from gaitprint.data.store import Store

# Pictures of a training that take more than this are read from the store again and again.
CACHE_LIMIT_BYTES = 2 << 30


def walks_with_joints_in_frames(store: Store, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of some walks that have both frames and joints in pixels, int64 [N]."""
    return np.array([position for position in positions.tolist() if _shows_joints(store, position)], np.int64)


def _shows_joints(store: Store, position: int) -> bool:
    if not {"joints", "frames"} <= set(store.infos[position].modalities):
        return False
    joints, _ = store.read_joints(position, [0])
    return int(joints.shape[-1]) == 2


class Pictures:
    """The pictures of some walks, squared, and kept once read as far as memory is meant for them.

    Args:
        store: the data.
        positions: int64 [N], walks with frames and joints in pixels.
        resolution: R, height and width of the pictures.
        readers: how many processes read side by side; each keeps its share.

    Attributes:
        lengths: int64 [N], pictures of each walk.
    """

    def __init__(self, store: Store, positions: NDArray[np.int64], resolution: int, readers: int = 1) -> None:
        self._store, self._positions, self._resolution = store, positions, resolution
        self.lengths = np.array([store.infos[position].num_frames for position in positions.tolist()], np.int64)
        self._starts = np.cumsum(self.lengths) - self.lengths
        self._limit = CACHE_LIMIT_BYTES // (resolution * resolution * 3 * readers)
        self._forget()

    def _forget(self) -> None:
        """Start with nothing kept. Memory is reserved here, and taken as pictures fill it."""
        total, size = int(self.lengths.sum()), self._resolution
        places = min(total, self._limit)
        self._kept_images = np.empty((places, size, size, 3), np.uint8)
        self._kept_joints = np.empty((places, len(MPII_16.joints), 3), np.float32)
        self._slots = np.full(total, -1, np.int64)  # where each picture is kept; -1 for nowhere
        self._used = 0

    def read(self, rows: NDArray[np.int64], frames: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Read one picture of each of some walks.

        Args:
            rows: int64 [B], indices into `positions`.
            frames: int64 [B], which frame of it.

        Returns:
            images uint8 [B, R, R, 3], RGB, and joints float32 [B, 16, 3] in the order of `MPII_16`: x and y in pixels
            of the image, and confidence, 0 for one that is unknown or outside the frame.
        """
        places = self._starts[rows] + frames
        kept = self._slots[places]
        known = kept >= 0
        images = np.empty((len(rows), *self._kept_images.shape[1:]), np.uint8)
        joints = np.empty((len(rows), *self._kept_joints.shape[1:]), np.float32)
        images[known], joints[known] = self._kept_images[kept[known]], self._kept_joints[kept[known]]
        for number in np.flatnonzero(~known).tolist():
            images[number], joints[number] = self._read_one(int(rows[number]), int(frames[number]))
            if self._used < len(self._kept_images) and self._slots[places[number]] < 0:
                self._kept_images[self._used], self._kept_joints[self._used] = images[number], joints[number]
                self._slots[places[number]] = self._used
                self._used += 1
        return images, joints

    def _read_one(self, row: int, frame: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        position = int(self._positions[row])
        picture = self._store.read_frames(position, [frame])  # [1, H, W, 3]
        places, confidence = self._store.read_joints(position, [frame])
        skeleton = self._store.infos[position].skeleton
        assert skeleton is not None  # a sequence with joints has one
        places, confidence = convert_joints(places, skeleton, MPII_16, confidence)
        height, width = picture.shape[1:3]
        inside = ((places >= 0) & (places <= np.array([width, height], np.float32))).all(axis=-1)
        squared = SquareGeometry(height, width, self._resolution).to_square(places)
        seen = np.where(inside, confidence, np.float32(0))
        return square_frames(picture, self._resolution)[0], np.concatenate([squared, seen[..., None]], axis=-1)[0]

    def __getstate__(self) -> dict[str, Any]:
        kept = ("_kept_images", "_kept_joints", "_slots", "_used")
        return {name: value for name, value in self.__dict__.items() if name not in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()  # each process keeps its own
