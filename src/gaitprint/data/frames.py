"""Frames as pose networks take them: padded to a square, of one resolution, and in -1..1.

Places in pictures are continuous: x to the right and y down from the upper left corner, so that the centre of a pixel
lies at a half. Then padding is a shift, resizing a factor, and neither needs a correction.

Letters: T frames, H height and W width of a frame, R resolution of the square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class SquareGeometry:
    """Where the places of a frame are in the square that `square_frames` makes of it, and back.

    Args:
        height: H, pixels.
        width: W, pixels.
        size: R, pixels.

    Example:
        >>> geometry = SquareGeometry(height=100, width=50, size=200)
        >>> geometry.to_square(np.array([[0.0, 0.0]], np.float32)).tolist()
        [[50.0, 0.0]]
    """

    height: int
    width: int
    size: int

    @property
    def side(self) -> int:
        """Height and width of the padded frame before it is resized, pixels."""
        return max(self.height, self.width)

    @property
    def padding(self) -> tuple[int, int]:
        """(left, top) pixels added; where an odd number is missing, the right or lower edge gets one more."""
        return (self.side - self.width) // 2, (self.side - self.height) // 2

    @property
    def scale(self) -> float:
        """Pixels of the square for one of the frame."""
        return self.size / self.side

    def to_square(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Places (x, y) in the frame, float32 [..., 2] -> in the square, float32 [..., 2]."""
        moved: NDArray[np.float32] = (points + np.array(self.padding, np.float32)) * np.float32(self.scale)
        return moved

    def from_square(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Places (x, y) in the square, float32 [..., 2] -> in the frame, float32 [..., 2]."""
        moved: NDArray[np.float32] = points / np.float32(self.scale) - np.array(self.padding, np.float32)
        return moved


def square_frames(frames: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Pad frames to a square, black and with the frame in the middle, and resize them.

    Shrinking averages over what a pixel covers (bilinear with antialiasing), so that thin limbs do not flicker.

    Args:
        frames: uint8 [T, H, W, 3].
        size: R.

    Returns:
        uint8 [T, R, R, 3], a copy also where nothing is to be done.
    """
    count, height, width = frames.shape[:3]
    geometry = SquareGeometry(height, width, size)
    side, (left, top) = geometry.side, geometry.padding
    squares = np.zeros((count, side, side, 3), np.uint8)
    squares[:, top : top + height, left : left + width] = frames
    if side == size or count == 0:
        return squares if count else np.zeros((0, size, size, 3), np.uint8)
    # Channels last in memory is what the resizing of bytes is quickest with.
    images = torch.from_numpy(squares).permute(0, 3, 1, 2)  # [T, 3, side, side]
    resized = functional.interpolate(images, (size, size), mode="bilinear", antialias=True)
    return resized.permute(0, 2, 3, 1).contiguous().numpy()


def to_model(images: NDArray[np.uint8] | Tensor) -> Tensor:
    """Turn pixels into what pose networks take: x = (pixel / 255 - 0.5) * 2.

    Args:
        images: uint8 [..., H, W, 3], RGB; a tensor stays on its device.

    Returns:
        float32 [..., 3, H, W] in -1..1, channels last in memory, as convolutions are quickest with.
    """
    pixels = images if isinstance(images, Tensor) else torch.from_numpy(np.require(images, requirements=["C", "W"]))
    return pixels.float().div_(255.0).sub_(0.5).mul_(2.0).movedim(-1, -3)
