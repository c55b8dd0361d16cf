"""Joint dropout: joints that the sensor did not see."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.augmentation.joint_augmentation import JointAugmentation


@config_dataclass
class JointDropoutConfig(AugmentationConfig):
    """Options of `JointDropout`.

    Args:
        probability: of each walk to be changed, by itself, in 0..1.
        joints: the chance of each joint to be lost, in 0..1.
        per_frame: whether that is drawn for each frame by itself, as with noise; else once for the walk, as with a limb
            that is hidden all along.
    """

    joints: float = 0.1
    per_frame: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("joints", 0, 1)


class JointDropout(JointAugmentation[JointDropoutConfig]):
    """Lose joints: confidence and position become 0, as those of joints that were never seen.

    A frame that loses all of them is padding. After Srivastava et al., "Dropout", JMLR 2014, applied to joints.
    """

    Config: ClassVar[type] = JointDropoutConfig

    def change(self, walks: Tensor) -> Tensor:
        """See `JointAugmentation.change`."""
        frames = walks.shape[1] if self.config.per_frame else 1
        drawn = torch.rand(len(walks), frames, walks.shape[2], 1, device=walks.device)
        return torch.where(drawn < self.config.joints, 0.0, walks)
