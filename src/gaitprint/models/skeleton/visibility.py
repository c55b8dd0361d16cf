"""What of a batch of joints was seen: joints, and frames with any."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gaitprint.core.errors import IncompatibleError


class Visibility(NamedTuple):
    """Masks of a batch; None stands for all True, which spares the stages what masks cost.

    Args:
        joints: bool [B, T, J], where a joint was seen.
        frames: bool [B, T], where any joint was seen; all others are padding, or gaps.
    """

    joints: Tensor | None
    frames: Tensor | None


def split_joints(inputs: Tensor, num_joints: int, axes: int) -> tuple[Tensor, Visibility]:
    """Take a batch of joints apart.

    A walk in which nothing was seen at all says nothing, but must not spoil its batch: its frames all count as
    frames, without any joint.

    Args:
        inputs: float32 [B, T, J, axes + 1], positions and confidence; positions under confidence 0 may be anything.
        num_joints: J of the network's skeleton.
        axes: coordinates of the network's joints.

    Returns:
        positions [B, T, J, axes], 0 where not seen, and what was seen.

    Raises:
        IncompatibleError: another number of joints or coordinates, or no frames.
    """
    if inputs.ndim != 4 or inputs.shape[2:] != (num_joints, axes + 1) or inputs.shape[1] == 0:
        raise IncompatibleError(
            f"the model needs joints [B, T >= 1, {num_joints}, {axes + 1}] (coordinates and confidence), "
            f"not {list(inputs.shape)}"
        )
    seen = inputs[..., -1] > 0
    positions = inputs[..., :-1]
    # A recorded graph (an export) cannot ask, and has all masks.
    asks = not torch.compiler.is_compiling()
    # The one question to the device in a pass; nearly always the answer spares all masks.
    if asks and bool(seen.all()):
        return positions, Visibility(None, None)
    frames = seen.any(dim=2)
    frames = frames | ~frames.any(dim=1, keepdim=True)
    every_frame = asks and bool(frames.all())
    return positions.masked_fill(~seen[..., None], 0.0), Visibility(seen, None if every_frame else frames)


def zero_unseen(values: Tensor, seen: Tensor | None) -> Tensor:
    """Set [..., C] to 0 where a mask [...], or one of its leading axes, is False."""
    if seen is None:
        return values
    return values.masked_fill(~seen.view(*seen.shape, *(1,) * (values.ndim - seen.ndim)), 0.0)


def attendable(seen: Tensor | None) -> Tensor | None:
    """Mask bool [..., L] of what attention may look at: what was seen, or everything where nothing was.

    Without this exception, a softmax over nothing would give NaN; what it gives instead is dropped afterwards.
    """
    return None if seen is None else seen | ~seen.any(dim=-1, keepdim=True)


def count_seen(seen: Tensor | None, like: Tensor) -> Tensor:
    """Frames that count, float32 [B]: of a mask [B, T], or all of `like` [B, T, ...]."""
    if seen is None:
        return torch.full((len(like),), float(like.shape[1]), device=like.device)
    return seen.sum(dim=1).float()
