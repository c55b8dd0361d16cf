"""ArcFace: a softmax over angles to one direction a person, with a margin added to the angle."""

from __future__ import annotations

import math
from typing import ClassVar, Self

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.margin_softmax import margin_softmax, new_class_weights
from gaitprint.losses.precision import at_least_float32


def add_angle(cosines: Tensor, margin: float) -> Tensor:
    """Return cos(angle + margin) for given cos(angle).

    Beyond angle = pi - margin that would rise again; there cos(angle) - margin sin(margin) keeps the result falling
    with the angle, as in the authors' published code. The gradient is finite also at cosines of 1 and -1 and, by
    rounding, beyond.

    Args:
        cosines: float, in -1..1.
        margin: in radians, 0..pi.

    >>> add_angle(torch.tensor([1.0, 0.0, -1.0]), math.pi / 6)
    tensor([ 0.8660, -0.5000, -1.2618])
    """
    squared_sines = 1 - cosines.square()
    # The slope of the sine has no bound near 0 and pi, where moreover only rounding errors of the cosine are left.
    known = squared_sines > 10 * torch.finfo(cosines.dtype).eps
    sines = squared_sines.where(known, 1.0).sqrt().where(known, 0.0)
    added = cosines * math.cos(margin) - sines * math.sin(margin)
    return torch.where(cosines > -math.cos(margin), added, cosines - margin * math.sin(margin))


@config_dataclass
class ArcFaceConfig:
    """Options of `ArcFace`.

    Args:
        margin: added to the angle to the right person's direction, in radians.
        scale: of the cosines before the softmax.
    """

    margin: float = 0.5
    scale: float = 64.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin < math.pi:
            raise UsageError(f"loss.margin is {self.margin}, must be at least 0 and below pi")
        if self.scale <= 0:
            raise UsageError(f"loss.scale is {self.scale}, must be above 0")


class ArcFace(GaitLoss):
    """Additive angular margin softmax over directions of its own, parameters [P, S, D]; it looks at no logits.

    Deng et al., "ArcFace: additive angular margin loss for deep face recognition", CVPR 2019, equation 3; each part by
    itself, averaged over parts.
    """

    Config: ClassVar[type] = ArcFaceConfig
    needs: ClassVar[Field] = "embedding"
    compares_walks: ClassVar[bool] = False

    def __init__(self, config: ArcFaceConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> None:
        super().__init__()
        self.margin, self.scale = config.margin, config.scale
        self.weights = new_class_weights(num_subjects, embedding_shape)

    @classmethod
    def from_config(cls, config: ArcFaceConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build with random directions; see `GaitLoss.from_config`."""
        return cls(config, num_subjects, embedding_shape)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of embeddings [B, P, D]; see `GaitLoss.forward`."""
        with at_least_float32(values) as embeddings:
            return margin_softmax(
                embeddings, labels, self.weights, lambda cosines: add_angle(cosines, self.margin), self.scale
            )
