"""Center loss: every walk near the learnt centre of its person's walks."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from gaitprint.core.config import config_dataclass
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.precision import at_least_float32


def center(embeddings: Tensor, labels: Tensor, centers: Tensor) -> Tensor:
    """Half the squared Euclidean distance of each walk to its person's centre, averaged over walks and parts.

    Args:
        embeddings: float [B, P, D].
        labels: int64 [B] in 0..S-1.
        centers: float [P, S, D].

    Returns:
        a scalar; its gradient is zero for the centres of people who are not in the batch.
    """
    offsets = embeddings.transpose(0, 1) - centers[:, labels]  # [P, B, D]
    return 0.5 * offsets.square().sum(dim=-1).mean()


@config_dataclass
class CenterConfig:
    """Options of `Center`: none."""


class Center(GaitLoss):
    """Center loss; the centres are parameters [P, S, D], moved by the optimiser of the model.

    Wen et al., "A discriminative feature learning approach for deep face recognition", ECCV 2016, equation 2, averaged
    over the batch where the paper sums. It only draws together: use it beside a loss that separates people, with a
    weight of 0.01 or less (0.0005 in Luo et al., "Bag of tricks and a strong baseline for deep person
    re-identification", CVPR workshops 2019). Where the paper moves a centre by its own rule, here the optimiser does.
    A centre whose person is not in the batch has no gradient, though an optimiser with momentum or weight decay may
    move it all the same.
    """

    Config: ClassVar[type] = CenterConfig
    needs: ClassVar[Field] = "embedding"
    compares_walks: ClassVar[bool] = False

    def __init__(self, num_subjects: int, embedding_shape: tuple[int, int]) -> None:
        super().__init__()
        parts, values = embedding_shape
        self.centers = nn.Parameter(torch.randn(parts, num_subjects, values))

    @classmethod
    def from_config(cls, config: CenterConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build with random centres; see `GaitLoss.from_config`."""
        return cls(num_subjects, embedding_shape)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of embeddings [B, P, D]; see `GaitLoss.forward`."""
        with at_least_float32(values) as embeddings:
            return center(embeddings, labels, self.centers.to(embeddings.dtype))
