"""Frames of a passage whose silhouette is not that of a walker like the others: leaks, half a body, somebody else's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# How many times farther from the mean than most frames are: hardly a clean frame of a rendered walker is, and of those
# found in rendered videos the torn ones and those that have run into the background are.
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
