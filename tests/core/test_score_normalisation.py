import numpy as np
import pytest

from gaitprint.core.distance import as_tensor, paired_distance, pairwise_distance
from gaitprint.core.errors import IncompatibleError
from gaitprint.core.score_normalisation import Strangers, unit_parts


def people(rng: np.random.Generator, walks: int = 40, parts: int = 2, size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    embeddings = rng.normal(0.5, 1, (walks, parts, size)).astype(np.float32)
    return embeddings, np.array([f"p{i % 10}" for i in range(walks)])


def test_mean_and_deviation_are_those_of_the_cosines_with_strangers() -> None:
    rng = np.random.default_rng(0)
    embeddings, subjects = people(rng)
    probes = rng.normal(size=(5, 2, 6)).astype(np.float32)
    annotated = Strangers.of(embeddings, subjects).annotate(probes)
    for probe, row in zip(probes, annotated, strict=True):
        for part in range(2):
            unit = probe[part] / np.linalg.norm(probe[part])
            cosines = np.array([unit @ e[part] / np.linalg.norm(e[part]) for e in embeddings])
            np.testing.assert_allclose(row[part], [*unit, cosines.mean(), cosines.std()], rtol=2e-5, atol=1e-6)


def test_everybody_has_the_same_weight() -> None:
    embeddings, subjects = people(np.random.default_rng(1))
    once = Strangers.of(embeddings, subjects)
    first = subjects == "p0"
    more = Strangers.of(np.concatenate([embeddings, embeddings[first]]), np.concatenate([subjects, subjects[first]]))
    np.testing.assert_allclose(once.mean, more.mean, atol=1e-6)
    np.testing.assert_allclose(once.covariance, more.covariance, atol=1e-6)


def test_distance_agrees_with_the_definition() -> None:
    rng = np.random.default_rng(2)
    strangers = Strangers.of(*people(rng))
    a, b = (strangers.annotate(rng.normal(size=(n, 2, 6)).astype(np.float32)) for n in (7, 4))
    expected = np.zeros((7, 4))
    for i, j in np.ndindex(7, 4):
        scores = []
        for x, y in zip(a[i].astype(np.float64), b[j].astype(np.float64), strict=True):
            cosine = x[:-2] @ y[:-2]
            scores.append(((cosine - x[-2]) / x[-1] + (cosine - y[-2]) / y[-1]) / 2)
        expected[i, j] = -np.mean(scores)
    np.testing.assert_allclose(pairwise_distance(a, b, "normalised-cosine"), expected, rtol=1e-4, atol=1e-5)
    rows, columns = np.indices((7, 4)).reshape(2, -1)
    pairs = paired_distance(
        as_tensor(a), as_tensor(rows).long(), as_tensor(b), as_tensor(columns).long(), "normalised-cosine"
    )
    np.testing.assert_allclose(pairs.numpy().reshape(7, 4), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(pairwise_distance(b, a, "normalised-cosine").T, expected, rtol=1e-4, atol=1e-5)


def test_one_person_is_no_crowd() -> None:
    with pytest.raises(IncompatibleError, match="walks of 1 people"):
        Strangers.of(np.ones((3, 1, 2), np.float32), np.array(["a", "a", "a"]))


def test_a_zero_vector_stays_zero() -> None:
    assert unit_parts(np.zeros((1, 1, 3), np.float32)).tolist() == [[[0, 0, 0]]]
