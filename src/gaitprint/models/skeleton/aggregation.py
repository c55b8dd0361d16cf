"""From the frames of a walk to one vector: a temporal pyramid, maximum and deviation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaitprint.models.skeleton.visibility import count_seen

# Keeps the gradient of the deviation finite where nothing varies, as in a walk of one frame.
_LEAST_VARIANCE = 1e-6


def segment_means(frames: Tensor, seen: Tensor | None, segments: int) -> Tensor:
    """Mean of each of several equal parts of a walk.

    Frames are counted as if the unseen ones were not there. Where the frames are not a multiple of the segments,
    neighbouring ones share a frame, so that none is ever empty.

    Args:
        frames: [B, T, W].
        seen: bool [B, T]; None for all True.
        segments: how many parts.

    Returns:
        [B, segments, W].
    """
    count = count_seen(seen, frames)[:, None, None]  # [B, 1, 1]
    if seen is None:
        rank = torch.arange(frames.shape[1], device=frames.device, dtype=torch.float32)[None, None]  # [1, 1, T]
    else:
        rank = (seen.cumsum(dim=1).float() - 1).masked_fill(~seen, -1)[:, None]  # [B, 1, T]
    part = torch.arange(segments, device=frames.device)[None, :, None]  # [1, S, 1]
    member = (rank >= (part * count / segments).floor()) & (rank < ((part + 1) * count / segments).ceil())  # [B, S, T]
    weights = member.to(frames.dtype)
    return (weights / weights.sum(dim=2, keepdim=True)) @ frames


class TemporalPyramid(nn.Module):
    """Means of ever smaller segments of the walk, the maximum, and the standard deviation over time.

    Each level gives as many values as a frame has, shared out among its segments: the more segments, the fewer values
    each. So no level outweighs another, and the coarsest is an average of the walk, the finest a short sequence.
    Pyramids: Lazebnik, Schmid and Ponce, "Beyond bags of features", CVPR 2006; in time: Pirsiavash and Ramanan,
    "Detecting activities of daily living in first-person camera views", CVPR 2012.

    Args:
        width: W, values of a frame.
        levels: segments of each level; each must divide the width.
    """

    def __init__(self, width: int, levels: tuple[int, ...]) -> None:
        super().__init__()
        self.levels = levels
        self.describe = nn.ModuleList(nn.Linear(width, width // segments) for segments in levels)
        self.width_out = width * (len(levels) + 2)

    def forward(self, frames: Tensor, seen: Tensor | None) -> Tensor:
        """[B, T, W], bool [B, T] -> [B, (levels + 2) * W]."""
        parts = [
            describe(segment_means(frames, seen, segments)).flatten(1)  # [B, S, W / S] -> [B, W]
            for segments, describe in zip(self.levels, self.describe, strict=True)
        ]
        return torch.cat([*parts, _maximum(frames, seen), _deviation(frames, seen)], dim=1)


def _maximum(frames: Tensor, seen: Tensor | None) -> Tensor:
    """Maximum over the seen frames: [B, T, W] -> [B, W]."""
    return (frames if seen is None else frames.masked_fill(~seen[..., None], float("-inf"))).amax(dim=1)


def _deviation(frames: Tensor, seen: Tensor | None) -> Tensor:
    """Standard deviation over the seen frames: [B, T, W] -> [B, W]."""
    difference = frames - segment_means(frames, seen, 1)
    if seen is not None:
        difference = difference.masked_fill(~seen[..., None], 0.0)
    return (difference.square().sum(dim=1) / count_seen(seen, frames)[:, None] + _LEAST_VARIANCE).sqrt()
