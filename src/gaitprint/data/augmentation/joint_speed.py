"""Speed change: the same steps in less or more time."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, between
from gaitprint.data.augmentation.joint_time import TimeAugmentation


@config_dataclass
class JointSpeedConfig(AugmentationConfig):
    """Options of `JointSpeed`.

    Args:
        probability: of each walk to be changed, by itself, in 0..1.
        factor: lowest and highest, above 0 and at most 10, drawn uniformly; above 1 is faster.
    """

    factor: tuple[float, float] = (0.8, 1.2)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("factor", 0, 10)


class JointSpeed(TimeAugmentation[JointSpeedConfig]):
    """Play a walk faster or slower, interpolated linearly between frames.

    A slower walk is a random part of it, as long as fits in; a faster one ends early, and what follows is unseen.
    """

    Config: ClassVar[type] = JointSpeedConfig

    def moments(self, lengths: Tensor, time: Tensor) -> Tensor:
        """See `TimeAugmentation.moments`."""
        drawn = torch.rand(len(lengths), 2, device=lengths.device)
        factor = between(drawn[:, :1], self.config.factor)
        spare = ((lengths - 1) * (1 - factor)).clamp(min=0)
        return drawn[:, 1:] * spare + time * factor
