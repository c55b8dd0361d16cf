"""Dilation of a part of the body: wider clothes, or a bag."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gaitprint.data.augmentation.body_part import BodyPartAugmentation
from gaitprint.data.augmentation.morphology import dilate, whole_radii
from gaitprint.data.augmentation.part_radius import PartRadiusConfig


class PartDilation(BodyPartAugmentation[PartRadiusConfig]):
    """Widen the body in a random box, the same in all frames of a clip.

    Fan et al., "Learning gait representation from massive unlabelled walking videos: a benchmark", TPAMI 2023, who
    dilate the band between neck and knees; here the box may be anywhere.
    """

    Config: ClassVar[type] = PartRadiusConfig

    def change_everywhere(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `BodyPartAugmentation.change_everywhere`."""
        return dilate(clips, *whole_radii(drawn, self.config.radius, clips.shape[-2]))
