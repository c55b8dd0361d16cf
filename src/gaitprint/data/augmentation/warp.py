"""Warping of clips: every frame of a clip seen through one projective map."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from gaitprint.data.augmentation.silhouette_augmentation import BACKGROUND


def warp(clips: Tensor, sources: Tensor) -> Tensor:
    """Fill each pixel from the place that a projective map assigns to it, by bilinear interpolation.

    Points are (x, y, 1) with the origin in the middle of the frame, x to the right, y down, both in units of the
    frame's height, so that a rotation is one whatever the frame's proportions. Outside the frame is background.

    Args:
        clips: float [B, T, 1, H, W] in [-1, 1].
        sources: float [B, 3, 3], from a point of the result to the point of the clip that is shown there. The third
            coordinate must be positive in the whole frame.

    Returns:
        the same shape and type, in [-1, 1].
    """
    height, width = clips.shape[-2:]
    # The places are too coarse in half precision.
    precise = torch.promote_types(clips.dtype, torch.float32)
    matrix = sources.to(precise)[..., None, None]  # [B, 3, 3, 1, 1]
    y = (torch.arange(height, device=clips.device, dtype=precise) + 0.5 - height / 2).view(-1, 1) / height
    x = (torch.arange(width, device=clips.device, dtype=precise) + 0.5 - width / 2) / height
    x_source, y_source, scale = (matrix[:, :, 0] * x + matrix[:, :, 1] * y + matrix[:, :, 2]).unbind(1)  # [B, H, W]
    # `grid_sample` counts from -1 to 1 between the outer edges of the frame.
    grid = torch.stack([x_source / scale * (2 * height / width), y_source / scale * 2], dim=-1)  # [B, H, W, 2]
    # The frames of a clip go as channels, which share their grid; outside is 0, so background must be 0 meanwhile.
    shifted = clips.squeeze(2).to(precise) - BACKGROUND  # [B, T, H, W]
    warped = functional.grid_sample(shifted, grid, padding_mode="zeros", align_corners=False)
    # Whatever rounding does to the sum of the four weights, nothing is brighter than a person.
    return (warped.clamp(max=1 - BACKGROUND) + BACKGROUND).unsqueeze(2).to(clips.dtype)


def matrices(*entries: Tensor | float) -> Tensor:
    """Put nine entries, each [B] or a number, row by row into matrices [B, 3, 3]."""
    like = next(entry for entry in entries if isinstance(entry, Tensor))
    full = [entry if isinstance(entry, Tensor) else torch.full_like(like, entry) for entry in entries]
    return torch.stack(full, dim=-1).view(len(like), 3, 3)
