"""What every loss is: one output of the model and the subjects' labels in, one number out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, Self

from torch import Tensor, nn


class GaitLoss(nn.Module, ABC):
    """Base of all losses; a loss may have parameters of its own, which are then trained with the model.

    Attributes:
        Config: the `config_dataclass` with the loss's options.
        needs: the field of `models.base.ModelOutput` that it looks at.
        compares_walks: whether it compares walks with one another; then it is given the walks of all processes.
    """

    Config: ClassVar[type]
    needs: ClassVar[Literal["embedding", "logits"]]
    compares_walks: ClassVar[bool]

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any) -> Self:
        """Build from an instance of `cls.Config`."""

    @abstractmethod
    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            values: float32 [B, P, D] embeddings or [B, P, S] logits, as `needs` says.
            labels: int64 [B] in 0..S-1, who walks.

        Returns:
            a scalar, averaged over walks and parts, with a gradient.
        """
