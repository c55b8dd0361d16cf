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
        self._most = CACHE_LIMIT_BYTES // (resolution * resolution * 3 * readers)
        # One array a picture: a large one for all would be written page by page all over.
        self._kept: dict[tuple[int, int], tuple[NDArray[np.uint8], NDArray[np.float32]]] = {}

    def read(self, rows: NDArray[np.int64], frames: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Read one picture of each of some walks.

        Args:
            rows: int64 [B], indices into `positions`.
            frames: int64 [B], which frame of it.

        Returns:
            images uint8 [B, R, R, 3], RGB, and joints float32 [B, 16, 3] in the order of `MPII_16`: x and y in pixels
            of the image, and confidence, 0 for one that is unknown or outside the frame.
        """
        size = self._resolution
        images = np.empty((len(rows), size, size, 3), np.uint8)
        joints = np.empty((len(rows), len(MPII_16.joints), 3), np.float32)
        for number, place in enumerate(zip(rows.tolist(), frames.tolist(), strict=True)):
            picture = self._kept.get(place) or self._read_one(*place)
            if len(self._kept) < self._most:
                self._kept[place] = picture
            images[number], joints[number] = picture
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
        return {**self.__dict__, "_kept": {}}  # each process keeps its own
