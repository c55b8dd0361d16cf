"""Pairs of walks of one batch: who belongs together, and how far apart they are."""

from __future__ import annotations

import torch
from torch import Tensor

from gaitprint.losses.unit_length import unit_length


def same_and_different(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Tell which walks are a pair of one person, and which of two people; a walk and itself are neither.

    Args:
        labels: int64 [B].

    Returns:
        bool [B, B] and bool [B, B], both symmetric.

    >>> same, different = same_and_different(torch.tensor([7, 7, 8]))
    >>> same.nonzero().tolist(), different.nonzero().tolist()
    ([[0, 1], [1, 0]], [[0, 2], [1, 2], [2, 0], [2, 1]])
    """
    equal = labels.unsqueeze(0) == labels.unsqueeze(1)
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return equal & ~itself, ~equal


def pairwise_distances(embeddings: Tensor, normalise: bool) -> Tensor:
    """Euclidean distances between all walks, for each part by itself.

    Gradients are finite everywhere: two equal embeddings do not move one another.

    Args:
        embeddings: float [B, P, D].
        normalise: whether embeddings are scaled to length 1 first, so that distances lie in 0..2.

    Returns:
        float [P, B, B], of the same type; the diagonal may hold rounding errors instead of zeros.
    """
    by_part = (unit_length(embeddings) if normalise else embeddings).transpose(0, 1)  # [B, P, D] -> [P, B, D]
    # Distances come from a matrix product, |x|^2 + |y|^2 - 2xy, which cancels where vectors are long and close
    # together. Moving them all by their mean changes no distance and no gradient, but makes them short.
    centred = by_part - by_part.detach().mean(dim=1, keepdim=True)
    return torch.cdist(centred, centred)


def hardest(distances: Tensor, same: Tensor, different: Tensor) -> tuple[Tensor, Tensor]:
    """Find for each walk the farthest of the same person and the nearest of another.

    Args:
        distances: float [P, B, B].
        same: bool [B, B], see `same_and_different`.
        different: bool [B, B].

    Returns:
        distance of the farthest positive [P, B], 0 where there is none, and distance of the nearest negative [P, B],
        infinite where there is none; among equally distant ones the gradient is shared.
    """
    farthest = distances.masked_fill(~same, 0.0).amax(dim=-1)
    nearest = distances.masked_fill(~different, torch.inf).amin(dim=-1)
    return farthest, nearest
