"""Temporal crop: part of a walk."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, between
from gaitprint.data.augmentation.joint_time import TimeAugmentation


@config_dataclass
class JointCropConfig(AugmentationConfig):
    """Options of `JointCrop`.

    Args:
        probability: of each walk to be changed, by itself, in 0..1.
        frames: shortest and longest part, as a share of the walk's frames, in 0..1: of 60, 40 to 60.
        fill: what becomes of the frames that are no longer needed: ``padding``: the part moves to the beginning, and
            what follows it is unseen; ``stretch``: the part is interpolated to the old length, which slows the walk
            down, up to 1 / the shortest share: its tempo, a mark of the walker, is lost.
    """

    frames: tuple[float, float] = (0.67, 1.0)
    fill: Literal["padding", "stretch"] = "padding"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("frames", 0, 1)


class JointCrop(TimeAugmentation[JointCropConfig]):
    """Keep a random part of each walk, some frames in a row."""

    Config: ClassVar[type] = JointCropConfig

    def moments(self, lengths: Tensor, time: Tensor) -> Tensor:
        """See `TimeAugmentation.moments`."""
        drawn = torch.rand(len(lengths), 2, device=lengths.device)
        kept = (between(drawn[:, :1], self.config.frames) * lengths).round().clamp(min=1).minimum(lengths)
        start = (drawn[:, 1:] * (lengths - kept + 1)).floor().minimum(lengths - kept)
        if self.config.fill == "stretch":
            return start + time * ((kept - 1) / (lengths - 1).clamp(min=1))
        return torch.where(time < kept, start + time, -1.0)
