"""The noise of a sensor in bad light."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.pose_augmentation.base import PoseAugmentation


@config_dataclass
class PictureNoiseConfig(AugmentationConfig):
    """Options of `PictureNoise`.

    Args:
        probability: of each picture to be changed, by itself, in 0..1.
        deviation: largest standard deviation, as a share of the range of values, in 0..1; each picture's is drawn
            uniformly from 0 on.
    """

    probability: float = 0.3
    deviation: float = 0.06

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("deviation", 0, 1)


class PictureNoise(PoseAugmentation[PictureNoiseConfig]):
    """Add Gaussian noise to each value of pictures."""

    Config: ClassVar[type] = PictureNoiseConfig

    def change(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """See `PoseAugmentation.change`."""
        deviation = torch.rand(len(images), 1, 1, 1, device=images.device) * (2 * self.config.deviation)  # of -1..1
        return (images + deviation * torch.randn_like(images)).clamp(-1, 1), joints
