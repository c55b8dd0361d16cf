"""From attention maps to what is drawn: ratios to uniform attention, moments and pairs that stand out.

A ratio of 1 is what a joint (or frame) gets where all that were seen get the same, 2 is twice that; so walks with
different numbers of seen joints and frames can be averaged and compared.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaitprint.evaluation.metrics import means_of_known


class KeyMoments(NamedTuple):
    """Positions in `WalkAttention.moments`: where attention was highest, highest first, and lowest, lowest first."""

    highest: list[int]
    lowest: list[int]


def joint_ratios(weights: NDArray[np.floating[Any]], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Attention received by each joint: mean over heads, joints that look, and frames in which it was seen.

    Args:
        weights: [T, heads, J, J], of each joint (third axis) on each (fourth); rows sum to 1 over the seen joints.
        seen: bool [T, J].

    Returns:
        float64 [J], in each frame times its number of seen joints, so that 1 is uniform; NaN for a joint never seen.
    """
    ratios = np.where(seen[:, :, None], _ratios(weights, seen), 0.0)
    lookers = np.maximum(seen.sum(axis=1), 1)[:, None]
    return means_of_known(np.where(seen, ratios.sum(axis=1) / lookers, np.nan))


def pair_ratios(weights: NDArray[np.floating[Any]], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Attention from each joint to each: mean over heads and frames in which both were seen.

    Arguments as `joint_ratios`.

    Returns:
        float64 [J, J] from the first axis to the second, 1 is uniform; NaN for two that were never seen together.
    """
    together = seen[:, :, None] & seen[:, None, :]
    return means_of_known(np.where(together, _ratios(weights, seen), np.nan))


def frame_ratios(weights: NDArray[np.floating[Any]], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Attention received by each frame of a clip: mean over heads and the frames that look.

    Args:
        weights: [heads, T, T], of each frame (second axis) on each (third); rows sum to 1 over the seen frames.
        seen: bool [T], frames in which anything was seen.

    Returns:
        float64 [T], times the number of seen frames, so that 1 is uniform; NaN for a frame in which nothing was seen.
    """
    return joint_ratios(weights[None], seen[None])  # a clip is to its frames what a frame is to its joints


def _ratios(weights: NDArray[np.floating[Any]], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    ratios: NDArray[np.float64] = weights.mean(axis=1, dtype=np.float64) * seen.sum(axis=1)[:, None, None]
    return ratios


def lay_out(values: NDArray[np.float64], frames: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Bring clips that may overlap, and repeat frames, into one line along the walk.

    Args:
        values: float64 [N clips, T], NaN where nothing was seen.
        frames: int64 [N, T], which frame of the walk each one is.

    Returns:
        int64 [M], every frame once, ascending, and float64 [M], its mean over the clips that have a value for it;
        NaN where none has.

    >>> lay_out(np.array([[1.0, 2.0], [4.0, np.nan]]), np.array([[0, 1], [1, 2]]))[1].tolist()
    [1.0, 3.0, nan]
    """
    moments, place = np.unique(frames.ravel(), return_inverse=True)
    known = ~np.isnan(values.ravel())
    count = np.bincount(place[known], minlength=len(moments))
    total = np.bincount(place[known], weights=values.ravel()[known], minlength=len(moments))
    return moments, np.where(count > 0, total / np.maximum(count, 1), np.nan)


def key_moments(
    values: NDArray[np.float64], moments: NDArray[np.int64], apart: float, highest: int, lowest: int
) -> KeyMoments:
    """Choose moments of high and of low attention of which none is near another.

    The highest comes first, then the lowest, so that there is a contrast however little room there is; then the other
    high ones, then the other low ones.

    Args:
        values: float64 [M]; NaN is never chosen.
        moments: int64 [M], their frames, ascending.
        apart: frames between any two at least.
        highest: how many of high attention at most, each at least 1, the share of a uniform one.
        lowest: how many of low attention at most, each below 1.
    """
    falling = [int(place) for place in np.argsort(-values, kind="stable") if not np.isnan(values[place])]
    high = [place for place in falling if values[place] >= 1]
    low = [place for place in reversed(falling) if values[place] < 1]
    chosen = KeyMoments([], [])

    def choose(order: list[int], mine: list[int], count: int) -> None:
        for place in order:
            if len(mine) >= count:
                return
            if all(abs(moments[place] - moments[other]) >= apart for other in (*chosen.highest, *chosen.lowest)):
                mine.append(place)

    choose(high, chosen.highest, min(highest, 1))
    choose(low, chosen.lowest, min(lowest, 1))
    choose(high, chosen.highest, highest)
    choose(low, chosen.lowest, lowest)
    return chosen


def strongest_pairs(pairs: NDArray[np.float64], count: int) -> list[tuple[int, int, float]]:
    """Return the two different joints that look at each other most, and so on.

    Args:
        pairs: float64 [J, J], from the first axis to the second; NaN for joints never seen together.
        count: how many at most.

    Returns:
        (a, b, mean of both directions) with a < b, the strongest first.
    """
    both = np.triu((pairs + pairs.T) / 2, k=1)
    order = np.argsort(-np.nan_to_num(both).ravel(), kind="stable")[:count]
    places = [divmod(int(place), len(pairs)) for place in order]
    return [(a, b, float(both[a, b])) for a, b in places if both[a, b] > 0]
