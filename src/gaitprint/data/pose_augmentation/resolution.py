"""A person far away, or a small video blown up: shrunk and enlarged again."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, between
from gaitprint.data.pose_augmentation.base import PoseAugmentation


@config_dataclass
class PictureResolutionConfig(AugmentationConfig):
    """Options of `PictureResolution`.

    Args:
        probability: of each picture to be changed, by itself, in 0..1.
        scale: lowest and highest share of the resolution that is left, above 0 and at most 1, drawn uniformly.
        smooth: share of pictures that are enlarged smoothly; the others show their pixels as squares.
    """

    probability: float = 0.3
    scale: tuple[float, float] = (0.3, 0.9)
    smooth: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("scale", 0, 1)
        self._check_value("smooth", 0, 1)


class PictureResolution(PoseAugmentation[PictureResolutionConfig]):
    """Shrink pictures and enlarge them again, smoothly or in squares; every picture to a resolution of its own."""

    Config: ClassVar[type] = PictureResolutionConfig

    def change(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """See `PoseAugmentation.change`."""
        drawn = torch.rand(len(images), 2, device=images.device)
        size = images.shape[-1]
        left = (between(drawn[:, 0], self.config.scale) * size).round().clamp(min=1)
        maps = resampling(size, left, drawn[:, 1] < self.config.smooth).to(images.dtype)[:, None]  # [B, 1, R, R]
        return (maps @ images @ maps.mT).clamp(-1, 1), joints


def resampling(size: int, left: Tensor, smooth: Tensor) -> Tensor:
    """Return what shrinking and enlarging does to a row of pixels, as a matrix for each picture.

    Shrinking averages with a triangle as wide as two new pixels; enlarging interpolates linearly or repeats.

    Args:
        size: R, pixels before and after.
        left: float [B], whole numbers of pixels in between, 1..R.
        smooth: bool [B], whether to interpolate.

    Returns:
        float32 [B, R, R]; rows sum up to 1.
    """
    pixels = torch.arange(size, device=left.device, dtype=torch.float32)
    left = left[:, None, None]
    small = pixels[:, None]  # of `left` there are fewer; the rest is unused
    width = size / left
    # [B, small, R]: the triangle around the middle of each small pixel.
    down = (1 - ((pixels + 0.5) / width - (small + 0.5)).abs()).clamp(min=0)
    down = down / down.sum(dim=-1, keepdim=True).clamp(min=1e-6)
    # [B, R, small]: where each pixel lies among the small ones.
    place = (small + 0.5) / width - 0.5
    linear = (1 - (place.clamp(min=0).minimum(left - 1) - pixels).abs()).clamp(min=0)
    nearest = (((small + 0.5) / width).floor() == pixels).float()
    return torch.where(smooth[:, None, None], linear, nearest) @ down
