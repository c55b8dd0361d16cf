"""Rotation in the plane of the picture: a tilted camera, a walk up or down a slope."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, around_zero
from gaitprint.data.augmentation.silhouette_augmentation import SilhouetteAugmentation
from gaitprint.data.augmentation.warp import matrices, warp


@config_dataclass
class RotationConfig(AugmentationConfig):
    """Options of `Rotation`.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        degrees: largest angle, in 0..180; each clip's is drawn uniformly from -degrees..degrees, counter-clockwise.
    """

    degrees: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("degrees", 0, 180)


class Rotation(SilhouetteAugmentation[RotationConfig]):
    """Turn whole clips about the middle of the frame.

    With the 10 degrees of Fan et al., "OpenGait: Revisiting gait recognition towards better practicality", CVPR 2023.
    """

    Config: ClassVar[type] = RotationConfig

    def draws(self, frames: int) -> int:
        """The angle."""
        return 1

    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `SilhouetteAugmentation.change`."""
        angle = around_zero(drawn[:, 0], self.config.degrees).deg2rad()
        cosine, sine = angle.cos(), angle.sin()
        # y points down, so this turns a point of the result clockwise, back to where it came from.
        return warp(clips, matrices(cosine, -sine, 0.0, sine, cosine, 0.0, 0.0, 0.0, 1.0))
