import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from gaitprint.core.errors import IncompatibleError
from gaitprint.evaluation.metrics import (
    area_under_roc,
    cumulative_match_curve,
    det_curve,
    dir_at_fpir,
    drawing_points,
    equal_error_rate,
    first_match_ranks,
    fnmr_at_fmr,
    mean_of_known,
    open_set_curve,
    rank_k,
    ranked_matches,
    same_label,
)


def looped_ranking(distance: np.ndarray, genuine: np.ndarray) -> list[tuple[int, float, float]]:
    """First rank, average precision and inverse negative penalty, one probe and one entry at a time."""
    results = []
    for row, truth in zip(distance.tolist(), genuine.tolist(), strict=True):
        # False sorts before True: an impostor at the same distance comes first.
        ranked = [is_genuine for _, is_genuine in sorted(zip(row, truth, strict=True))]
        places = [place for place, is_genuine in enumerate(ranked, start=1) if is_genuine]
        if not places:
            results.append((0, np.nan, np.nan))
            continue
        precisions = [k / place for k, place in enumerate(places, start=1)]
        results.append((places[0], sum(precisions) / len(places), len(places) / places[-1]))
    return results


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [0, 4])
@pytest.mark.parametrize("num_gallery", [1, 2, 40])
def test_ranking_agrees_with_loops_also_with_ties(dtype: type, levels: int, num_gallery: int) -> None:
    rng = np.random.default_rng(levels + num_gallery)
    distance = rng.random((30, num_gallery))
    if levels:
        distance = np.floor(distance * levels)
    distance = distance.astype(dtype)
    genuine = same_label(rng.integers(0, 6, 30), rng.integers(0, 5, num_gallery))
    first, precision, penalty = np.array(looped_ranking(distance, genuine)).T
    found = ranked_matches(distance, genuine)
    assert found.first_rank.tolist() == first.tolist() == first_match_ranks(distance, genuine).tolist()
    np.testing.assert_allclose(found.average_precision, precision, rtol=1e-12)
    np.testing.assert_allclose(found.inverse_negative_penalty, penalty, rtol=1e-12)


def test_blocks_of_rows_give_what_the_whole_matrix_gives() -> None:
    rng = np.random.default_rng(3)
    distance, genuine = rng.random((20, 15)).astype(np.float32), rng.random((20, 15)) < 0.2
    whole = ranked_matches(distance, genuine)
    blocks = [ranked_matches(distance[i : i + 7], genuine[i : i + 7]) for i in range(0, 20, 7)]
    for figure, parts in zip(whole, zip(*blocks, strict=True), strict=True):
        np.testing.assert_array_equal(figure, np.concatenate(parts))


def test_average_precision_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    distance, genuine = rng.random((25, 60)), rng.random((25, 60)) < 0.1
    genuine[:, 0] = True
    expected = [average_precision_score(truth, -row) for row, truth in zip(distance, genuine, strict=True)]
    np.testing.assert_allclose(ranked_matches(distance, genuine).average_precision, expected, rtol=0, atol=1e-12)


def test_hand_computed_ranking() -> None:
    # Nearest first: impostor, genuine, impostor, genuine.
    distance = np.array([[4.0, 2.0, 3.0, 1.0]])
    genuine = np.array([[True, True, False, False]])
    assert first_match_ranks(distance, genuine).tolist() == [2]
    found = ranked_matches(distance, genuine)
    assert found.average_precision.tolist() == [(1 / 2 + 2 / 4) / 2]
    assert found.inverse_negative_penalty.tolist() == [2 / 4]


def test_one_point_for_everybody_recognises_nobody() -> None:
    genuine = same_label(["a", "b"], ["a", "b", "a"])
    assert rank_k(first_match_ranks(np.zeros((2, 3)), genuine), 1) == 0
    assert ranked_matches(np.full((2, 3), -0.0), genuine).first_rank.tolist() == [2, 3]


def test_cumulative_match_curve() -> None:
    np.testing.assert_array_equal(cumulative_match_curve([1, 2, 2, 9, 0], 4), [0.2, 0.6, 0.6, 0.6])
    assert np.isnan(cumulative_match_curve([], 3)).all()


def test_nothing_to_rank() -> None:
    empty = ranked_matches(np.zeros((2, 0)), np.zeros((2, 0), bool))
    assert empty.first_rank.tolist() == [0, 0]
    assert np.isnan(empty.average_precision).all()
    assert len(ranked_matches(np.zeros((0, 3)), np.zeros((0, 3), bool)).first_rank) == 0
    assert np.isnan(mean_of_known(ranked_matches(np.zeros((2, 1)), np.zeros((2, 1), bool)).average_precision))


@pytest.mark.parametrize("distance", [np.array([[np.nan]]), np.zeros((1, 2)), np.zeros(1)])
def test_bad_distances_are_refused(distance: np.ndarray) -> None:
    for rank in (ranked_matches, first_match_ranks):
        with pytest.raises(IncompatibleError):
            rank(distance, np.array([[True]]))


def test_a_distance_that_is_no_number_is_in_no_rate() -> None:
    for genuine, impostor in (([1.0, np.nan], [2.0]), ([1.0], [np.nan, 2.0])):
        with pytest.raises(IncompatibleError, match="not NaN"):
            det_curve(genuine, impostor)
        with pytest.raises(IncompatibleError, match="not NaN"):
            open_set_curve(genuine, [True] * len(genuine), impostor)


def looped_rates(genuine: np.ndarray, impostor: np.ndarray, threshold: float) -> tuple[float, float]:
    return float(np.mean([d <= threshold for d in impostor])), float(np.mean([d > threshold for d in genuine]))


@pytest.mark.parametrize("levels", [0, 8])
def test_det_curve_agrees_with_loops_and_scikit_learn(levels: int) -> None:
    rng = np.random.default_rng(levels)
    genuine, impostor = rng.normal(4, 1, 60), rng.normal(6, 1.5, 500)
    if levels:
        genuine, impostor = np.round(genuine), np.round(impostor)
    curve = det_curve(genuine, impostor)
    for fmr, fnmr, threshold in zip(*curve, strict=True):
        assert (fmr, fnmr) == pytest.approx(looped_rates(genuine, impostor, threshold), abs=1e-12)
    truth = np.repeat([1, 0], [60, 500])
    scores = -np.concatenate([genuine, impostor])
    assert area_under_roc(curve) == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    their_fmr, their_tmr, _ = roc_curve(truth, scores, drop_intermediate=False)
    # Every point of theirs lies on our polyline.
    lowest = [np.interp(x, curve.fmr, 1 - curve.fnmr) for x in their_fmr if x not in curve.fmr]
    np.testing.assert_allclose(lowest, [t for x, t in zip(their_fmr, their_tmr, strict=True) if x not in curve.fmr])
    # The equal error rate: where the line from (0, 1) to (1, 0) meets their polyline.
    crossing = np.flatnonzero(their_fmr >= 1 - their_tmr)[0]
    a, b = (their_fmr + their_tmr - 1)[crossing - 1 : crossing + 1]
    expected = their_fmr[crossing - 1] + a / (a - b) * (their_fmr[crossing] - their_fmr[crossing - 1])
    assert equal_error_rate(curve) == pytest.approx(expected, abs=1e-12)
    for target in (0.001, 0.01, 0.1, 0.5, 1.0):
        rates = [looped_rates(genuine, impostor, t) for t in [-1, *genuine, *impostor]]
        assert fnmr_at_fmr(curve, target) == pytest.approx(min(fnmr for fmr, fnmr in rates if fmr <= target))


def test_hand_computed_verification() -> None:
    curve = det_curve([1.0, 2.0, 5.0, 3.0], [4.0, 6.0, 7.0, 8.0])
    assert equal_error_rate(curve) == 0.25
    assert area_under_roc(curve) == 15 / 16
    assert fnmr_at_fmr(curve, 0.01) == 0.25
    assert fnmr_at_fmr(curve, 0.25) == 0.0
    assert (curve.fmr[0], curve.fnmr[0], curve.fmr[-1], curve.fnmr[-1]) == (0, 1, 1, 0)


def test_separable_and_inseparable_pairs() -> None:
    apart = det_curve([0.0, 1.0], [2.0])
    assert (equal_error_rate(apart), area_under_roc(apart), fnmr_at_fmr(apart, 1e-3)) == (0, 1, 0)
    equal = det_curve([1.0, 1.0], [1.0, 1.0])
    assert (equal_error_rate(equal), area_under_roc(equal), fnmr_at_fmr(equal, 1e-3)) == (0.5, 0.5, 1.0)
    with pytest.raises(IncompatibleError, match="0 genuine and 1 impostor"):
        det_curve([], [1.0])


def test_mixed_types_keep_their_order() -> None:
    just_nearer = np.array([np.float64(np.float32(0.1)) - 1e-12])
    assert area_under_roc(det_curve(np.array([0.1], np.float32), just_nearer)) == 0


def test_negative_distances_rank_as_the_same_ones_moved_above_zero() -> None:
    rng = np.random.default_rng(10)
    distance = np.round(rng.normal(-3, 4, (40, 30)), 1).astype(np.float32)  # rounded: with ties
    genuine = rng.random((40, 30)) < 0.1
    low, high = ranked_matches(distance, genuine), ranked_matches(np.round(distance + 64, 1), genuine)
    np.testing.assert_array_equal(low.first_rank, high.first_rank)
    np.testing.assert_array_equal(low.average_precision, high.average_precision)


def test_open_set_agrees_with_loops() -> None:
    rng = np.random.default_rng(8)
    mated, nonmated = np.round(rng.normal(4, 1, 80), 1), np.round(rng.normal(5, 1, 50), 1)
    correct = rng.random(80) < 0.8
    curve = open_set_curve(mated, correct, nonmated)
    for fpir, fnir, threshold in zip(*curve, strict=True):
        assert fpir == pytest.approx(sum(d <= threshold for d in nonmated) / 50)
        found = sum(d <= threshold and c for d, c in zip(mated, correct, strict=True))
        assert fnir == pytest.approx(1 - found / 80)
    for target in (0.0, 0.01, 0.1, 1.0):
        allowed = [t for t in [-9.0, *mated, *nonmated] if np.mean(nonmated <= t) <= target]
        expected = max(np.mean((mated <= t) & correct) for t in allowed)
        assert dir_at_fpir(curve, target) == pytest.approx(expected)
    with pytest.raises(IncompatibleError, match="0 non-mated"):
        open_set_curve(mated, correct, [])


def test_drawing_points_keep_both_ends_and_the_small_rates() -> None:
    x = np.linspace(0, 1, 100001)
    y = 1 - x
    chosen = drawing_points(x, y, 400)
    assert len(chosen) <= 400
    assert (chosen[0], chosen[-1]) == (0, 100000)
    assert np.count_nonzero((x[chosen] > 0) & (x[chosen] < 1e-3)) > 20
    assert drawing_points(x[:5], y[:5]).tolist() == [0, 1, 2, 3, 4]
