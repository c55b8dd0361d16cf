"""Triplet loss: a walk must be nearer to the same person's walks than to other people's, by a margin."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.pairs import hardest, pairwise_distances, same_and_different
from gaitprint.losses.precision import at_least_float32

Mining = Literal["batch-all", "batch-hard", "semi-hard", "random"]


def triplet(embeddings: Tensor, labels: Tensor, margin: float, mining: Mining, normalise: bool) -> Tensor:
    """Mean of max(0, d(anchor, positive) - d(anchor, negative) + margin); see `TripletConfig` for the arguments.

    Args:
        embeddings: float [B, P, D].
        labels: int64 [B].
        margin: see `TripletConfig`.
        mining: see `TripletConfig`.
        normalise: see `TripletConfig`.

    Returns:
        a scalar, the mean over parts; a part without triplets counts as 0.
    """
    distances = pairwise_distances(embeddings, normalise)
    same, different = same_and_different(labels)
    if mining == "batch-hard":
        farthest, nearest = hardest(distances, same, different)
        anchors = same.any(dim=1)  # without negatives, which then nobody has, the terms are zero
        terms = (farthest - nearest + margin).relu() * anchors  # [P, B]
        return terms.mean(dim=0).sum() / anchors.sum().clamp(min=1)
    if mining == "random":
        anchors = (same.any(dim=1) & different.any(dim=1)).nonzero()[:, 0]
        if not len(anchors):
            return distances.sum() * 0.0
        positive, negative = (torch.multinomial(kind[anchors].float(), 1)[:, 0] for kind in (same, different))
        return (distances[:, anchors, positive] - distances[:, anchors, negative] + margin).relu().mean()
    # Listing the positive pairs first, M of them, takes a small part of the memory of all [P, B, B, B] triples.
    anchor, positive = same.nonzero(as_tuple=True)  # [M]
    to_negatives = distances.masked_fill(~different, torch.inf)
    gap = distances[:, anchor, positive].unsqueeze(-1) - to_negatives[:, anchor]  # [P, M, B]
    terms = (gap + margin).relu()
    if mining == "semi-hard":
        terms = terms.masked_fill(gap >= 0, 0.0)
    terms = terms.flatten(1)  # [P, M, B] -> [P, M * B]
    return (terms.sum(dim=1) / terms.count_nonzero(dim=1).clamp(min=1)).mean()


@config_dataclass
class TripletConfig:
    """Options of `Triplet`.

    Args:
        margin: m in max(0, d(anchor, positive) - d(anchor, negative) + m), in the units of the distance.
        mining: ``batch-all``: every triplet of the batch, averaged over those that are not zero; ``batch-hard``:
            for each anchor its farthest positive and nearest negative, averaged over the anchors that have both;
            ``semi-hard``: triplets whose negative is farther than the positive, but within the margin, averaged over
            them; ``random``: for each anchor one positive and one negative, drawn from torch's random generator.
        normalise: whether embeddings are scaled to length 1 first, so that distances lie in 0..2.
    """

    margin: float = 0.2
    mining: Mining = "batch-all"
    normalise: bool = True

    def __post_init__(self) -> None:
        if self.margin < 0:
            raise UsageError(f"loss.margin is {self.margin}, must not be negative")


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
        self.config = config

    @classmethod
    def from_config(cls, config: TripletConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build from options; see `GaitLoss.from_config`."""
        return cls(config)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of embeddings [B, P, D]; see `GaitLoss.forward`."""
        with at_least_float32(values) as embeddings:
            return triplet(embeddings, labels, self.config.margin, self.config.mining, self.config.normalise)
