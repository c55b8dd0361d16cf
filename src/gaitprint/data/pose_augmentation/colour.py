"""Another light, another camera: brightness, contrast, saturation and the tint of pictures."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, around_zero
from gaitprint.data.pose_augmentation.base import PoseAugmentation

# Weights of red, green and blue in brightness: ITU-R BT.601.
_LUMA = (0.299, 0.587, 0.114)


@config_dataclass
class PictureColourConfig(AugmentationConfig):
    """Options of `PictureColour`; each picture's factors are drawn uniformly from 1 - value .. 1 + value.

    Args:
        probability: of each picture to be changed, by itself, in 0..1.
        brightness: of the factor of all values, in 0..1.
        contrast: of the factor of differences to the picture's mean brightness, in 0..1.
        saturation: of the factor of differences to each pixel's brightness, in 0..1.
        tint: of a factor for each channel by itself, in 0..1.
    """

    probability: float = 0.8
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    tint: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("brightness", "contrast", "saturation", "tint"):
            self._check_value(name, 0, 1)


class PictureColour(PoseAugmentation[PictureColourConfig]):
    """Change brightness, contrast, saturation and tint of pictures."""

    Config: ClassVar[type] = PictureColourConfig

    def change(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """See `PoseAugmentation.change`."""
        options = self.config
        drawn = torch.rand(len(images), 6, 1, 1, 1, device=images.device)
        brightness, contrast, saturation = (
            1 + around_zero(drawn[:, number], limit)
            for number, limit in enumerate((options.brightness, options.contrast, options.saturation))
        )
        tint = 1 + around_zero(drawn[:, 3:, 0], options.tint)  # [B, 3, 1, 1]
        pixels = (images + 1) / 2 * (brightness * tint)
        weights = torch.tensor(_LUMA, device=images.device, dtype=images.dtype).view(1, 3, 1, 1)
        grey = (pixels * weights).sum(dim=1, keepdim=True)  # [B, 1, R, R]
        middle = grey.mean(dim=(2, 3), keepdim=True)
        pixels = grey + (pixels - grey) * saturation
        pixels = middle + (pixels - middle) * contrast
        return (pixels * 2 - 1).clamp(-1, 1).to(images.dtype), joints
