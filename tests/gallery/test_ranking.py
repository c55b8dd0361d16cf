"""The bound of the screen, the ranking on it, and the open-set decision, against brute force."""

import numpy as np
import pytest

from gaitprint.core.distance import pairwise_distance
from gaitprint.core.errors import IncompatibleError, InvalidSequenceError, UsageError
from gaitprint.evaluation.calibration import Calibration
from gaitprint.gallery import index
from gaitprint.gallery.decision import combinations, limit_at, log_likelihood_ratio
from gaitprint.gallery.index import Screen, ScreenScores, Segment
from gaitprint.gallery.ranking import ProbeScores, nearest_people, search_vectors, whole_search_vectors
from gaitprint.gallery.template import ModelKey, Template, check_name

METRICS = ("cosine", "euclidean", "normalised-cosine")


def vectors_of(metric: str, count: int, parts: int, seed: int, size: int = 24) -> np.ndarray:
    """Vectors of very different lengths, around a few centres."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(7, parts, size))[rng.integers(7, size=count)] + 0.3 * rng.normal(
        size=(count, parts, size)
    )
    values *= rng.uniform(0.1, 20, size=(count, 1, 1))
    if metric == "normalised-cosine":
        values /= np.linalg.norm(values, axis=2, keepdims=True)
        values = np.concatenate(
            [values, rng.normal(size=(count, parts, 1)), rng.uniform(0.05, 1, (count, parts, 1))], 2
        )
    return values.astype(np.float32)


class Everything:
    """Templates in a screen beside their vectors; person of row n is n // 3."""

    def __init__(self, scores: ScreenScores, vectors: np.ndarray) -> None:
        self.scores = scores
        self.vectors = vectors
        self.loaded = 0

    def best(self, count: int) -> list:
        return self.scores.best(count).tolist()

    def at_least(self, score: float) -> list:
        return self.scores.at_least(score).tolist()

    def load(self, templates: list) -> tuple:
        self.loaded += len(templates)
        return [f"{number // 3:05d}" for number in templates], self.vectors[templates]


@pytest.mark.parametrize("integers", [True, False])
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("metric", METRICS)
def test_ranking_is_that_of_all_distances(metric, parts, integers, monkeypatch) -> None:
    if not integers:
        monkeypatch.setattr(index, "_LONGEST_FOR_INTEGERS", 0)
    vectors, probes = vectors_of(metric, 900, parts, 0), vectors_of(metric, 20, parts, 1)
    key = ModelKey("m", "", metric, *vectors.shape[1:])
    searched, offset = search_vectors(key, vectors)
    screen = Screen(searched.shape[1])
    for start in range(0, 900, 300):
        rows = slice(start, start + 300)
        screen.add(Segment.of(np.arange(start, start + 300), searched[rows], offset[rows]))
    whole = whole_search_vectors(key, vectors).astype(np.float64)
    compared = 0
    for probe, distances in zip(probes, pairwise_distance(probes, vectors, metric), strict=True):
        scores = ProbeScores.of(key, probe)
        screened = screen.score(scores)
        # The stated error holds for every single score.
        true = whole @ scores.whole_vector.astype(np.float64)
        error = screen.error(np.arange(900), screened._size, screened._lost)
        assert (np.abs(screened._scores - true) <= error).all()
        assert error.max() <= screen.largest_error(screened._size, screened._lost) * (1 + 1e-6)
        everything = Everything(screened, vectors)
        found = nearest_people(probe, scores, everything, 6)
        of_person = distances.reshape(300, 3).min(axis=1)
        expected = np.argsort(of_person, kind="stable")[:6]
        np.testing.assert_allclose([entry.distance for entry in found], of_person[expected], rtol=2e-5, atol=2e-5)
        assert [int(entry.person_id) for entry in found] == expected.tolist()
        compared += everything.loaded
    if parts == 1:
        assert compared < 0.5 * 20 * 900  # the screen spares most of the comparisons


def test_a_person_with_very_many_templates_hides_nobody() -> None:
    rng = np.random.default_rng(0)
    vectors = np.concatenate([np.ones((2997, 1, 8)) + 0.01 * rng.normal(size=(2997, 1, 8)), rng.normal(size=(3, 1, 8))])
    vectors = vectors.astype(np.float32)
    key = ModelKey("m", "", "cosine", 1, 8)
    screen = Screen(8)
    screen.add(Segment.of(np.arange(3000), *search_vectors(key, vectors)))
    scores = ProbeScores.of(key, np.ones((1, 8), np.float32))

    class Crowd(Everything):
        def load(self, templates: list) -> tuple:
            return [str(max(0, number - 2996)) for number in templates], self.vectors[templates]

    found = nearest_people(np.ones((1, 8), np.float32), scores, Crowd(screen.score(scores), vectors), 4)
    assert {entry.person_id for entry in found} == {"0", "1", "2", "3"}


def test_templates_leave_a_screen_and_come_back_from_its_file(tmp_path) -> None:
    key = ModelKey("m", "", "euclidean", 1, 24)
    vectors = vectors_of("euclidean", 100, 1, 0)
    screen = Screen(24)
    for start in (0, 50):
        rows = slice(start, start + 50)
        screen.add(Segment.of(np.arange(start, start + 50), *search_vectors(key, vectors[rows])))
    kept = np.setdiff1d(np.arange(100), [0, 17, 99])
    screen.keep(kept)
    assert len(screen) == 97
    screen.save(tmp_path / "screen.bin", {"epoch": 3})
    assert Screen.load(tmp_path / "screen.bin", {"epoch": 4}) is None
    again = Screen.load(tmp_path / "screen.bin", {"epoch": 3})
    scores = ProbeScores.of(key, vectors[17])
    np.testing.assert_array_equal(again.score(scores).best(97), screen.score(scores).best(97))
    assert set(again.score(scores).best(200).tolist()) == set(kept.tolist())
    assert screen.last_number == again.last_number == 98


CURVE = Calibration(slope=-8.0, intercept=4.0, genuine=99, impostors=9999, fmr_thresholds=((1e-3, 0.1), (0.1, 0.3)))


def test_limits() -> None:
    one = limit_at([("a", CURVE)], 0.1, 10)
    assert one.distance == CURVE.threshold(0.01)
    assert one.score == pytest.approx(log_likelihood_ratio(CURVE, one.distance))
    assert limit_at([("a", CURVE), ("b", CURVE)], 0.1, 10).score == pytest.approx(np.log(100))
    with pytest.raises(UsageError, match=r"0\.01 divided by 11 templates searched: .*the smallest is 0\.001"):
        limit_at([("a", CURVE)], 0.01, 11)
    with pytest.raises(UsageError, match="below 1e-06"):
        limit_at([("a", CURVE), ("b", CURVE)], 1e-3, 10_000)
    with pytest.raises(UsageError, match="b is not calibrated"):
        limit_at([("a", CURVE), ("b", None)], 0.1, 1)
    with pytest.raises(UsageError, match="must be above 0"):
        limit_at([("a", CURVE)], 0.0, 1)


def test_strangers_are_taken_for_somebody_no_more_often_than_asked() -> None:
    """Distances are drawn as the calibration saw them, of 20 templates to each stranger."""
    rng = np.random.default_rng(0)
    impostor, genuine = rng.normal(1.0, 0.15, 40_000), rng.normal(0.4, 0.15, 2000)
    curve = Calibration.fit(genuine, impostor)
    limit = limit_at([("a", curve)], 0.05, 20)
    nearest = rng.normal(1.0, 0.15, (20_000, 20)).min(axis=1)
    assert 0.02 < (nearest <= limit.distance).mean() <= 0.055
    both = limit_at([("a", curve), ("b", curve)], 0.05, 20).score
    scores = sum(curve.slope * rng.normal(1.0, 0.15, (20_000, 20)) + curve.intercept for _ in range(2))
    assert (scores.max(axis=1) >= both).mean() <= 0.05


@pytest.mark.parametrize("rate", [0.001, 0.02, 0.3])
def test_the_mean_of_several_walks_is_below_the_limit_no_more_often_than_asked(rate) -> None:
    """However the distances of one stranger's walks depend on each other, the worst way that there is included."""
    rng = np.random.default_rng(0)
    impostor = rng.normal(1.0, 0.15, 200_000)
    curve = Calibration.fit(rng.normal(0.4, 0.15, 2000), impostor)
    limit = limit_at([("a", curve)], rate, 1, walks=4)
    assert limit.nearest_counted == curve.threshold(1e-4)
    assert limit.nearest_counted <= limit.distance <= curve.threshold(rate)
    strangers = round(min(200_000, 6_000 / rate))
    slack = 4 * np.sqrt(rate / strangers) + 0.02 * rate  # of sampling, here and in the calibration

    def accepted(distances: np.ndarray) -> float:
        near = distances[distances.mean(axis=1) <= limit.distance]  # nobody else is
        return sum(limit.accepts(None, each) for each in near) / len(distances)

    pair, walk = rng.normal(size=(strangers, 1)), rng.normal(size=(strangers, 4))
    shares = []
    for correlation in (0.0, 0.5, 0.9, 1.0):
        mixed = np.sqrt(correlation) * pair + np.sqrt(1 - correlation) * walk
        shares.append(accepted(1.0 + 0.15 * mixed))
        assert shares[-1] <= rate + slack
    assert shares == sorted(shares)
    # The nearest walks of a share `rate` of strangers, dealt out again and again until their sums are alike.
    worst = np.sort(impostor)[: round(rate * len(impostor))]
    worst = worst[:: max(1, len(worst) // 6000)]
    dealt = np.stack([rng.permutation(worst) for _ in range(4)], axis=1)
    for _ in range(30):
        for column in range(4):
            rest = dealt.sum(axis=1) - dealt[:, column]
            dealt[np.argsort(rest), column] = np.sort(dealt[:, column])[::-1]
    share = np.mean([limit.accepts(None, each) for each in dealt]) * rate
    assert share <= rate + slack


def test_likelihood_ratios_of_walks_that_depend_on_each_other() -> None:
    """Ratios whose mean over strangers is 1: two models, three walks each, and people with two templates."""
    rng = np.random.default_rng(0)
    strangers, people, rate = 40_000, 5, 0.05
    curve = Calibration(
        slope=-1.0, intercept=0.0, genuine=99, impostors=9999, fmr_thresholds=((1e-4, -9.0), (0.5, 0.5))
    )
    limit = limit_at([("a", curve), ("b", curve)], rate, people * 2 * 2)
    for correlation in (0.0, 0.7, 1.0):
        score = np.zeros((strangers, people))
        for _ in range(2):
            pair = rng.normal(size=(strangers, people, 2, 1))  # of each template
            walk = rng.normal(size=(strangers, people, 2, 3))
            normal = np.sqrt(correlation) * pair + np.sqrt(1 - correlation) * walk
            score += (1.5 * normal - 1.5**2 / 2).max(axis=2).mean(axis=2)  # nearest template, mean of walks
        assert (score.max(axis=1) >= limit.score).mean() <= rate


def test_limit_of_several_walks_by_hand() -> None:
    limit = limit_at([("a", CURVE)], 0.1, 1, walks=2)
    assert limit.nearest_counted == 0.1
    assert limit.distance == pytest.approx(0.1 + 0.099 * (0.3 - 0.1) / 2 / 0.1)
    assert limit.accepts(None, [0.0, 2 * limit.distance - 0.1001])
    assert not limit.accepts(None, [0.0, 2 * limit.distance - 0.0999])
    least = limit_at([("a", CURVE)], 1e-3, 1, walks=3)
    assert (least.distance, least.nearest_counted) == (0.1, 0.1)
    assert least.accepts(None, [0.1, -2.0, 0.1])
    assert not least.accepts(None, [0.1, -2.0, 0.1001])


def test_combinations_against_a_loop() -> None:
    counts = [{"a": 2, "b": 1}, {"a": 3, "c": 5}]
    by_hand = sum(1 for _ in range(2) for _ in range(3)) + 1 + 5
    assert combinations(counts) == by_hand


def test_templates_and_names_are_checked() -> None:
    key = ModelKey("m", "", "cosine", 1, 2)
    fine = {"person": "A", "model": key, "modality": "joints", "vector": np.ones((1, 2)), "walk": "w", "condition": "c"}
    Template(**fine, view="v")
    for change in (
        {"vector": np.ones((2, 1))},
        {"vector": np.array([[1, np.nan]])},
        {"quality": 1.5},
        {"template_id": "../x"},
        {"walk": "a\nb"},
    ):
        with pytest.raises(InvalidSequenceError):
            Template(**{**fine, **change}, view="v")
    with pytest.raises(IncompatibleError, match="on the scale of all walks"):
        ModelKey("anthropometry", "", "standardised-euclidean", 1, 2)
    assert check_name("A" * 200)
    with pytest.raises(UsageError, match="has 10000 characters"):
        check_name("x" * 10_000)
