"""What every loss of a pose network is: heat maps and where the joints are in, one number a joint out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

from torch import Tensor, nn


class PoseLoss(nn.Module, ABC):
    """Base of all losses of pose networks; letters: B batch, J joints, M height and width of a heat map.

    Attributes:
        Config: the `config_dataclass` with the loss's options.
    """

    Config: ClassVar[type]

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any) -> Self:
        """Build from an instance of `cls.Config`."""

    @abstractmethod
    def forward(self, logits: Tensor, places: Tensor) -> Tensor:
        """Compute the loss of each joint.

        Args:
            logits: float [B, J, M, M], heat maps before the sigmoid.
            places: float32 [B, J, 2], where the joints are, (column, row) in cells of the heat map.

        Returns:
            float32 [B, J], summed over the map, with a gradient.
        """
