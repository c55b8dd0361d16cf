import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.score_fusion import CalibratedSystem, measure_scores, rows_of

PEOPLE, WALKS, VIEWS = 12, 4, ("054", "090")


def walks(seed: int, people: int = PEOPLE, *, blind_to: int = -1, views: tuple[str, ...] = VIEWS) -> EmbeddingSet:
    """Noisy directions of people, of which a system may be blind to one."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7 + people).normal(size=(people, 6))
    labels = [(p, w, v) for p in range(people) for w in range(WALKS) for v in views]
    vectors = np.stack([centres[p] for p, _, _ in labels]) + rng.normal(0, 0.7, (len(labels), 6))
    if blind_to >= 0:
        vectors[:, blind_to : blind_to + 3] = rng.normal(size=(len(labels), 3))
    return EmbeddingSet(
        vectors[:, None].astype(np.float32),
        np.array([f"{100 * (people != PEOPLE) + p:03d}" for p, _, _ in labels]),
        np.array([f"walk-{w + 1:02d}" for _, w, _ in labels]),
        np.array([v for _, _, v in labels]),
    )


def system(name: str, blind_to: int, **options) -> CalibratedSystem:
    seed = 10 + blind_to
    return CalibratedSystem(
        name, walks(seed, blind_to=blind_to, **options), walks(seed + 50, 8, blind_to=blind_to, **options), "cosine"
    )


def test_one_system_alone_is_measured_as_ever() -> None:
    one = system("one", 0)
    figures = measure_scores([one.scores(one.walks)], one.walks, "first-walk")
    expected = evaluate_embeddings(one.walks, "first-walk", metric="cosine")
    assert figures == pytest.approx(
        {"rank-1": expected.rank1, "rank-5": expected.rank5, "mAP": expected.map, "EER": expected.eer}, abs=1e-6
    )


def test_scores_are_added_up_pair_by_pair() -> None:
    one, other = system("one", 0), system("other", 3)
    entries = one.walks
    scores = [one.scores(entries), other.scores(entries)]
    alone = [measure_scores([each], entries, "first-walk")["rank-1"] for each in scores]
    together = measure_scores(scores, entries, "first-walk")
    right = total = 0
    for probe, (who, walk) in enumerate(zip(entries.subjects, entries.conditions, strict=True)):
        if walk == "walk-01":
            continue
        gallery = [n for n, condition in enumerate(entries.conditions) if condition == "walk-01"]
        nearest = max(gallery, key=lambda entry: scores[0][probe, entry] + scores[1][probe, entry])
        right += entries.subjects[nearest] == who
        total += 1
    assert together["rank-1"] == right / total
    assert together["rank-1"] > max(alone)


def test_scores_come_from_the_strangers_and_not_from_those_who_are_measured() -> None:
    one = system("one", 0)
    changed = CalibratedSystem("one", one.walks, walks(99, 8), "cosine")
    before, after = one.scores(one.walks), changed.scores(one.walks)
    assert not np.allclose(before, after)
    slope, intercept = np.polyfit(before.ravel(), after.ravel(), 1)  # a straight line of the distance either way
    assert np.allclose(slope * before + intercept, after, atol=1e-4)


def test_a_walk_without_cameras_is_found_in_every_view() -> None:
    skeletons, filmed = walks(1, views=("free",)), walks(1)
    rows = rows_of(skeletons, filmed)
    assert [skeletons.ids[row].rpartition("/")[0] for row in rows] == [name.rpartition("/")[0] for name in filmed.ids]
    assert rows_of(filmed, filmed).tolist() == list(range(len(filmed)))


def test_walks_that_are_not_there_or_seen_otherwise_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="000/walk-01/000: 2 embeddings"):
        rows_of(walks(1), walks(1, views=("000",)))
    with pytest.raises(IncompatibleError, match="000/walk-01/054: 0 embeddings"):
        rows_of(walks(1, 8), walks(1))


def test_a_protocol_by_view_is_refused() -> None:
    one = system("one", 0)
    with pytest.raises(UsageError, match="casia-b"):
        measure_scores([one.scores(one.walks)], one.walks, "casia-b")
