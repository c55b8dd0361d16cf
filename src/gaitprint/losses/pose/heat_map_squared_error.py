"""How far heat maps are from Gaussians around the joints."""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.pose.base import PoseLoss
from gaitprint.losses.pose.targets import gaussians
from gaitprint.losses.precision import at_least_float32


def heat_map_squared_error(logits: Tensor, places: Tensor, deviation: float = 5.0) -> Tensor:
    """Sum the squared difference of probabilities and Gaussians over the map.

    Args:
        logits: float [B, J, M, M].
        places: float32 [B, J, 2], (column, row).
        deviation: standard deviation of the Gaussians, in cells of a map of 289.

    Returns:
        float32 [B, J].
    """
    with at_least_float32(logits) as precise:
        truth = gaussians(places, precise.shape[-1], deviation).to(precise.dtype)
        return (precise.sigmoid() - truth).square().sum(dim=(2, 3))


@config_dataclass
class HeatMapSquaredErrorConfig:
    """Options of `HeatMapSquaredError`.

    Args:
        deviation: standard deviation of the Gaussian, in cells of a heat map of 289 cells; in proportion on others.
    """

    deviation: float = 5.0

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise UsageError(f"loss.deviation is {self.deviation}, must be above 0")


class HeatMapSquaredError(PoseLoss):
    """Squared difference of each cell's probability to a Gaussian of height 1 around the joint.

    Tompson et al., "Joint training of a convolutional network and a graphical model for human pose estimation", NIPS
    2014; here of the sigmoid, as heat maps are probabilities.
    """

    Config: ClassVar[type] = HeatMapSquaredErrorConfig

    def __init__(self, config: HeatMapSquaredErrorConfig) -> None:
        super().__init__()
        self.deviation = config.deviation

    @classmethod
    def from_config(cls, config: HeatMapSquaredErrorConfig) -> Self:
        """See `PoseLoss.from_config`."""
        return cls(config)

    def forward(self, logits: Tensor, places: Tensor) -> Tensor:
        """See `PoseLoss.forward`."""
        return heat_map_squared_error(logits, places, self.deviation)
