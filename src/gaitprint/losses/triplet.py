"""Triplet loss: a walk must be nearer to the same person's walks than to other people's, by a margin."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.losses.base import Field, GaitLoss


@config_dataclass
class TripletConfig:
    """Options of `Triplet`.

    Args:
        margin: m in max(0, d(anchor, positive) - d(anchor, negative) + m), in the units of the distance.
        mining: ``batch-all``: every triplet of the batch, averaged over those that are not zero; ``batch-hard``:
            for each anchor its farthest positive and nearest negative, averaged over the anchors; ``semi-hard``:
            triplets whose negative is farther than the positive, but within the margin, averaged over them.
        normalise: whether embeddings are scaled to length 1 first, so that distances lie in 0..2.
    """

    margin: float = 0.2
    mining: Literal["batch-all", "batch-hard", "semi-hard"] = "batch-all"
    normalise: bool = True


class Triplet(GaitLoss):
    """Triplet loss on Euclidean distances, for each part by itself, averaged over parts.

    Batch-all and batch-hard: Hermans, Beyer and Leibe, "In defense of the triplet loss for person re-identification",
    2017. Semi-hard: Schroff, Kalenichenko and Philbin, "FaceNet", CVPR 2015. Zero where a batch holds no triplet.
    """

    Config: ClassVar[type] = TripletConfig
    needs: ClassVar[Field] = "embedding"
    compares_walks: ClassVar[bool] = True

    def __init__(self, config: TripletConfig) -> None:
        super().__init__()
        distance = LpDistance(normalize_embeddings=config.normalise, p=2)
        self.miner = {
            "batch-all": None,
            "batch-hard": BatchHardMiner(distance=distance),
            "semi-hard": TripletMarginMiner(config.margin, type_of_triplets="semihard", distance=distance),
        }[config.mining]
        reducer = MeanReducer() if config.mining == "batch-hard" else AvgNonZeroReducer()
        self.loss = TripletMarginLoss(config.margin, distance=distance, reducer=reducer)

    @classmethod
    def from_config(cls, config: TripletConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build from options; see `GaitLoss.from_config`."""
        return cls(config)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of embeddings [B, P, D]; see `GaitLoss.forward`."""
        exact = values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
        losses = [self._part(part, labels) for part in exact.unbind(dim=1)]
        return torch.stack(losses).mean()

    def _part(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Loss of one part [B, D]."""
        triplets = None if self.miner is None else self.miner(embeddings, labels)
        loss: Tensor = self.loss(embeddings, labels, triplets)
        return loss
