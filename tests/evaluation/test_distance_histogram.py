import itertools

import numpy as np
import pytest

from gaitprint.evaluation.distance_histogram import (
    DistanceHistogram,
    det_curve_of_histograms,
    spread_of,
    spread_of_histograms,
)
from gaitprint.evaluation.metrics import area_under_roc, det_curve, equal_error_rate


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_histograms_approach_the_exact_curve(scale: float) -> None:
    rng = np.random.default_rng(7)
    genuine = (rng.gamma(4, 1, 2000) * scale).astype(np.float32)
    impostor = (rng.gamma(9, 1, 50000) * scale).astype(np.float32)
    exact = det_curve(genuine, impostor)
    counted = DistanceHistogram(), DistanceHistogram()
    for histogram, values in zip(counted, (genuine, impostor), strict=True):
        for part in np.array_split(values, 3):
            histogram.add(part)
    assert (len(counted[0]), len(counted[1])) == (2000, 50000)
    curve = det_curve_of_histograms(*counted)
    assert np.all(np.diff(curve.thresholds) > 0)
    for fmr, fnmr, threshold in list(zip(*curve, strict=True))[::97]:
        assert fmr == pytest.approx(np.mean(impostor <= threshold), abs=1e-12)
        assert fnmr == pytest.approx(np.mean(genuine > threshold), abs=1e-12)
    assert area_under_roc(curve) == pytest.approx(area_under_roc(exact), abs=1e-4)
    assert equal_error_rate(curve) == pytest.approx(equal_error_rate(exact), abs=1e-3)


def test_histogram_takes_the_ends_of_the_range() -> None:
    histogram = DistanceHistogram()
    largest = np.finfo(np.float32).max
    histogram.add(np.array([0.0, -0.0, largest, np.inf, -largest, -np.inf], np.float32))
    assert histogram.counts.max() == 2  # zero is zero with either sign
    assert len(histogram) == 6


def test_histograms_of_negative_distances_agree_with_loops() -> None:
    rng = np.random.default_rng(9)
    genuine, impostor = rng.normal(-6, 2, 3000).astype(np.float32), rng.normal(0, 1, 20000).astype(np.float32)
    counted = DistanceHistogram(), DistanceHistogram()
    for histogram, values in zip(counted, (genuine, impostor), strict=True):
        histogram.add(values)
    curve = det_curve_of_histograms(*counted)
    assert np.all(np.diff(curve.thresholds) > 0)
    for fmr, fnmr, threshold in list(zip(*curve, strict=True))[::97]:
        assert fmr == pytest.approx(np.mean(impostor <= threshold), abs=1e-12)
        assert fnmr == pytest.approx(np.mean(genuine > threshold), abs=1e-12)


def test_spreads_count_distances_of_any_sign() -> None:
    rng = np.random.default_rng(11)
    genuine, impostor = rng.normal(-4, 1, 500).astype(np.float32), rng.normal(0, 1, 3000).astype(np.float32)
    exact = spread_of(genuine, impostor)
    assert exact is not None
    for share, distances in ((exact.genuine, genuine), (exact.impostor, impostor)):
        expected = [np.mean((distances >= a) & (distances < b)) for a, b in itertools.pairwise(exact.edges[:-1])]
        np.testing.assert_allclose(share[:-1], expected, atol=1e-9)
        assert share.sum() == pytest.approx(1)
    counted = DistanceHistogram(), DistanceHistogram()
    for histogram, values in zip(counted, (genuine, impostor), strict=True):
        histogram.add(values)
    coarse = spread_of_histograms(*counted)
    assert coarse is not None
    np.testing.assert_allclose(coarse.edges, exact.edges, atol=2e-3)
    np.testing.assert_allclose(coarse.impostor, exact.impostor, atol=3e-3)
    assert spread_of(np.ones(2, np.float32), np.ones(3, np.float32)) is None
