"""Something stands in the way: boxes over pictures."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.base import AugmentationConfig, between
from gaitprint.data.augmentation.boxes import box_masks
from gaitprint.data.pose_augmentation.base import PoseAugmentation


@config_dataclass
class PictureOcclusionConfig(AugmentationConfig):
    """Options of `PictureOcclusion`.

    Args:
        probability: of each picture to be changed, by itself, in 0..1.
        boxes: how many, at least 1.
        side: smallest and largest height and width of a box, as a share of the picture's side, drawn uniformly.
    """

    probability: float = 0.3
    boxes: int = 2
    side: tuple[float, float] = (0.05, 0.25)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("side", 0, 1)
        if self.boxes < 1:
            raise UsageError(f"augment.boxes is {self.boxes}, must be at least 1")


class PictureOcclusion(PoseAugmentation[PictureOcclusionConfig]):
    """Cover parts of pictures with boxes of one colour each; the joints behind them are still to be found."""

    Config: ClassVar[type] = PictureOcclusionConfig

    def change(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """See `PoseAugmentation.change`."""
        size = images.shape[-1]
        for _ in range(self.config.boxes):
            drawn = torch.rand(len(images), 7, device=images.device)
            height, width = (between(drawn[:, :2], self.config.side) * size).unbind(1)
            covered = box_masks(height, width, drawn[:, 2:4], (size, size))  # [B, R, R]
            colour = (drawn[:, 4:] * 2 - 1).to(images.dtype)[..., None, None]  # [B, 3, 1, 1]
            images = torch.where(covered[:, None], colour, images)
        return images, joints
