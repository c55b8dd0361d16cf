import json

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.evaluation.calibration import CALIBRATION_FILE, Calibration, expected_calibration_error


def _pairs(genuine: int, impostors: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Distances whose log odds are linear in the distance: slope -5, intercept 7.5."""
    rng = np.random.default_rng(seed)
    return rng.normal(1.0, np.sqrt(0.2), genuine), rng.normal(2.0, np.sqrt(0.2), impostors)


def test_finds_the_curve_that_two_normal_distributions_have() -> None:
    """Equal variances v: log odds are (m_g - m_i) / v * d + (m_i^2 - m_g^2) / 2v, whatever the numbers of pairs."""
    calibration = Calibration.fit(*_pairs(100_000, 300_000))
    assert calibration.slope == pytest.approx(-5.0, rel=0.02)
    assert calibration.intercept == pytest.approx(7.5, rel=0.02)
    assert (calibration.genuine, calibration.impostors) == (100_000, 300_000)


@pytest.mark.parametrize(("genuine", "impostors"), [(2, 2), (5, 40), (300, 20)])
def test_agrees_with_a_brute_force_fit(genuine: int, impostors: int) -> None:
    same, other = _pairs(genuine, impostors)
    calibration = Calibration.fit(same, other)

    def loss(parameters: np.ndarray) -> float:
        slope, intercept = parameters
        total = 0.0
        for distances, believed in ((same, (genuine + 1) / (genuine + 2)), (other, 1 / (impostors + 2))):
            for distance in distances:
                probability = 1 / (1 + np.exp(-slope * distance - intercept))
                cost = believed * np.log(probability) + (1 - believed) * np.log(1 - probability)
                total -= cost / len(distances)
        return total

    best = minimize(loss, [-1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14, "maxiter": 4000})
    np.testing.assert_allclose([calibration.slope, calibration.intercept], best.x, rtol=1e-4)


def test_with_many_pairs_it_is_balanced_logistic_regression() -> None:
    same, other = _pairs(4_000, 50_000)
    calibration = Calibration.fit(same, other)
    plain = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-8)
    plain.fit(np.concatenate([same, other])[:, None], np.repeat([1, 0], [len(same), len(other)]))
    assert calibration.slope == pytest.approx(plain.coef_[0, 0], rel=0.01)
    assert calibration.intercept == pytest.approx(plain.intercept_[0], rel=0.01)


def test_pairs_without_overlap_give_a_curve_of_finite_steepness() -> None:
    calibration = Calibration.fit(np.full(50, 0.1), np.full(1000, 0.9))
    # Platt's targets are met: 51 of 52 and 1 of 1002.
    assert calibration.probability(0.1) == pytest.approx(51 / 52, rel=1e-4)
    assert calibration.probability(0.9) == pytest.approx(1 / 1002, rel=1e-4)


def test_probability_follows_bayes_for_any_prior() -> None:
    calibration = Calibration.fit(*_pairs(100, 100))
    for distance in (-1e4, 0.3, 1.5, 2.0, 1e4):
        even = calibration.probability(distance)
        for prior in (0.001, 0.5, 0.9):
            expected = even * prior / (even * prior + (1 - even) * (1 - prior))
            assert calibration.probability(distance, prior) == pytest.approx(expected, rel=1e-9)
    many = calibration.probability(np.array([[0.3, 1.5]], np.float32), 0.2)
    assert many.shape == (1, 2)
    assert many[0, 1] == pytest.approx(calibration.probability(1.5, 0.2))
    for prior in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(UsageError, match=r"prior .* must be above 0 and below 1"):
            calibration.probability(1.0, prior)


def test_probabilities_of_pairs_that_were_not_fitted_are_right() -> None:
    calibration = Calibration.fit(*_pairs(2_000, 20_000))
    same, other = (calibration.probability(distances) for distances in _pairs(20_000, 20_000, seed=1))
    assert expected_calibration_error(same, other) < 0.01
    assert expected_calibration_error(np.sqrt(same), np.sqrt(other)) > 0.05


def test_calibration_error_is_what_a_loop_gives() -> None:
    rng = np.random.default_rng(0)
    same, other = rng.random(40) ** 0.5, rng.random(90) ** 2
    total = 0.0
    for edge in range(10):
        inside = [[p for p in side if edge / 10 <= p < (edge + 1) / 10] for side in (same, other)]
        weight = [0.5 * len(inside[0]) / len(same), 0.5 * len(inside[1]) / len(other)]
        if sum(weight):
            stated = sum(w * np.mean(side) for w, side in zip(weight, inside, strict=True) if side) / sum(weight)
            total += sum(weight) * abs(stated - weight[0] / sum(weight))
    assert expected_calibration_error(same, other, bins=10) == pytest.approx(total, abs=1e-12)
    for genuine, impostor, fault in (([], [0.5], "0 genuine"), ([0.5], [1.5], "outside 0..1")):
        with pytest.raises(IncompatibleError, match=fault):
            expected_calibration_error(genuine, impostor)


@pytest.mark.parametrize("impostors", [2, 37, 1000, 30_000])
@pytest.mark.parametrize("ties", [False, True])
def test_thresholds_let_no_larger_share_of_impostors_pass(impostors: int, ties: bool) -> None:
    same, other = _pairs(50, impostors)
    if ties:
        other = other.round(1)
    calibration = Calibration.fit(same, other)
    smallest = calibration.fmr_thresholds[0][0]
    assert smallest >= 1 / impostors
    assert smallest <= max(1.0001e-4, 2 / impostors)  # as fine as the pairs can show
    for rate, threshold in calibration.fmr_thresholds:
        assert calibration.threshold(rate) == threshold
        assert np.mean(other <= threshold) <= rate
        next_larger = other[other > threshold].min()
        assert np.mean(other <= next_larger) > rate
        if impostors == 30_000 and not ties:
            assert threshold == pytest.approx(np.quantile(other, rate), abs=0.02)
    with pytest.raises(UsageError, match=f"impostor pairs can show; the smallest is {smallest:g}$"):
        calibration.threshold(smallest / 2)
    with pytest.raises(UsageError, match="not within"):
        calibration.threshold(0.6)


def test_between_two_kept_rates_the_threshold_is_between_theirs() -> None:
    calibration = Calibration.fit(*_pairs(50, 30_000))
    low, middle, high = (calibration.threshold(rate) for rate in (0.002, 0.0025, 0.003))
    assert low < middle < high
    assert np.mean(_pairs(50, 30_000)[1] <= middle) == pytest.approx(0.0025, rel=0.05)


@pytest.mark.parametrize(
    ("genuine", "impostor", "fault"),
    [
        ([0.1], [0.5, 0.6], "1 genuine and 2 impostor pairs; need at least 2"),
        ([0.1, 0.2], [], "2 genuine and 0 impostor"),
        ([0.1, np.nan], [0.5, 0.6], "NaN or infinity"),
        ([0.5, 0.6], [0.1, 0.2], "not nearer than walks of two"),
        ([0.5, 0.5], [0.5, 0.5], "not nearer than walks of two"),
    ],
)
def test_refuses_distances_that_say_nothing(genuine: list[float], impostor: list[float], fault: str) -> None:
    with pytest.raises(IncompatibleError, match=fault):
        Calibration.fit(genuine, impostor)


def test_comes_back_from_its_file(tmp_path) -> None:
    assert Calibration.load(tmp_path) is None
    calibration = Calibration.fit(*_pairs(30, 500), source="500 pairs")
    calibration.save(tmp_path)
    assert Calibration.load(tmp_path) == calibration
    assert [path.name for path in tmp_path.iterdir()] == [CALIBRATION_FILE]


@pytest.mark.parametrize(
    "change",
    [
        {"slope": 1.0},
        {"slope": "steep"},
        {"unknown": 1},
        {"fmr_thresholds": [[0.1, 2.0], [0.05, 3.0]]},
        {"fmr_thresholds": [[0.1, 2.0], [0.2, 1.0]]},
        {"fmr_thresholds": [[0.1]]},
        None,
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, change) -> None:
    Calibration.fit(*_pairs(30, 500)).save(tmp_path)
    path = tmp_path / CALIBRATION_FILE
    text = path.read_text()
    path.write_text(text[:-20] if change is None else json.dumps(json.loads(text) | change))
    with pytest.raises(UnreadableFileError, match=r"calibration\.json: not a calibration") as caught:
        Calibration.load(tmp_path)
    assert "\n" not in str(caught.value)
