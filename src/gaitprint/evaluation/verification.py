"""Verification of embeddings: genuine and impostor distances in, a `VerificationResult` out, at any size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import Metric, as_tensor, distance_blocks, paired_distance
from gaitprint.evaluation.distance_histogram import (
    DistanceHistogram,
    det_curve_of_histograms,
    spread_of,
    spread_of_histograms,
)
from gaitprint.evaluation.metrics import (
    area_under_roc,
    det_curve,
    drawing_points,
    equal_error_rate,
    fnmr_at_fmr,
)
from gaitprint.evaluation.results import VerificationResult

# Up to this many pairs every distance is kept and the curve is exact; more are counted in fine bins.
EXACT_PAIRS = 1 << 24
# Distances of one block of rows; bounds the memory of an evaluation.
BLOCK_VALUES = 1 << 24


def block_rows(num_gallery: int) -> int:
    """Rows of a distance block that keep it within `BLOCK_VALUES`."""
    return max(16, min(1024, BLOCK_VALUES // max(1, num_gallery)))


class PairCollector:
    """Takes distances block by block and turns them into error rates.

    Args:
        num_pairs: how many distances will come; decides between keeping and counting them.
    """

    def __init__(self, num_pairs: int) -> None:
        self.exact = num_pairs <= EXACT_PAIRS
        self._kept: tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]] = ([], [])
        self._counted = (DistanceHistogram(), DistanceHistogram())

    @property
    def note(self) -> str | None:
        """What a reader must know about the resolution; None where the curve is exact."""
        return None if self.exact else "verification: distances counted in bins of at most 1/8192 of their value"

    def add(self, distance: NDArray[np.float32], genuine: NDArray[np.bool_]) -> None:
        """Take float32 distances and, of the same shape, whether each is of one subject."""
        for side, values in enumerate((distance[genuine], distance[~genuine])):
            if self.exact:
                self._kept[side].append(values)
            else:
                self._counted[side].add(values)

    def result(self) -> VerificationResult | None:
        """Return the error rates; None where there is no genuine or no impostor pair."""
        if self.exact:
            genuine, impostor = (np.concatenate([np.zeros(0, np.float32), *kept]) for kept in self._kept)
            counts = len(genuine), len(impostor)
        else:
            counts = len(self._counted[0]), len(self._counted[1])
        if not all(counts):
            return None
        spread = spread_of(genuine, impostor) if self.exact else spread_of_histograms(*self._counted)
        curve = det_curve(genuine, impostor) if self.exact else det_curve_of_histograms(*self._counted)
        drawn = drawing_points(curve.fmr, curve.fnmr)
        return VerificationResult(
            fmr=curve.fmr[drawn],
            fnmr=curve.fnmr[drawn],
            thresholds=curve.thresholds[drawn],
            eer=equal_error_rate(curve),
            auc=area_under_roc(curve),
            fnmr_at_fmr={"1e-2": fnmr_at_fmr(curve, 1e-2), "1e-3": fnmr_at_fmr(curve, 1e-3)},
            num_genuine=counts[0],
            num_impostor=counts[1],
            spread=spread,
        )


def compare_all_pairs(embeddings: NDArray[np.float32], subject: NDArray[np.int64], metric: Metric) -> PairCollector:
    """Collect the distances of all N (N - 1) / 2 pairs.

    Args:
        embeddings: float32 [N, P, D].
        subject: int64 [N], a number for each subject.
        metric: as `core.distance`.
    """
    count = len(embeddings)
    collector = PairCollector(count * (count - 1) // 2)
    for rows, block in distance_blocks(embeddings, embeddings, metric, block_rows(count)):
        later = np.arange(count) > np.arange(rows.start, rows.stop)[:, None]
        genuine = subject[rows, None] == subject
        collector.add(block[later], genuine[later])
    return collector


def compare_sampled_pairs(
    embeddings: NDArray[np.float32], subject: NDArray[np.int64], metric: Metric, num_impostor: int, seed: int
) -> PairCollector:
    """Collect all genuine pairs, and impostor pairs drawn at random with replacement.

    FMR and FNMR are rates among impostor and among genuine pairs, so that sampling one kind alone leaves both
    unbiased.

    Args:
        embeddings: float32 [N, P, D].
        subject: int64 [N], a number for each subject.
        metric: as `core.distance`.
        num_impostor: how many impostor pairs to draw.
        seed: of the draw.
    """
    import torch

    order = np.argsort(subject, kind="stable")
    sizes = np.bincount(subject)
    ends = np.cumsum(sizes)
    # Impostors: a walk, as often as it has partners, then one partner outside of its subject's run in `order`.
    rng = np.random.default_rng(seed)
    partners = len(subject) - sizes[subject[order]]
    if partners.any():
        first = rng.choice(len(order), num_impostor, p=partners / partners.sum())
        own = subject[order[first]]
        second = rng.integers(0, partners[first])
        second += np.where(second < ends[own] - sizes[own], 0, sizes[own])
    else:
        first = second = np.zeros(0, np.int64)
    # Genuine: each place of `order` with the places after it, up to the end of its subject's run.
    later = ends[subject[order]] - np.arange(len(order)) - 1
    left = np.repeat(np.arange(len(order)), later)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(later) - later, later)

    tensor = as_tensor(embeddings)
    collector = PairCollector(len(left) + len(first))
    for a, b, is_genuine in ((left, right, True), (first, second, False)):
        pairs = paired_distance(tensor, torch.from_numpy(order[a]), tensor, torch.from_numpy(order[b]), metric)
        collector.add(pairs.numpy(), np.full(len(a), is_genuine))
    return collector
