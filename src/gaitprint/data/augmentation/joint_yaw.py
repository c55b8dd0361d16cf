"""Random yaw: a walk that goes elsewhere, or was not turned forward exactly."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.base import AugmentationConfig, around_zero
from gaitprint.data.augmentation.joint_augmentation import JointAugmentation, moved


@config_dataclass
class JointYawConfig(AugmentationConfig):
    """Options of `JointYaw`.

    Args:
        probability: of each walk to be changed, by itself, in 0..1.
        degrees: largest angle, in 0..180; each walk's is drawn uniformly from -degrees..degrees. 180 makes a model that
            does not mind where walks go; a few are enough for walks that face forward
            (`input.preprocessing.face_forward`).
    """

    degrees: float = 15.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("degrees", 0, 180)


class JointYaw(JointAugmentation[JointYawConfig]):
    """Turn whole walks about the vertical axis through the origin, y; needs joints in space."""

    Config: ClassVar[type] = JointYawConfig

    def change(self, walks: Tensor) -> Tensor:
        """See `JointAugmentation.change`.

        Raises:
            UsageError: joints in the image, which have no vertical axis to turn about.
        """
        if walks.shape[-1] != 4:
            raise UsageError("augment: joint-yaw needs joints in space; in the image there is nothing to turn about")
        drawn = torch.rand(len(walks), 1, 1, device=walks.device)
        angle = around_zero(drawn, self.config.degrees).deg2rad().to(walks.dtype)
        sine, cosine = angle.sin(), angle.cos()
        x, y, z, _ = walks.unbind(dim=-1)  # [B, T, J] each
        return moved(walks, torch.stack([x * cosine + z * sine, y, z * cosine - x * sine], dim=-1))
