"""Is this cell a part of the joint, or not: cross-entropy on disks, cell by cell."""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.pose.base import PoseLoss
from gaitprint.losses.pose.targets import disks
from gaitprint.losses.precision import at_least_float32


def heat_map_cross_entropy(logits: Tensor, places: Tensor, diameter: float = 15.0) -> Tensor:
    """Sum the cross-entropy of heat maps and disks over the map.

    Args:
        logits: float [B, J, M, M].
        places: float32 [B, J, 2], (column, row).
        diameter: of the disks, in cells of a map of 289.

    Returns:
        float32 [B, J].
    """
    with at_least_float32(logits) as precise:
        truth = disks(places, precise.shape[-1], diameter).to(precise.dtype)
        return functional.binary_cross_entropy_with_logits(precise, truth, reduction="none").sum(dim=(2, 3))


@config_dataclass
class HeatMapCrossEntropyConfig:
    """Options of `HeatMapCrossEntropy`.

    Args:
        diameter: of the disk around a joint, in cells of a heat map of 289 cells; in proportion on others.
    """

    diameter: float = 15.0

    def __post_init__(self) -> None:
        if not self.diameter > 0:
            raise UsageError(f"loss.diameter is {self.diameter}, must be above 0")


class HeatMapCrossEntropy(PoseLoss):
    """Sigmoid cross-entropy of each cell with a disk around the joint.

    Bulat and Tzimiropoulos, "Human pose estimation via convolutional part heatmap regression", ECCV 2016, equation 1.
    """

    Config: ClassVar[type] = HeatMapCrossEntropyConfig

    def __init__(self, config: HeatMapCrossEntropyConfig) -> None:
        super().__init__()
        self.diameter = config.diameter

    @classmethod
    def from_config(cls, config: HeatMapCrossEntropyConfig) -> Self:
        """See `PoseLoss.from_config`."""
        return cls(config)

    def forward(self, logits: Tensor, places: Tensor) -> Tensor:
        """See `PoseLoss.forward`."""
        return heat_map_cross_entropy(logits, places, self.diameter)
