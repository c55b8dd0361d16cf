"""What the augmentations of a part of the body share: a random box, the same in all frames of a clip."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, between
from gaitprint.data.augmentation.boxes import box_masks
from gaitprint.data.augmentation.silhouette_augmentation import SilhouetteAugmentation


@config_dataclass
class BodyPartConfig(AugmentationConfig):
    """Options of every augmentation of a part of the body.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        part_height: lowest and highest, as a share of the frame's height.
        part_width: narrowest and widest, as a share of the frame's width; with 1, 1 the parts are bands.
    """

    part_height: tuple[float, float] = (0.15, 0.4)
    part_width: tuple[float, float] = (0.4, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("part_height", 0, 1)
        self._check_range("part_width", 0, 1)


PartConfigT = TypeVar("PartConfigT", bound=BodyPartConfig)


class BodyPartAugmentation(SilhouetteAugmentation[PartConfigT]):
    """Base of the augmentations that change what lies in a random box, the same box in all frames of a clip."""

    def draws(self, frames: int) -> int:
        """Height, width and two coordinates of the box, and how much is changed."""
        return 5

    @abstractmethod
    def change_everywhere(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """Change whole frames, of which the box is then kept.

        Args:
            clips: float [B, T, 1, H, W] in [-1, 1]; it is not changed itself.
            drawn: float32 [B], uniform in 0..1: how much, for each clip.

        Returns:
            the same shape, type and range.
        """

    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `SilhouetteAugmentation.change`."""
        height, width = clips.shape[-2:]
        heights = between(drawn[:, 0], self.config.part_height) * height
        widths = between(drawn[:, 1], self.config.part_width) * width
        inside = box_masks(heights, widths, drawn[:, 2:4], (height, width))  # [B, H, W]
        return torch.where(inside[:, None, None], self.change_everywhere(clips, drawn[:, 4]), clips)
