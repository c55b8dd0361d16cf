"""Perspective: the same walk from a camera that stands elsewhere and looks at an angle."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, around_zero
from gaitprint.data.augmentation.silhouette_augmentation import SilhouetteAugmentation
from gaitprint.data.augmentation.warp import matrices, warp


@config_dataclass
class PerspectiveConfig(AugmentationConfig):
    """Options of `Perspective`.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        distortion: how far each corner of what the frame shows moves at most, inwards or outwards, as a share of the
            frame's width and height, in 0..0.24; from a quarter on, four corners need not be convex.
    """

    distortion: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("distortion", 0, 0.24)


class Perspective(SilhouetteAugmentation[PerspectiveConfig]):
    """Let the four corners of the frame show other places of the clip, each drawn by itself.

    As an augmentation of silhouettes: Fan et al., "OpenGait: Revisiting gait recognition towards better practicality",
    CVPR 2023, whose corners move inwards along the rows only.
    """

    Config: ClassVar[type] = PerspectiveConfig

    def draws(self, frames: int) -> int:
        """Four corners, two coordinates each."""
        return 8

    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `SilhouetteAugmentation.change`."""
        height, width = clips.shape[-2:]
        moved = around_zero(drawn, self.config.distortion).view(-1, 4, 2)  # [B, 4 corners, (x, y)]
        # Top left, top right, bottom right, bottom left, with the frame as the unit square.
        corners = moved + moved.new_tensor([[0, 0], [1, 0], [1, 1], [0, 1]])
        from_frame = moved.new_tensor([[height / width, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        to_frame = moved.new_tensor([[width / height, 0, -0.5 * width / height], [0, 1, -0.5], [0, 0, 1]])
        return warp(clips, to_frame @ square_to_quadrilateral(corners) @ from_frame)


def square_to_quadrilateral(corners: Tensor) -> Tensor:
    """Return the projective maps that take the unit square to convex quadrilaterals.

    Heckbert, "Fundamentals of texture mapping and image warping", 1989, section 2.2.3: a closed form, where a general
    solver would make a GPU wait for its error code.

    Args:
        corners: float [B, 4, 2], the images of (0, 0), (1, 0), (1, 1), (0, 1).

    Returns:
        float [B, 3, 3]; the third coordinate is positive in the square.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (corner.unbind(1) for corner in corners.unbind(1))
    x_sum, y_sum = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    (ax, ay), (bx, by) = (x1 - x2, y1 - y2), (x3 - x2, y3 - y2)
    area = ax * by - bx * ay
    g, h = (x_sum * by - bx * y_sum) / area, (ax * y_sum - x_sum * ay) / area
    return matrices(x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1.0)
