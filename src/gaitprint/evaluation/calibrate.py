"""Calibrating a model on walks of people whom it never saw."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import as_tensor, paired_distance
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import UsageError
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.evaluate import EvaluationMetric, arithmetic_of

# What is one recording: walks of one condition; or passages of one video, numbered behind its name.
Recordings = Literal["conditions", "videos"]

# Pairs of two people that are drawn where there are more of them.
MOST_IMPOSTORS = 2_000_000


def calibrate(
    embeddings: EmbeddingSet,
    metric: EvaluationMetric,
    *,
    recordings: Recordings = "conditions",
    source: str = "",
    seed: int = 0,
) -> Calibration:
    """Fit probabilities and thresholds to walks that are labelled.

    Two walks of one recording (from two cameras, or two passages of one video) are no pair: nobody is enrolled and
    sought by the same walk, and what they share besides the person would make the model look better than it is.

    Args:
        embeddings: of people whom the model never saw.
        metric: the model's; of those that a gallery can use.
        recordings: which walks are of one.
        source: what the walks are, for people to read.
        seed: of the draw of pairs of two people.

    Raises:
        UsageError: distances on the scale of a set, which no threshold can hold for.
        IncompatibleError: as `Calibration.fit`.
    """
    if metric == "standardised-euclidean":
        raise UsageError("distances on the scale of all walks at hand cannot be calibrated")
    import torch

    genuine, impostors = pairs_to_calibrate(embeddings, recordings, seed)
    vectors = as_tensor(embeddings.embeddings)

    def distances(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float32]:
        places = torch.from_numpy(one), torch.from_numpy(other)
        return paired_distance(vectors, places[0], vectors, places[1], arithmetic_of(metric)).numpy()

    return Calibration.fit(distances(*genuine), distances(*impostors), source)


def pairs_to_calibrate(
    embeddings: EmbeddingSet, recordings: Recordings, seed: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """All pairs of one person's walks of two recordings, and all pairs of two people, or `MOST_IMPOSTORS` drawn ones.

    Returns:
        for either kind int64 [K] and [K], the places of the two walks.
    """
    _, person = np.unique(embeddings.subjects, return_inverse=True)
    _, recording = np.unique([_recording(name, recordings) for name in embeddings.conditions], return_inverse=True)
    order = np.argsort(person, kind="stable")
    starts = np.searchsorted(person[order], np.arange(person.max(initial=-1) + 2))
    genuine = [np.zeros((2, 0), np.int64)]
    for start, stop in pairwise(starts):  # a person at a time: all pairs at once are too many
        walks = order[start:stop]
        one, other = np.triu_indices(len(walks), 1)
        apart = recording[walks[one]] != recording[walks[other]]
        genuine.append(np.stack([walks[one[apart]], walks[other[apart]]]))
    one, other = np.concatenate(genuine, axis=1)
    return (one, other), _impostors(person, seed)


def _impostors(person: NDArray[np.int64], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    count = len(person)
    if count * (count - 1) // 2 <= MOST_IMPOSTORS:
        one, other = np.triu_indices(count, 1)
    else:
        rng = np.random.default_rng(seed)
        one, other = rng.integers(count, size=(2, MOST_IMPOSTORS))
    two_people = person[one] != person[other]
    return one[two_people], other[two_people]


def _recording(condition: str, recordings: Recordings) -> str:
    return condition if recordings == "conditions" else condition.rpartition("-")[0] or condition
