"""Joint jitter: a sensor's noise."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.augmentation.joint_augmentation import JointAugmentation, moved


@config_dataclass
class JointJitterConfig(AugmentationConfig):
    """Options of `JointJitter`.

    Args:
        probability: of each walk to be changed, by itself, in 0..1.
        deviation: standard deviation along each axis, in 0..1000, in the joints' own unit: metres as they are recorded,
            trunk and leg (about 1.4 m) of unit-sized walks, pixels in the image.
    """

    deviation: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("deviation", 0, 1000)


class JointJitter(JointAugmentation[JointJitterConfig]):
    """Add Gaussian noise to every coordinate of every joint and frame by itself."""

    Config: ClassVar[type] = JointJitterConfig

    def change(self, walks: Tensor) -> Tensor:
        """See `JointAugmentation.change`."""
        positions = walks[..., :-1]
        noise = torch.randn(positions.shape, device=walks.device).to(walks.dtype)
        return moved(walks, positions + self.config.deviation * noise)
