"""What hidden silhouettes look like to whoever only copies: the baselines of a reconstruction.

A baseline takes the true silhouettes float32 [B, T, 1, H, W] in 0..1 and what is hidden of them, bool of the same
shape, and gives its guess, float32 [B, T, 1, H, W] in 0..1; only the guess in hidden pixels means anything. A pixel
with nothing to copy from is background.

Linear interpolation in time is not among them: of silhouettes that are 0 or 1, at half, it gives what
`nearest_visible_pixel` gives, but for ties.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Baseline = Callable[[Tensor, Tensor], Tensor]


def nearest_visible_pixel(truth: Tensor, hidden: Tensor) -> Tensor:
    """Copy each pixel from the nearest other frame in which that pixel is visible; of two, from the earlier one."""
    copied, found = copy_nearest(truth, ~hidden)
    return copied * found


def nearest_visible_frame(truth: Tensor, hidden: Tensor) -> Tensor:
    """Copy from the nearest frame of which nothing is hidden; a clip without one as `nearest_visible_pixel`."""
    complete = ~hidden.flatten(2).any(dim=2)[:, :, None, None, None]  # [B, T, 1, 1, 1]
    copied, found = copy_nearest(truth, complete)
    return torch.where(found, copied, nearest_visible_pixel(truth, hidden))


def mean_of_visible(truth: Tensor, hidden: Tensor) -> Tensor:
    """Average each pixel over the frames in which it is visible: the gait energy image of what is shown."""
    visible = (~hidden).to(truth.dtype)
    mean = (truth * visible).sum(dim=1, keepdim=True) / visible.sum(dim=1, keepdim=True).clamp(min=1)
    return mean.expand_as(truth)


def peeking_at_nearest_frame(truth: Tensor, hidden: Tensor) -> Tensor:
    """Copy from the nearest other frame that is not hidden as a whole, also what a block hides there.

    It knows more than it was shown, so it is no baseline to beat but says how much neighbouring frames differ.
    """
    partly_visible = ~hidden.flatten(2).all(dim=2)[:, :, None, None, None]  # [B, T, 1, 1, 1]
    copied, found = copy_nearest(truth, partly_visible)
    return copied * found


BASELINES: dict[str, Baseline] = {
    "nearest-pixel": nearest_visible_pixel,
    "nearest-frame": nearest_visible_frame,
    "mean": mean_of_visible,
    "peeking": peeking_at_nearest_frame,
}


def copy_nearest(truth: Tensor, available: Tensor) -> tuple[Tensor, Tensor]:
    """Copy each pixel from the nearest other frame in which it is available; of two as near, from the earlier one.

    Args:
        truth: float32 [B, T, 1, H, W].
        available: bool [B, T, 1, H, W], or [B, T, 1, 1, 1] for whole frames.

    Returns:
        float32 [B, T, 1, H, W], and bool, of the shape of `available`: whether there was such a frame.
    """
    frames = truth.shape[1]
    if frames == 1:
        return truth, torch.zeros_like(available)
    time = torch.arange(frames, device=truth.device).view(1, -1, 1, 1, 1)
    # Running over time, the last available frame up to each one; from the end, the next one. `nowhere` is further
    # away than any frame.
    nowhere = 2 * frames
    last = torch.where(available, time, -nowhere).cummax(dim=1).values
    following = torch.where(available, time, nowhere).flip(1).cummin(dim=1).values.flip(1)
    earlier = torch.full_like(last, -nowhere)
    earlier[:, 1:] = last[:, :-1]
    later = torch.full_like(following, nowhere)
    later[:, :-1] = following[:, 1:]
    nearest = torch.where(time - earlier <= later - time, earlier, later)
    found = (nearest >= 0) & (nearest < frames)
    return torch.take_along_dim(truth, nearest.clamp(0, frames - 1).expand_as(truth), dim=1), found
