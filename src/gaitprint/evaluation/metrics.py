"""Identification and verification metrics: pure functions of distances and labels.

Identification (rank-k, CMC, mAP, mINP) works row by row, so that a matrix which does not fit in memory is fed in
blocks of probe rows and the per-probe results are joined. Verification (ROC, DET, AUC, EER, FNMR at FMR) and open-set
identification (DIR at FPIR) follow ISO/IEC 19795-1:2021; a comparison is accepted where its distance is <= the
threshold.

Ties: an impostor at the same distance as a genuine entry counts as nearer. A model that maps everybody to one point
therefore has rank-1 = 0, and no order of the gallery can change a figure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaitprint.core.errors import IncompatibleError


class RankedMatches(NamedTuple):
    """Where the genuine gallery entries of each of N probes stand.

    Args:
        first_rank: int64 [N]: rank of the nearest genuine entry, from 1; 0 where the gallery holds none.
        average_precision: float64 [N] in 0..1; NaN where the gallery holds no genuine entry.
        inverse_negative_penalty: float64 [N] in 0..1; NaN likewise.
    """

    first_rank: NDArray[np.int64]
    average_precision: NDArray[np.float64]
    inverse_negative_penalty: NDArray[np.float64]


def same_label(probe: ArrayLike, gallery: ArrayLike) -> NDArray[np.bool_]:
    """Return bool [N, M]: whether probe and gallery entry carry one label (strings or integers [N] and [M])."""
    equal: NDArray[np.bool_] = np.asarray(probe)[:, None] == np.asarray(gallery)[None, :]
    return equal


def first_match_ranks(distance: NDArray[np.floating], genuine: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rank of the nearest genuine gallery entry of each probe.

    Args:
        distance: float [N, M].
        genuine: bool [N, M], from `same_label`.

    Returns:
        int64 [N]: 1 + the impostors that are not farther; 0 where no entry is genuine.

    Raises:
        IncompatibleError: as `ranked_matches`.

    >>> first_match_ranks(np.array([[0.5, 0.2, 0.5]]), np.array([[True, False, False]]))
    array([3])
    """
    _least(distance, genuine)
    nearest = np.where(genuine, distance, np.inf).min(axis=1, initial=np.inf)
    nearer = np.count_nonzero((distance <= nearest[:, None]) & ~genuine, axis=1)
    return np.where(genuine.any(axis=1), nearer + 1, 0).astype(np.int64)


def ranked_matches(distance: NDArray[np.floating], genuine: NDArray[np.bool_]) -> RankedMatches:
    """Rank all genuine entries of each probe: first rank, average precision, inverse negative penalty.

    Average precision is the mean over the genuine entries, nearest first, of k / rank of the k-th one (without
    interpolation; Manning, Raghavan, Schuetze: Introduction to Information Retrieval, 8.4). The inverse negative
    penalty is their number / rank of the last one (Ye et al.: Deep Learning for Person Re-identification, 2021).

    Args:
        distance: float [N, M]; float64 is ranked as float64, everything else as float32.
        genuine: bool [N, M], from `same_label`.

    Raises:
        IncompatibleError: shapes differ, or a distance is NaN.

    >>> ranked_matches(np.array([[0.1, 0.2, 0.3]]), np.array([[True, False, True]])).average_precision.round(3)
    array([0.833])
    """
    least = _least(distance, genuine)
    if least < 0:
        # Moved to 0 with digits to spare, so that the order of float32 distances stays as it is.
        distance = distance.astype(np.float64) - least
    # Patterns of non-negative floats sort as integers. The freed sign bit, moved to the end, says "genuine": one
    # plain sort then yields the genuine entries' places, after every impostor at the same distance.
    float_type, integer_type = (np.float64, np.uint64) if distance.dtype == np.float64 else (np.float32, np.uint32)
    keys = np.add(distance, 0, dtype=float_type).view(integer_type)  # adding 0 turns -0.0 into 0.0
    np.left_shift(keys, 1, out=keys)
    np.bitwise_or(keys, genuine, out=keys, casting="unsafe")
    keys.sort(axis=1)
    rows, columns = np.nonzero(keys & 1)

    num_probe = len(distance)
    count = np.bincount(rows, minlength=num_probe)
    start = np.cumsum(count) - count
    order = np.arange(len(rows)) - start[rows] + 1  # k of each genuine entry
    precision = np.bincount(rows, order / (columns + 1), minlength=num_probe)
    found = count > 0
    first, last = np.zeros((2, num_probe), np.int64)
    first[found] = columns[start[found]] + 1
    last[found] = columns[(start + count - 1)[found]] + 1
    missing = np.full(num_probe, np.nan)
    return RankedMatches(
        first,
        np.divide(precision, count, out=missing.copy(), where=found),
        np.divide(count, last, out=missing.copy(), where=found),
    )


def rank_k(first_rank: ArrayLike, k: int) -> float:
    """Share of probes with a genuine entry among the k nearest; a probe without one (rank 0) counts as wrong.

    >>> rank_k([1, 3, 0, 2], 2)
    0.5
    """
    return float(cumulative_match_curve(first_rank, k)[k - 1])


def cumulative_match_curve(first_rank: ArrayLike, length: int) -> NDArray[np.float64]:
    """Return the CMC, float64 [length]: `rank_k` for k = 1..length; NaN without probes."""
    ranks = np.asarray(first_rank, np.int64)
    counts = np.bincount(ranks[(ranks >= 1) & (ranks <= length)], minlength=length + 1)[1:]
    return np.cumsum(counts) / len(ranks) if len(ranks) else np.full(length, np.nan)


def mean_of_known(values: NDArray[np.float64]) -> float:
    """Mean of what is not NaN; NaN where nothing is known."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def means_of_known(values: NDArray[np.float64], axis: int = 0) -> NDArray[np.float64]:
    """Means along an axis of what is not NaN; NaN where nothing is known.

    >>> means_of_known(np.array([[1.0, np.nan], [3.0, np.nan]])).tolist()
    [2.0, nan]
    """
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    means: NDArray[np.float64] = np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)
    return means


class ErrorCurve(NamedTuple):
    """Two error rates at ascending thresholds; the DET curve, and as (fmr, 1 - fnmr) the ROC curve.

    Args:
        fmr: float64 [n]: share of impostor comparisons accepted; from 0 to 1, non-decreasing.
        fnmr: float64 [n]: share of genuine comparisons rejected; from 1 to 0, non-increasing.
        thresholds: float64 [n], ascending; a pair is accepted where its distance is <= the threshold.
    """

    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]
    thresholds: NDArray[np.float64]


def det_curve(genuine: ArrayLike, impostor: ArrayLike) -> ErrorCurve:
    """Exact error rates of all thresholds that matter.

    Args:
        genuine: distances [G] of pairs of one subject.
        impostor: distances [I] of pairs of two subjects.

    Returns:
        One point for every corner of the curve, at most two for each distinct genuine distance and two ends; every
        other threshold lies on the straight line between two of them.

    Raises:
        IncompatibleError: G or I is 0: the rates are not defined; or a distance is NaN.
    """
    float_type = np.result_type(np.asarray(genuine), np.asarray(impostor), np.float32)
    genuine, impostor = (np.sort(np.ravel(values).astype(float_type)) for values in (genuine, impostor))
    if not len(genuine) or not len(impostor):
        raise IncompatibleError(f"{len(genuine)} genuine and {len(impostor)} impostor pairs: need at least one of each")
    for distances in (genuine, impostor):
        _refuse_nan(distances)
    steps = np.unique(genuine)
    first, last = min(steps[0], impostor[0]), max(steps[-1], impostor[-1])
    just_below = np.nextafter(steps, steps.dtype.type(-np.inf))
    below = np.nextafter(first, steps.dtype.type(-np.inf))
    thresholds = np.unique(np.concatenate([[below, last], just_below, steps]))
    fmr = np.searchsorted(impostor, thresholds, side="right") / len(impostor)
    fnmr = 1.0 - np.searchsorted(genuine, thresholds, side="right") / len(genuine)
    return ErrorCurve(fmr, fnmr, thresholds.astype(np.float64))


def area_under_roc(curve: ErrorCurve) -> float:
    """Area under the true match rate over FMR, by trapezoids: a tie between genuine and impostor counts one half."""
    return float(np.trapezoid(1.0 - curve.fnmr, curve.fmr))


def equal_error_rate(curve: ErrorCurve) -> float:
    """Error rate where FMR and FNMR are equal: the plain crossing of the DET curve, its corners joined by lines.

    (Not of its convex hull, which would be lower or equal and is reached only by mixing two thresholds at random.)
    """
    after = int(np.argmax(curve.fmr >= curve.fnmr))
    gap_before = curve.fnmr[after - 1] - curve.fmr[after - 1]
    gap_after = curve.fmr[after] - curve.fnmr[after]
    share = gap_before / (gap_before + gap_after)
    return float(curve.fmr[after - 1] + share * (curve.fmr[after] - curve.fmr[after - 1]))


def fnmr_at_fmr(curve: ErrorCurve, fmr: float) -> float:
    """Lowest FNMR of a threshold whose FMR does not exceed `fmr`; nothing is interpolated.

    With fewer than 1 / `fmr` impostor pairs this is the FNMR at FMR = 0.
    """
    return float(curve.fnmr[np.searchsorted(curve.fmr, fmr, side="right") - 1])


class OpenSetCurve(NamedTuple):
    """Open-set identification at ascending thresholds.

    Args:
        fpir: float64 [n]: share of searches of never enrolled subjects that return anybody; non-decreasing.
        fnir: float64 [n]: share of searches of enrolled subjects that do not return them first; non-increasing.
        thresholds: float64 [n], ascending; an entry is returned where its distance is <= the threshold.
    """

    fpir: NDArray[np.float64]
    fnir: NDArray[np.float64]
    thresholds: NDArray[np.float64]


def open_set_curve(mated: ArrayLike, mated_correct: ArrayLike, nonmated: ArrayLike) -> OpenSetCurve:
    """FPIR and FNIR at rank 1 (ISO/IEC 19795-1; DIR = 1 - FNIR).

    Args:
        mated: distance [N] of the nearest gallery entry to each probe of an enrolled subject.
        mated_correct: bool [N], whether that entry is the probe's subject.
        nonmated: distance [K] of the nearest entry to each probe of a subject that is not enrolled.

    Raises:
        IncompatibleError: N or K is 0, or a distance is NaN.
    """
    mated, correct, nonmated = np.ravel(mated), np.ravel(mated_correct).astype(np.bool_), np.ravel(nonmated)
    if not len(mated) or not len(nonmated):
        raise IncompatibleError(f"{len(mated)} mated and {len(nonmated)} non-mated searches: need at least one of each")
    hits, alarms = np.sort(mated[correct]), np.sort(nonmated)
    values = np.unique(np.concatenate([mated, nonmated]).astype(np.float64))
    _refuse_nan(values)
    thresholds = np.append(np.nextafter(values[0], -np.inf), values)
    fpir = np.searchsorted(alarms, thresholds, side="right") / len(nonmated)
    fnir = 1.0 - np.searchsorted(hits, thresholds, side="right") / len(mated)
    return OpenSetCurve(fpir, fnir, thresholds)


def dir_at_fpir(curve: OpenSetCurve, fpir: float) -> float:
    """Highest detection and identification rate at rank 1 whose FPIR does not exceed `fpir`; not interpolated."""
    return float(1.0 - curve.fnir[np.searchsorted(curve.fpir, fpir, side="right") - 1])


def drawing_points(x: NDArray[np.float64], y: NDArray[np.float64], limit: int = 2000) -> NDArray[np.int64]:
    """Indices of at most `limit` points that draw a monotone curve well, on linear and on logarithmic axes.

    Args:
        x: float64 [n], non-decreasing, in 0..1.
        y: float64 [n], non-increasing.
        limit: upper bound of the length of the result, at least 5.
    """
    if len(x) <= limit:
        return np.arange(len(x))
    share = limit // 4
    positive = x[x > 0]
    decades = np.geomspace(positive[0], x[-1], share) if len(positive) else np.zeros(0)
    wanted = [
        np.searchsorted(x, decades),
        np.searchsorted(x, np.linspace(x[0], x[-1], share)),
        np.searchsorted(-y, np.linspace(-y[0], -y[-1], share)),
        np.array([0, len(x) - 1]),
    ]
    return np.unique(np.minimum(np.concatenate(wanted), len(x) - 1))


def _least(distance: NDArray[np.floating], genuine: NDArray[np.bool_]) -> np.floating:
    """Return the smallest distance, or 0 where all are larger, of distances that can be ranked."""
    if distance.ndim != 2 or distance.shape != genuine.shape:
        raise IncompatibleError(f"distances have shape {distance.shape}, genuine {genuine.shape}; need the same [N, M]")
    least: np.floating = distance.min(initial=0)
    if np.isnan(least):  # compares with nothing: the nearest genuine entry would be first
        raise IncompatibleError("distances to rank must be numbers, not NaN")
    return least


def _refuse_nan(ascending: NDArray[np.floating]) -> None:
    """Refuse distances of which one is NaN, which sorts after all numbers."""
    if np.isnan(ascending[-1]):
        raise IncompatibleError("distances to compare must be numbers, not NaN")
