"""Random boxes in frames, as masks."""

from __future__ import annotations

import torch
from torch import Tensor


def box_masks(heights: Tensor, widths: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """Mark boxes that lie wholly in the frame.

    Args:
        heights: float [...], in pixels, in 0..H; rounded, at least one row.
        widths: float [...], in pixels, in 0..W; rounded, at least one column.
        places: float [..., 2] in 0..1, uniform: where between the first and the last place that the box can take.
        size: (H, W) of the frame.

    Returns:
        bool [..., H, W], True in the box.
    """
    rows = _interval_masks(heights, places[..., 0], size[0])
    columns = _interval_masks(widths, places[..., 1], size[1])
    return rows.unsqueeze(-1) & columns.unsqueeze(-2)


def _interval_masks(lengths: Tensor, places: Tensor, size: int) -> Tensor:
    """Mark intervals: lengths and places [...] -> bool [..., size]."""
    lengths = lengths.round().clamp(1, size)
    starts = (places * (size - lengths + 1)).floor().clamp(max=size - lengths)
    along = torch.arange(size, device=lengths.device)
    return (along >= starts.unsqueeze(-1)) & (along < (starts + lengths).unsqueeze(-1))
