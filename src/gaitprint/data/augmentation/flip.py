"""Horizontal flip: the walk as a mirror shows it."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.augmentation.silhouette_augmentation import SilhouetteAugmentation


class Flip(SilhouetteAugmentation[AugmentationConfig]):
    """Mirror whole clips, left for right.

    A walk seen from one side becomes one seen from the other; left and right steps change places. One of the three
    augmentations of Fan et al., "OpenGait: Revisiting gait recognition towards better practicality", CVPR 2023.
    """

    Config: ClassVar[type] = AugmentationConfig

    def draws(self, frames: int) -> int:
        """Nothing but whether."""
        return 0

    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `SilhouetteAugmentation.change`."""
        return clips.flip(-1)
