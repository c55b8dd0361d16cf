from collections.abc import Iterable

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.matching import Matcher, similarity_of


class Lookup:
    """An embedder whose embeddings are written in the walks: the joints of the first frame, in two parts."""

    name = "lookup"

    def __init__(self, distance: str = "euclidean", calibration: Calibration | None = None) -> None:
        self.distance = distance
        self.calibration = calibration
        self.passes = 0

    def embed(self, sequences: Iterable[GaitSequence]) -> np.ndarray:
        self.passes += 1
        return np.stack([walk.joints[0].reshape(2, -1) for walk in sequences])


def _walk(subject: str, number: int, values: np.ndarray) -> GaitSequence:
    joints = values.reshape(1, 20, 3).astype(np.float32)
    return GaitSequence(subject, f"walk-{number}", "front", 30.0, joints=joints, skeleton="kinect-v1-20")


def _walks(people: int, each: int, spread: float = 0.5, seed: int = 0) -> list[GaitSequence]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 60))
    return [
        _walk(f"p{person}", number, centres[person] + spread * rng.normal(size=60))
        for person in range(people)
        for number in range(each)
    ]


def _set_of(walks: list[GaitSequence]) -> EmbeddingSet:
    labels = zip(*((walk.subject, walk.condition, walk.view) for walk in walks), strict=True)
    return EmbeddingSet(Lookup().embed(walks), *map(np.array, labels))


def _by_hand(first: GaitSequence, second: GaitSequence, metric: str) -> float:
    a, b = (walk.joints[0].reshape(2, 30).astype(np.float64) for walk in (first, second))
    return float(np.mean([cdist(a[[part]], b[[part]], metric)[0, 0] for part in (0, 1)]))


CURVE = Calibration(slope=-2.0, intercept=3.0, genuine=9, impostors=9, fmr_thresholds=((0.1, 1.0),))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_two_walks_are_compared_as_by_hand(metric: str) -> None:
    first, second = _walks(2, 1)
    matcher = Matcher(Lookup(metric, CURVE))
    expected = _by_hand(first, second, metric)
    assert matcher.distance(first, second) == pytest.approx(expected, rel=1e-5)
    assert matcher.distance(second, first) == pytest.approx(expected, rel=1e-5)
    result = matcher.compare(first, second)
    assert result.distance == pytest.approx(expected, rel=1e-5)
    alike = 1 - expected if metric == "cosine" else 1 / (1 + expected)
    assert result.similarity == matcher.similarity(first, second) == pytest.approx(alike, rel=1e-4)
    assert result.probability == pytest.approx(1 / (1 + np.exp(2 * expected - 3)), rel=1e-4)
    assert Matcher(Lookup(metric)).compare(first, second).probability is None


def test_similarity_grows_as_distance_falls() -> None:
    for metric in ("euclidean", "cosine", "normalised-cosine", "standardised-euclidean"):
        values = similarity_of(np.linspace(0, 2, 9, dtype=np.float32), metric)
        assert values.dtype == np.float32
        assert (np.diff(values) < 0).all()
    assert similarity_of(-4.5, "normalised-cosine") == 4.5  # deviations above strangers


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_a_matrix_takes_one_pass_and_holds_every_pair(metric: str) -> None:
    walks = _walks(3, 2)
    model = Lookup(metric)
    matrix = Matcher(model).similarity_matrix(walks)
    assert (model.passes, matrix.dtype, matrix.shape) == (1, np.float32, (6, 6))
    for row, first in enumerate(walks):
        for column, second in enumerate(walks):
            expected = similarity_of(_by_hand(first, second, metric), metric)
            assert matrix[row, column] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_people_are_ranked_by_their_nearest_walk(metric: str) -> None:
    *gallery, probe = _walks(6, 4, spread=1.5)
    nearest: dict[str, tuple[float, str]] = {}
    for walk in gallery:
        found = (_by_hand(probe, walk, metric), walk.id)
        nearest[walk.subject] = min(found, nearest.get(walk.subject, found))
    expected = sorted((distance, subject, walk) for subject, (distance, walk) in nearest.items())
    matcher = Matcher(Lookup(metric, CURVE))
    for known in (gallery, _set_of(gallery)):
        candidates = matcher.identify(probe, known, top_k=4)
        assert [(c.subject, c.nearest_walk) for c in candidates] == [entry[1:] for entry in expected[:4]]
        for candidate, (distance, *_) in zip(candidates, expected, strict=False):
            assert candidate.distance == pytest.approx(distance, rel=1e-4)
            assert candidate.similarity == pytest.approx(similarity_of(distance, metric), abs=1e-4)
            assert candidate.probability == pytest.approx(CURVE.probability(distance), rel=1e-3)
    assert len(matcher.identify(probe, gallery, top_k=100)) == 6
    assert Matcher(Lookup(metric)).identify(probe, gallery)[0].probability is None


def test_standardised_distances_are_those_of_an_evaluation() -> None:
    """One probe among the first walks of everybody: the evaluation's nearest entries, in its order and distance."""
    gallery, probe = _walks(8, 1, spread=1.0), _walks(8, 2, spread=1.0)[3]
    matcher = Matcher(Lookup("standardised-euclidean"))
    found = matcher.identify(probe, gallery)
    everything = _set_of([*gallery, probe])
    (match,) = evaluate_embeddings(everything, "first-walk", metric="standardised-euclidean").matches
    assert [candidate.nearest_walk for candidate in found] == [everything.ids[place] for place in match.gallery]
    np.testing.assert_allclose([candidate.distance for candidate in found], match.distances, rtol=1e-4)

    matrix = matcher.similarity_matrix(gallery)
    values = np.stack([walk.joints[0].reshape(60) for walk in gallery]).astype(np.float64)
    values = (values / values.std(axis=0)).reshape(8, 2, 30)
    distances = np.mean([cdist(values[:, part], values[:, part]) for part in (0, 1)], axis=0)
    np.testing.assert_allclose(matrix, 1 / (1 + distances), atol=1e-5)


def test_standardised_distances_need_a_set() -> None:
    first, second = _walks(2, 1)
    matcher = Matcher(Lookup("standardised-euclidean", CURVE))
    for attempt in (
        lambda: matcher.compare(first, second),
        lambda: matcher.similarity(first, second),
        lambda: matcher.similarity_matrix([first, second]),
        lambda: matcher.identify(first, [second]),
    ):
        with pytest.raises(IncompatibleError, match="'lookup' compares walks on the scale of at least 3 of them, here"):
            attempt()


def test_a_walk_is_verified_against_the_threshold() -> None:
    probe, walk = (_walk("p", number, np.full(60, value)) for number, value in ((1, 0.0), (2, 0.1)))
    distance = _by_hand(probe, walk, "euclidean")
    for threshold, accepted in ((distance + 1e-3, True), (distance - 1e-3, False)):
        curve = Calibration(slope=-2.0, intercept=3.0, genuine=9, impostors=99, fmr_thresholds=((0.01, threshold),))
        result = Matcher(Lookup(calibration=curve)).verify(probe, [walk])
        assert (result.accepted, result.threshold) == (accepted, threshold)
        assert result.distance == pytest.approx(distance, rel=1e-5)
        assert result.probability == pytest.approx(curve.probability(distance), rel=1e-5)


@pytest.mark.parametrize("claimed", [1, 5])
def test_no_more_strangers_are_accepted_than_asked_for(claimed: int) -> None:
    """However many walks of the claimed person there are to come near to."""
    walks = _walks(40, 6)
    model = Lookup("cosine")
    known = _set_of(walks)
    distances = 1 - Matcher(model).similarity_matrix(walks)
    same = known.subjects[:, None] == known.subjects
    upper = np.triu(np.ones_like(same), 1).astype(bool)
    model.calibration = Calibration.fit(distances[same & upper], distances[~same & upper])
    matcher = Matcher(model)
    entries = {f"p{person}": known.select(np.arange(person * 6, person * 6 + claimed)) for person in range(40)}
    answers: dict[bool, list[bool]] = {True: [], False: []}
    for probe in walks[5::6]:
        for subject, entry in entries.items():
            answers[subject == probe.subject].append(matcher.verify(probe, entry, fmr=0.05).accepted)
    assert np.mean(answers[False]) <= 0.055
    assert np.mean(answers[True]) > 0.9


def test_refuses_in_one_line() -> None:
    walk, other = _walks(2, 1)
    matcher = Matcher(Lookup(calibration=CURVE))
    with pytest.raises(UsageError, match="'lookup' is not calibrated"):
        Matcher(Lookup()).verify(walk, [other])
    with pytest.raises(UsageError, match=r"the smallest is 0\.1"):
        matcher.verify(walk, [other], fmr=0.05)
    with pytest.raises(UsageError, match=r"false match rate 0\.1 divided by 2 claimed walks: .* the smallest is 0\.1"):
        matcher.verify(walk, [other, other], fmr=0.1)
    with pytest.raises(IncompatibleError, match="no walk of the claimed person"):
        matcher.verify(walk, [])
    with pytest.raises(IncompatibleError, match="p0/walk-0/front: the gallery is empty"):
        matcher.identify(walk, [])
    with pytest.raises(UsageError, match="top_k is 0"):
        matcher.identify(walk, [other], top_k=0)
    another = EmbeddingSet(np.zeros((3, 1, 7), np.float32), *(np.array(["a", "b", "c"]) for _ in range(3)))
    for metric in ("euclidean", "standardised-euclidean"):
        with pytest.raises(IncompatibleError, match=r"\(1, 2, 30\), gallery \(3, 1, 7\)"):
            Matcher(Lookup(metric)).identify(walk, another)
