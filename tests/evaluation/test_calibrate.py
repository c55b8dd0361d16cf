from itertools import combinations

import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.evaluation import calibrate as module
from gaitprint.evaluation.calibrate import calibrate, pairs_to_calibrate


def _walks(people: int = 6, recordings: int = 3, passages: int = 2) -> EmbeddingSet:
    """Embeddings that scatter around a place of each person, passages of videos `a`, `b`, ..."""
    rng = np.random.default_rng(4)
    labels = [
        (f"p{person}", f"{'abc'[recording]}-{passage:02d}", "000")
        for person in range(people)
        for recording in range(recordings)
        for passage in range(passages)
    ]
    centres = np.repeat(rng.normal(size=(people, 2, 8)), recordings * passages, axis=0)
    values = (centres + 0.3 * rng.normal(size=centres.shape)).astype(np.float32)
    order = rng.permutation(len(labels))
    subjects, conditions, views = (np.array([labels[place][field] for place in order], np.str_) for field in range(3))
    return EmbeddingSet(values[order], subjects, conditions, views)


@pytest.mark.parametrize("recordings", ["conditions", "videos"])
def test_pairs_are_those_of_a_plain_double_loop(recordings: str) -> None:
    walks = _walks()
    genuine, impostors = pairs_to_calibrate(walks, recordings, seed=0)
    expected: tuple[set[frozenset[int]], set[frozenset[int]]] = (set(), set())
    for one, other in combinations(range(len(walks)), 2):
        if walks.subjects[one] != walks.subjects[other]:
            expected[1].add(frozenset((one, other)))
            continue
        names = [str(walks.conditions[place]) for place in (one, other)]
        if recordings == "videos":
            names = [name.split("-")[0] for name in names]
        if names[0] != names[1]:
            expected[0].add(frozenset((one, other)))
    for found, wanted in zip((genuine, impostors), expected, strict=True):
        assert len(found[0]) == len(wanted)
        assert {frozenset(pair) for pair in zip(*(side.tolist() for side in found), strict=True)} == wanted


def test_many_impostors_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = _walks()
    monkeypatch.setattr(module, "MOST_IMPOSTORS", 100)
    (one, other), again, differently = (pairs_to_calibrate(walks, "conditions", seed)[1] for seed in (3, 3, 4))
    assert 60 < len(one) <= 100
    assert (walks.subjects[one] != walks.subjects[other]).all()
    assert np.array_equal(one, again[0])
    assert not np.array_equal(one, differently[0])


def test_the_calibration_is_that_of_the_distances() -> None:
    walks = _walks()
    found = calibrate(walks, "cosine", source="made up")
    units = walks.embeddings / np.linalg.norm(walks.embeddings, axis=2, keepdims=True)
    distance = 1 - np.einsum("npd,mpd->nm", units, units) / 2
    same = walks.subjects[:, None] == walks.subjects
    upper = np.triu(np.ones_like(same), 1)
    strangers = np.sort(distance[upper & ~same])
    assert found.impostors == len(strangers)
    assert found.genuine == int((upper & same).sum())  # every walk is a recording of its own
    assert found.source == "made up"
    accepted = (strangers <= found.threshold(0.1)).sum()
    assert accepted == int(0.1 * len(strangers))


def test_what_cannot_be_calibrated() -> None:
    with pytest.raises(UsageError, match="scale of all walks"):
        calibrate(_walks(), "standardised-euclidean")
    with pytest.raises(IncompatibleError, match="genuine"):
        calibrate(_walks(recordings=1, passages=2), "cosine", recordings="videos")
