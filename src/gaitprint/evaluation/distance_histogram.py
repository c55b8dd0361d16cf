"""Counts of very many distances: in fine bins that bound the memory, and in wide ones to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError
from gaitprint.evaluation.metrics import ErrorCurve

# Distances are counted in bins that share the upper bits of their float32 pattern: 13 bits of mantissa remain.
_DROPPED_BITS = 10
_NUM_BINS = 1 << (32 - _DROPPED_BITS)
_CHUNK = 1 << 24  # distances counted at once; bounds the temporary memory


class DistanceHistogram:
    """Counts of very many distances in memory that does not grow.

    Bins share all but the last 10 bits of the float32 pattern: each spans at most 1/8192 of its distance, whatever
    the scale, and a rate read from the counts is exact at the upper edge of every bin.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(_NUM_BINS, np.int64)

    def add(self, distances: NDArray[np.float32]) -> None:
        """Count float32 distances of any shape."""
        flat = np.ravel(distances)
        for start in range(0, len(flat), _CHUNK):
            chunk = np.add(flat[start : start + _CHUNK], 0, dtype=np.float32)  # adding 0 turns -0.0 into 0.0
            self.counts += np.bincount(_ordered(chunk) >> _DROPPED_BITS, minlength=_NUM_BINS)

    def __len__(self) -> int:
        return int(self.counts.sum())


def det_curve_of_histograms(genuine: DistanceHistogram, impostor: DistanceHistogram) -> ErrorCurve:
    """As `metrics.det_curve`, at the upper edges of the bins that hold anything."""
    if not len(genuine) or not len(impostor):
        raise IncompatibleError(f"{len(genuine)} genuine and {len(impostor)} impostor pairs: need at least one of each")
    used = np.flatnonzero(genuine.counts + impostor.counts)
    lower = (used << _DROPPED_BITS).astype(np.uint32)
    last = _ordered(np.array([np.inf], np.float32))
    upper = np.minimum(lower + np.uint32((1 << _DROPPED_BITS) - 1), last)
    start = np.nextafter(_from_ordered(lower[:1]), np.float32(-np.inf))
    fmr = np.cumsum(impostor.counts[used]) / len(impostor)
    fnmr = 1.0 - np.cumsum(genuine.counts[used]) / len(genuine)
    thresholds = np.concatenate([start, _from_ordered(upper)]).astype(np.float64)
    return ErrorCurve(np.append(0.0, fmr), np.append(1.0, fnmr), thresholds)


@dataclass(frozen=True, eq=False)
class DistanceSpread:
    """How distances spread, as a histogram.

    Args:
        edges: float64 [bins + 1], ascending.
        genuine: float64 [bins], share of the pairs of one subject in each bin.
        impostor: float64 [bins], share of the pairs of two subjects.
    """

    edges: NDArray[np.float64]
    genuine: NDArray[np.float64]
    impostor: NDArray[np.float64]


def spread_of(genuine: NDArray[np.float32], impostor: NDArray[np.float32], bins: int = 60) -> DistanceSpread | None:
    """Count distances of pairs of one subject and of two in bins of equal width; None where all are the same."""
    return _spread((genuine, impostor), (np.ones(len(genuine)), np.ones(len(impostor))), bins)


def spread_of_histograms(
    genuine: DistanceHistogram, impostor: DistanceHistogram, bins: int = 60
) -> DistanceSpread | None:
    """As `spread_of`, each distance as the lower edge of the fine bin that it was counted in."""
    used = [np.flatnonzero(each.counts) for each in (genuine, impostor)]
    lower = [_from_ordered((places << _DROPPED_BITS).astype(np.uint32)) for places in used]
    return _spread(lower, [each.counts[places] for each, places in zip((genuine, impostor), used, strict=True)], bins)


def _spread(
    distances: Sequence[NDArray[np.float32]], counts: Sequence[NDArray[np.generic]], bins: int
) -> DistanceSpread | None:
    finite = [np.isfinite(values) for values in distances]
    every = np.concatenate([values[keep] for values, keep in zip(distances, finite, strict=True)])
    if not len(every) or every.min() == every.max():
        return None
    edges = np.linspace(every.min(), every.max(), bins + 1)
    genuine, impostor = (
        np.histogram(values[keep], edges, weights=weights[keep])[0] / max(weights.sum(), 1)
        for values, keep, weights in zip(distances, finite, counts, strict=True)
    )
    return DistanceSpread(edges, genuine, impostor)


def _ordered(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Patterns of float32 numbers as integers that sort as the numbers do, negative ones in the lower half."""
    bits = values.view(np.int32)
    return ((bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.uint32)) ^ np.uint32(0x80000000)


def _from_ordered(patterns: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Undo `_ordered`."""
    bits = (patterns ^ np.uint32(0x80000000)).view(np.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)
