"""Contrastive loss: walks of one person at distance 0, walks of two people at least a margin apart."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.pairs import hardest, pairwise_distances, same_and_different
from gaitprint.losses.precision import at_least_float32

Mining = Literal["all", "hard"]


def contrastive(embeddings: Tensor, labels: Tensor, margin: float, mining: Mining, normalise: bool) -> Tensor:
    """Mean over pairs of y d^2 + (1 - y) max(0, margin - d)^2, with y = 1 for two walks of one person and 0 otherwise.

    Args:
        embeddings: float [B, P, D].
        labels: int64 [B].
        margin: see `ContrastiveConfig`.
        mining: see `ContrastiveConfig`.
        normalise: see `ContrastiveConfig`.

    Returns:
        a scalar, the mean over parts; 0 for a batch without pairs.
    """
    distances = pairwise_distances(embeddings, normalise)  # [P, B, B]
    same, different = same_and_different(labels)
    if mining == "hard":
        farthest, nearest = hardest(distances, same, different)
        terms = farthest.square() + (margin - nearest).relu().square()  # [P, B]; each is 0 where there is no such pair
        pairs = same.any(dim=1).sum() + different.any(dim=1).sum()
    else:
        terms = distances.square() * same + (margin - distances).relu().square() * different
        pairs = same.sum() + different.sum()
    return terms.flatten(1).sum(dim=1).mean() / pairs.clamp(min=1)


@config_dataclass
class ContrastiveConfig:
    """Options of `Contrastive`.

    Args:
        margin: distance at which two people are far enough apart.
        mining: ``all``: every pair of the batch, most of which are of two people; ``hard``: for each walk the farthest
            of the same person and the nearest of another.
        normalise: whether embeddings are scaled to length 1 first, so that distances lie in 0..2.
    """

    margin: float = 0.5
    mining: Mining = "all"
    normalise: bool = True

    def __post_init__(self) -> None:
        if self.margin <= 0:
            raise UsageError(f"loss.margin is {self.margin}, must be above 0")


class Contrastive(GaitLoss):
    """Contrastive loss on Euclidean distances, for each part by itself, averaged over pairs and parts.

    Hadsell, Chopra and LeCun, "Dimensionality reduction by learning an invariant mapping", CVPR 2006, without the
    factor 1/2. Two different people with equal embeddings have a loss but, as no direction leads apart, no gradient.
    """

    Config: ClassVar[type] = ContrastiveConfig
    needs: ClassVar[Field] = "embedding"
    compares_walks: ClassVar[bool] = True

    def __init__(self, config: ContrastiveConfig) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def from_config(cls, config: ContrastiveConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build from options; see `GaitLoss.from_config`."""
        return cls(config)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of embeddings [B, P, D]; see `GaitLoss.forward`."""
        with at_least_float32(values) as embeddings:
            return contrastive(embeddings, labels, self.config.margin, self.config.mining, self.config.normalise)
