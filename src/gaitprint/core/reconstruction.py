"""`Reconstruction`: what a network made of the parts of a walk that were hidden from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Reconstruction(NamedTuple):
    """Silhouettes that were partly hidden, and what a network filled in.

    Args:
        logits: float [B, T, 1, H, W]; the sigmoid is the probability that a pixel belongs to the person.
        truth: float32 [B, T, 1, H, W] in 0..1, the silhouettes as they were.
        hidden: bool [B, T, 1, H, W]; the pixels that the network was not shown.
    """

    logits: Tensor
    truth: Tensor
    hidden: Tensor
