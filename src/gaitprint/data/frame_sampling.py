"""Which frames of a walk a model gets to see, for a whole batch at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Sampling = Literal["uniform", "clip", "random"]


def choose_frames(
    lengths: NDArray[np.int64],
    count: int,
    sampling: Sampling,
    rng: np.random.Generator | None,
    *,
    stride: int = 1,
    clips: int = 1,
) -> NDArray[np.int64]:
    """Choose `count` frames of each walk, in order of time.

    Args:
        lengths: int64 [B], frames that each walk has, >= 1.
        count: T, frames wanted.
        sampling: ``uniform``: evenly spaced from the first to the last; ``clip``: every `stride`-th one from a random
            start; ``random``: any frames, each at most once where there are enough, without `rng` evenly spaced ones.
        rng: for what is random; None takes the clip in the middle, or `clips` of them.
        stride: of a clip; 1 takes consecutive frames.
        clips: N, clips of `count` frames, without `rng`; several start evenly from the first frame on.

    Returns:
        int64 [B, N * T]. A walk that has too few frames gives all of them (of a clip: every `stride`-th), then its last
        one repeated; for ``random``, where frames are a set, all of them about equally often.

    >>> choose_frames(np.array([7, 2]), 4, "uniform", None).tolist()
    [[0, 2, 4, 6], [0, 1, 1, 1]]
    >>> choose_frames(np.array([9, 4]), 3, "clip", None, stride=2).tolist()
    [[2, 4, 6], [0, 2, 3]]
    >>> choose_frames(np.array([9]), 3, "clip", None, clips=2).tolist()
    [[0, 1, 2, 6, 7, 8]]
    >>> choose_frames(np.array([7, 2]), 4, "random", None).tolist()
    [[0, 2, 4, 6], [0, 0, 1, 1]]
    """
    steps = np.arange(count)
    if sampling == "random" and rng is not None:
        return _random_sets(lengths, count, rng)
    if sampling != "clip":
        # Rounding half up, in integers: the same frames on every platform.
        spread = (2 * steps * (lengths[:, None] - 1) + (count - 1)) // max(1, 2 * (count - 1))
        if sampling == "random":
            return spread
        return np.where(lengths[:, None] >= count, spread, np.minimum(steps, lengths[:, None] - 1))
    spare = np.maximum(lengths - ((count - 1) * stride + 1), 0)
    if rng is not None:
        starts = rng.integers(0, spare + 1)[:, None]
    else:
        starts = (spare // 2)[:, None] if clips == 1 else spare[:, None] * np.arange(clips) // (clips - 1)
    frames = (starts[:, :, None] + stride * steps).reshape(len(lengths), -1)  # [B, N, T] -> [B, N * T]
    inside: NDArray[np.int64] = np.minimum(frames, lengths[:, None] - 1)
    return inside


def _random_sets(lengths: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw `count` frames of each walk without replacement, all of it as often as it takes; in order of time."""
    longest = max(int(lengths.max(initial=1)), 1)
    rounds = -(-count // max(int(lengths.min(initial=count)), 1))
    # Round r of a walk has keys r..r + 1: all frames of one round come before those of the next.
    keys = rng.random((len(lengths), rounds, longest)) + np.arange(rounds)[:, None]
    keys[np.broadcast_to(np.arange(longest) >= lengths[:, None, None], keys.shape)] = np.inf
    order = np.argsort(keys.reshape(len(lengths), -1), axis=1, kind="stable")[:, :count]
    chosen: NDArray[np.int64] = np.sort(order % longest, axis=1)
    return chosen
