"""Frames of many walks through a network of pictures, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def in_chunks(describe: Callable[[Tensor], Tensor], frames: Tensor, at_once: int, *, training: bool) -> Tensor:
    """Apply a network to pictures; what it gives does not depend on the chunks.

    Args:
        describe: the network: pictures [N, ...] -> values [N, ...], each picture by itself.
        frames: [B, T, ...], T pictures of each of B walks.
        at_once: pictures that it sees at a time, >= 1; bounds the memory.
        training: whether it is trained. Then it sees all at once: batch normalisation takes its statistics over them,
            and their gradients need all.

    Returns:
        values [B, T, ...].

    >>> in_chunks(torch.square, torch.arange(6.0).view(2, 3), 4, training=False).tolist()
    [[0.0, 1.0, 4.0], [9.0, 16.0, 25.0]]
    """
    pictures = frames.flatten(0, 1)  # [B * T, ...]
    # A recorded graph (an export) is of no certain number of chunks.
    if training or torch.is_grad_enabled() or torch.compiler.is_compiling():
        described = describe(pictures)
    else:
        starts = range(0, len(pictures), at_once)
        described = torch.cat([describe(pictures[start : start + at_once]) for start in starts])
    return described.view(*frames.shape[:2], *described.shape[1:])
