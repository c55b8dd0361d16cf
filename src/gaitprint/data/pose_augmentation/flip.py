"""Mirror pictures; the left arm is then a right one."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.skeletons import MPII_16
from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.pose_augmentation.base import PoseAugmentation


class PictureFlip(PoseAugmentation[AugmentationConfig]):
    """Mirror pictures, left for right, and exchange the names of left and right joints."""

    Config: ClassVar[type] = AugmentationConfig

    def change(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """See `PoseAugmentation.change`."""
        exchanged = joints[:, torch.from_numpy(MPII_16.mirror_indices).to(joints.device)]
        x, y, confidence = exchanged.unbind(-1)
        return images.flip(-1), torch.stack([images.shape[-1] - x, y, confidence], dim=-1)
