"""Left-right flip of joints: the walk as a mirror shows it."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import get_skeleton
from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.augmentation.joint_augmentation import JointAugmentation, moved


@config_dataclass
class JointFlipConfig(AugmentationConfig):
    """Options of `JointFlip`.

    Args:
        probability: of each walk to be changed, by itself, in 0..1.
        skeleton: which tells what is left and right, by name or definition; null for that of the recipe's input.
    """

    skeleton: str | dict[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.skeleton is not None:
            get_skeleton(self.skeleton)


class JointFlip(JointAugmentation[JointFlipConfig]):
    """Mirror whole walks at the plane x = 0 and exchange left and right joints.

    Both belong together: without the exchange the left leg would hang on the right. The walk should be centred
    (`input.preprocessing.centre`) and in space face along z, or it goes elsewhere, too.
    """

    Config: ClassVar[type] = JointFlipConfig

    def __init__(self, config: JointFlipConfig) -> None:
        super().__init__(config)
        if config.skeleton is None:
            raise UsageError("augment.skeleton is null, and there is no input whose skeleton to take")
        self._skeleton = get_skeleton(config.skeleton)
        self._order = torch.from_numpy(self._skeleton.mirror_indices)

    def change(self, walks: Tensor) -> Tensor:
        """See `JointAugmentation.change`.

        Raises:
            UsageError: another number of joints than the skeleton has.
        """
        if walks.shape[2] != len(self._order):
            raise UsageError(
                f"augment.skeleton is {self._skeleton.name} with {len(self._order)} joints; the model's input has "
                f"{walks.shape[2]}"
            )
        self._order = self._order.to(walks.device)
        exchanged = walks[:, :, self._order]
        return moved(exchanged, torch.cat([-exchanged[..., :1], exchanged[..., 1:-1]], dim=-1))
