"""Joints of the person in pictures of any size: cut out, squared, through a pose network, and back to the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gaitprint.data.frames import SquareGeometry, square_frames, to_model
from gaitprint.interop.onnx_pose import LocateJoints


class PoseFinder:
    """A pose network, ready for pictures as they come.

    Args:
        locate: the network, as `interop.onnx_pose.fastest_locator` gives it.
        resolution: of its pictures.
        device: where they are put.
    """

    def __init__(self, locate: LocateJoints, resolution: int, device: torch.device) -> None:
        self.locate, self.resolution, self.device = locate, resolution, device

    def find(
        self, frames: Sequence[NDArray[np.uint8]], boxes: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Find one person's joints in each of B frames.

        Args:
            frames: B times uint8 [H, W, 3], RGB; sizes may differ.
            boxes: int64 [B, 4], x, y, width, height in pixels: the part of each frame that is looked at, within it.

        Returns:
            positions float32 [B, 16, 2], pixels of the frames, the centre of a pixel at a half, and probabilities
            float32 [B, 16] in 0..1.
        """
        size = self.resolution
        squares = np.concatenate(
            [
                square_frames(frame[None, y : y + height, x : x + width], size)
                for frame, (x, y, width, height) in zip(frames, boxes.tolist(), strict=True)
            ]
        )  # [B, R, R, 3]
        with torch.inference_mode():
            found = self.locate(to_model(torch.from_numpy(squares).to(self.device)))
        positions, probabilities = found.positions.cpu().numpy(), found.probabilities.cpu().numpy()
        for places, (x, y, width, height) in zip(positions, boxes.tolist(), strict=True):
            places[:] = SquareGeometry(height, width, size).from_square(places) + np.array([x, y], np.float32)
        return positions, probabilities
