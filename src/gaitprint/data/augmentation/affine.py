"""Affine map: nearer or farther, leaning, and not quite in the middle."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, around_zero, between
from gaitprint.data.augmentation.silhouette_augmentation import SilhouetteAugmentation
from gaitprint.data.augmentation.warp import matrices, warp


@config_dataclass
class AffineConfig(AugmentationConfig):
    """Options of `Affine`; each clip's figures are drawn uniformly.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        scale: lowest and highest factor, above 0; what grows leaves the frame.
        shear_degrees: how far the vertical leans at most, to either side, in 0..60.
        shift: how far the middle moves at most, along each axis, as a share of the frame's height, in 0..1.
    """

    scale: tuple[float, float] = (0.9, 1.1)
    shear_degrees: float = 5.0
    shift: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("scale", 0, 100)
        self._check_value("shear_degrees", 0, 60)
        self._check_value("shift", 0, 1)


class Affine(SilhouetteAugmentation[AffineConfig]):
    """Scale, shear and shift whole clips.

    The errors of a detector's box and of the alignment. As an augmentation of silhouettes: Fan et al., "Learning gait
    representation from massive unlabelled walking videos: a benchmark", TPAMI 2023, who move three corners instead.
    """

    Config: ClassVar[type] = AffineConfig

    def draws(self, frames: int) -> int:
        """Scale, shear and two shifts."""
        return 4

    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `SilhouetteAugmentation.change`."""
        grown = between(drawn[:, 0], self.config.scale)
        lean = around_zero(drawn[:, 1], self.config.shear_degrees).deg2rad().tan()
        right, down = around_zero(drawn[:, 2:], self.config.shift).unbind(1)
        # Forwards: x' = grown (x + lean y) + right, y' = grown y + down. This is the way back.
        shrunk = 1 / grown
        x_row = (shrunk, -lean * shrunk, (lean * down - right) * shrunk)
        return warp(clips, matrices(*x_row, 0.0, shrunk, -down * shrunk, 0.0, 0.0, 1.0))
