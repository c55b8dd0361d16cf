"""Erosion of a part of the body: tighter clothes, or a segmentation that lost the edge."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.body_part import BodyPartAugmentation
from gaitprint.data.augmentation.morphology import dilate, whole_radii
from gaitprint.data.augmentation.part_radius import PartRadiusConfig


@config_dataclass
class PartErosionConfig(PartRadiusConfig):
    """Options of `PartErosion`.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        part_height: lowest and highest, as a share of the frame's height.
        part_width: narrowest and widest, as a share of the frame's width; with 1, 1 the parts are bands.
        radius: smallest and largest, by which outlines move, as a share of the frame's height, at most 0.2; at least a
            pixel. Limbs narrower than twice that vanish.
    """

    radius: tuple[float, float] = (0.01, 0.025)


class PartErosion(BodyPartAugmentation[PartErosionConfig]):
    """Narrow the body in a random box, the same in all frames of a clip.

    The counterpart of `PartDilation`. What lies outside the frame has no say: a head at the upper edge stays there.
    """

    Config: ClassVar[type] = PartErosionConfig

    def change_everywhere(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `BodyPartAugmentation.change_everywhere`."""
        return -dilate(-clips, *whole_radii(drawn, self.config.radius, clips.shape[-2]))
