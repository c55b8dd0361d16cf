"""Random erasing: a rectangle of the silhouette is missing, as behind a post or another person."""

from __future__ import annotations

import math
from typing import ClassVar

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, between
from gaitprint.data.augmentation.boxes import box_masks
from gaitprint.data.augmentation.silhouette_augmentation import BACKGROUND, SilhouetteAugmentation


@config_dataclass
class RandomErasingConfig(AugmentationConfig):
    """Options of `RandomErasing`.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        area: smallest and largest, as a share of the frame, in 0..1, drawn uniformly.
        aspect: lowest and highest ratio of height to width, drawn so that its logarithm is uniform; a rectangle that
            would not fit is made as high or as wide as the frame, with the area that was drawn.
        per_frame: whether each frame of a clip has a rectangle of its own; else all have the same.
    """

    area: tuple[float, float] = (0.05, 0.2)
    aspect: tuple[float, float] = (0.3, 1 / 0.3)
    per_frame: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("area", 0, 1)
        self._check_range("aspect", 0, 100)


class RandomErasing(SilhouetteAugmentation[RandomErasingConfig]):
    """Turn a random rectangle into background, in all frames of a clip or another in each.

    Zhong et al., "Random erasing data augmentation", AAAI 2020, who fill it with noise, which no silhouette shows. The
    default area, half of theirs, is that of OpenGait (Fan et al., CVPR 2023).
    """

    Config: ClassVar[type] = RandomErasingConfig

    def draws(self, frames: int) -> int:
        """Area, aspect and two coordinates of each rectangle."""
        return 4 * frames if self.config.per_frame else 4

    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `SilhouetteAugmentation.change`."""
        height, width = clips.shape[-2:]
        drawn = drawn.reshape(len(drawn), -1, 4)  # [B, T or 1, 4]
        share = between(drawn[..., 0], self.config.area)
        low, high = self.config.aspect
        aspect = between(drawn[..., 1], (math.log(low), math.log(high))).exp()
        pixels = share * (height * width)
        # Neither higher than the frame, nor so low that it had to be wider.
        heights = (pixels * aspect).sqrt().clamp(max=height).maximum(share * height)
        erased = box_masks(heights, pixels / heights, drawn[..., 2:], (height, width))  # [B, T or 1, H, W]
        return clips.masked_fill(erased.unsqueeze(2), BACKGROUND)
