"""What ArcFace and CosFace share: a softmax over the cosines to one learnt direction a person, with a margin."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.losses.unit_length import unit_length


def new_class_weights(num_subjects: int, embedding_shape: tuple[int, int]) -> nn.Parameter:
    """Return one random direction a part and person, [P, S, D], each about 1 long."""
    parts, values = embedding_shape
    return nn.Parameter(torch.randn(parts, num_subjects, values) / math.sqrt(values))


def margin_softmax(
    embeddings: Tensor, labels: Tensor, weights: Tensor, with_margin: Callable[[Tensor], Tensor], scale: float
) -> Tensor:
    """Cross-entropy of scaled cosines, in which a margin makes that of the right person smaller.

    Args:
        embeddings: float [B, P, D], of any length.
        labels: int64 [B] in 0..S-1.
        weights: float [P, S, D], of any length.
        with_margin: cosines of the right people [P, B, 1] -> what takes their place.
        scale: of the cosines before the softmax.

    Returns:
        a scalar, the mean over walks and parts.
    """
    directions = unit_length(embeddings).transpose(0, 1)  # [B, P, D] -> [P, B, D]
    cosines = directions @ unit_length(weights.to(embeddings.dtype)).mT  # [P, B, S]
    right = labels.view(1, -1, 1).expand(len(cosines), -1, -1)  # [P, B, 1]
    logits = scale * cosines.scatter(2, right, with_margin(cosines.gather(2, right)))
    return functional.cross_entropy(logits.flatten(0, 1), right.flatten())
