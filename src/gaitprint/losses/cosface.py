"""CosFace: a softmax over cosines to one direction a person, with a margin taken off the cosine."""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.margin_softmax import margin_softmax, new_class_weights
from gaitprint.losses.precision import at_least_float32


@config_dataclass
class CosFaceConfig:
    """Options of `CosFace`.

    Args:
        margin: taken off the cosine to the right person's direction.
        scale: of the cosines before the softmax.
    """

    margin: float = 0.35
    scale: float = 64.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= 2:
            raise UsageError(f"loss.margin is {self.margin}, must be in 0..2")
        if self.scale <= 0:
            raise UsageError(f"loss.scale is {self.scale}, must be above 0")


class CosFace(GaitLoss):
    """Large margin cosine loss over directions of its own, parameters [P, S, D]; it looks at no logits.

    Wang et al., "CosFace: large margin cosine loss for deep face recognition", CVPR 2018, equation 4; each part by
    itself, averaged over parts.
    """

    Config: ClassVar[type] = CosFaceConfig
    needs: ClassVar[Field] = "embedding"
    compares_walks: ClassVar[bool] = False

    def __init__(self, config: CosFaceConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> None:
        super().__init__()
        self.margin, self.scale = config.margin, config.scale
        self.weights = new_class_weights(num_subjects, embedding_shape)

    @classmethod
    def from_config(cls, config: CosFaceConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build with random directions; see `GaitLoss.from_config`."""
        return cls(config, num_subjects, embedding_shape)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of embeddings [B, P, D]; see `GaitLoss.forward`."""
        with at_least_float32(values) as embeddings:
            return margin_softmax(embeddings, labels, self.weights, lambda cosines: cosines - self.margin, self.scale)
