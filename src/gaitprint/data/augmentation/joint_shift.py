"""Time shift: a clip that begins a little earlier or later."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.augmentation.joint_time import TimeAugmentation


@config_dataclass
class JointShiftConfig(AugmentationConfig):
    """Options of `JointShift`.

    Args:
        probability: of each walk to be changed, by itself, in 0..1.
        frames: largest shift, to either side, in 0..1000; each walk's is drawn from the whole numbers.
        ends: what comes in from outside the clip: ``unseen``: nothing; ``circular``: what left it at the other end.
    """

    frames: int = 5
    ends: Literal["unseen", "circular"] = "unseen"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("frames", 0, 1000)


class JointShift(TimeAugmentation[JointShiftConfig]):
    """Shift a walk in time against the network's clock.

    A circular shift, as the skeleton system that this follows has it, is right for clips of whole gait cycles alone. A
    clip cut anywhere begins in another phase than it ends in, so that the body jumps where the two ends meet, faster
    than anyone walks. A shift that leaves the place empty shows nothing that was not there; clips that start at random
    (`input.sampling=clip`) are shifted already, with true frames at both ends.
    """

    Config: ClassVar[type] = JointShiftConfig

    def moments(self, lengths: Tensor, time: Tensor) -> Tensor:
        """See `TimeAugmentation.moments`."""
        limit = self.config.frames
        drawn = torch.rand(len(lengths), 1, device=lengths.device)
        later = (drawn * (2 * limit + 1)).floor().clamp(max=2 * limit) - limit
        if self.config.ends == "circular":
            return (time - later).remainder(lengths.clamp(min=1))
        return time - later
