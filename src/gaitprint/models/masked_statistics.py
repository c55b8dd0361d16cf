"""Statistics over the frames of a walk of those values that were seen."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def masked_mean_and_deviation(values: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation over axis 1: [B, T, C] and bool [B, T, C] -> [B, C] twice; NaN where nothing was seen."""
    count = seen.sum(dim=1).to(values.dtype)
    mean = torch.where(seen, values, 0).sum(dim=1) / count
    squares = torch.where(seen, (values - mean[:, None]).square(), 0).sum(dim=1) / count
    return mean, squares.sqrt()


def masked_quantiles(values: Tensor, seen: Tensor, quantiles: Sequence[float]) -> list[Tensor]:
    """Quantiles over axis 1, interpolated linearly between neighbours.

    Args:
        values: [B, T, C].
        seen: bool [B, T, C], which of them count.
        quantiles: each in 0..1; 0.5 is the median.

    Returns:
        one [B, C] for each quantile; NaN where nothing was seen.
    """
    ordered = torch.where(seen, values, torch.inf).sort(dim=1).values
    count = seen.sum(dim=1, keepdim=True)
    results = []
    for quantile in quantiles:
        place = (count - 1).clamp(min=0).to(values.dtype) * quantile
        low = place.floor().long()
        high = (low + 1).minimum((count - 1).clamp(min=0))
        below, above = ordered.gather(1, low), ordered.gather(1, high)
        between = below + (above - below) * (place - low)
        results.append(torch.where(count > 0, between, torch.nan).squeeze(1))
    return results
