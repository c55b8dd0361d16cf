"""What every loss is: one field of the model's output and the subjects' labels in, one number out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, Self

from torch import Tensor, nn

# The fields of `models.base.ModelOutput` that a loss can look at.
Field = Literal["embedding", "logits", "reconstruction"]


class GaitLoss(nn.Module, ABC):
    """Base of all losses; a loss may have parameters of its own, which are then trained with the model.

    Attributes:
        Config: the `config_dataclass` with the loss's options.
        needs: the field of `models.base.ModelOutput` that it looks at.
        compares_walks: whether it compares walks with one another; then it is given the walks of all processes.
    """

    Config: ClassVar[type]
    needs: ClassVar[Field]
    compares_walks: ClassVar[bool]

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build the loss; parameters of its own get fresh values from torch's random generator.

        Args:
            config: an instance of `cls.Config`.
            num_subjects: S, how many people there are to learn.
            embedding_shape: (P, D), parts and values a part of the model's embedding.
        """

    @abstractmethod
    def forward(self, values: Any, labels: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            values: float32 [B, P, D] embeddings, [B, P, S] logits or a `core.reconstruction.Reconstruction`, as
                `needs` says.
            labels: int64 [B] in 0..S-1, who walks.

        Returns:
            a scalar, averaged over walks and parts, with a gradient.
        """
