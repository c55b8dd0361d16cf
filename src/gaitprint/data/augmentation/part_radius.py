"""What dilation and erosion of a part of the body are told: by how much its outline moves."""

from __future__ import annotations

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.body_part import BodyPartConfig


@config_dataclass
class PartRadiusConfig(BodyPartConfig):
    """Options of the augmentations that move outlines.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        part_height: lowest and highest, as a share of the frame's height.
        part_width: narrowest and widest, as a share of the frame's width; with 1, 1 the parts are bands.
        radius: smallest and largest, by which outlines move, as a share of the frame's height, at most 0.2; at least a
            pixel.
    """

    radius: tuple[float, float] = (0.015, 0.04)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("radius", 0, 0.2)
