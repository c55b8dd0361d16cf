"""A linear support vector machine on embeddings."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.linear_svm import linear_svm


def walks(rng: np.random.Generator, people: int, each: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """One dimension tells people apart, twenty louder ones do not."""
    subject = np.repeat(np.arange(people), each)
    telling = np.eye(people)[subject] + rng.normal(0, 0.05, (len(subject), people))
    loud = rng.normal(0, 3, (len(subject), 20))
    return np.concatenate([telling, loud], axis=1)[:, None].astype(np.float32), subject


def test_finds_the_dimensions_that_matter_where_the_nearest_neighbour_does_not() -> None:
    rng = np.random.default_rng(0)
    gallery, subject = walks(rng, 4, 60)
    probes, truth = walks(rng, 4, 10)
    nearest = subject[np.linalg.norm(probes - gallery[:, 0][None], axis=-1).argmin(axis=1)]
    assert (nearest == truth).mean() < 0.6
    assert (linear_svm(gallery, subject, probes, "euclidean") == truth).mean() > 0.9


def test_the_length_of_vectors_compared_by_cosine_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    gallery, subject = walks(rng, 3, 8)
    probes, _ = walks(rng, 3, 5)
    scaled = probes * rng.uniform(0.1, 10, (len(probes), 1, 1)).astype(np.float32)
    for metric in ("cosine", "normalised-cosine"):
        expected = linear_svm(gallery, subject, probes, metric)
        np.testing.assert_array_equal(linear_svm(gallery, subject, scaled, metric), expected)


def test_one_person_is_no_gallery() -> None:
    vectors = np.ones((3, 1, 4), np.float32)
    with pytest.raises(IncompatibleError, match="at least two people"):
        linear_svm(vectors, np.zeros(3, np.int64), vectors, "euclidean")


def test_evaluation_gives_it_by_condition() -> None:
    rng = np.random.default_rng(2)
    conditions = [f"nm-0{n}" for n in range(1, 7)] + ["bg-01", "bg-02"]
    embeddings, _ = walks(rng, 5, len(conditions))
    walk = 5 * conditions
    people = np.repeat([f"{n:03d}" for n in range(5)], len(conditions))
    # Of the walks with a bag, one of each person's two shows somebody else.
    for person in range(5):
        embeddings[person * 8 + 6] = embeddings[((person + 1) % 5) * 8]
    labelled = EmbeddingSet(embeddings, people, np.array(walk), np.full(len(walk), "090"))
    result = evaluate_embeddings(labelled, "casia-b-pooled", svm=True)
    found = {condition.name: condition.svm_accuracy for condition in result.conditions}
    assert found["NM"] is not None
    assert found["NM"] > found["BG"]
    assert found["BG"] is not None
    assert found["BG"] <= 0.5
    assert result.to_json()["svm_accuracy"] == pytest.approx(np.mean(list(found.values())))
    assert evaluate_embeddings(labelled, "casia-b-pooled").svm_accuracy is None
