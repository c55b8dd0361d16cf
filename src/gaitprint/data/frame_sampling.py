"""Which frames of a walk a model gets to see, for a whole batch at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sampling = Literal["uniform", "clip"]


def choose_frames(
    lengths: NDArray[np.int64],
    count: int,
    sampling: Sampling,
    rng: np.random.Generator | None,
    stride: int = 1,
) -> NDArray[np.int64]:
    """Choose `count` frames of each walk, in order of time.

    Args:
        lengths: int64 [B], frames that each walk has, >= 1.
        count: T, frames wanted.
        sampling: ``uniform``: evenly spaced from the first to the last; ``clip``: every `stride`-th one from a random
            start.
        rng: for the random start; None takes the clip in the middle.
        stride: of a clip; 1 takes consecutive frames.

    Returns:
        int64 [B, T]. A walk that has too few frames gives all of them (of a clip: every `stride`-th), then its last
        one repeated.

    >>> choose_frames(np.array([7, 2]), 4, "uniform", None).tolist()
    [[0, 2, 4, 6], [0, 1, 1, 1]]
    >>> choose_frames(np.array([9, 4]), 3, "clip", None, stride=2).tolist()
    [[2, 4, 6], [0, 2, 3]]
    """
    steps = np.arange(count)
    if sampling == "uniform":
        # Rounding half up, in integers: the same frames on every platform.
        spread = (2 * steps * (lengths[:, None] - 1) + (count - 1)) // max(1, 2 * (count - 1))
        return np.where(lengths[:, None] >= count, spread, np.minimum(steps, lengths[:, None] - 1))
    spare = np.maximum(lengths - ((count - 1) * stride + 1), 0)
    start = spare // 2 if rng is None else rng.integers(0, spare + 1)
    return np.minimum(start[:, None] + stride * steps, lengths[:, None] - 1)
