"""Scaling embeddings to length 1."""

from __future__ import annotations

import torch
from torch import Tensor


def unit_length(values: Tensor) -> Tensor:
    """Scale vectors [..., D] to Euclidean length 1.

    A vector of zeros stays one and passes its gradient on unscaled. (`torch.nn.functional.normalize` multiplies the
    gradient of such a vector by 1e12, and a network whose last units are all off does embed to zeros.)

    >>> unit_length(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    length: Tensor = torch.linalg.vector_norm(values, dim=-1, keepdim=True)
    return values / length.where(length > 0, 1.0)
