import numpy as np

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.reports.embedding_map import choose_walks, embedding_map, tsne


def _set(vectors: np.ndarray, subjects: list[str], conditions: list[str] | None = None) -> EmbeddingSet:
    count = len(vectors)
    labels = np.array(conditions or ["nm-01"] * count)
    return EmbeddingSet(vectors, np.array(subjects), labels, np.array(["090"] * count))


def test_choice_is_repeatable_and_bounded(case) -> None:
    chosen = choose_walks(case.embeddings, max_subjects=3, max_walks=20, seed=4)
    assert len(chosen) == 20
    assert len(set(case.embeddings.subjects[chosen])) == 3
    np.testing.assert_array_equal(chosen, choose_walks(case.embeddings, 3, 20, 4))
    assert not np.array_equal(chosen, choose_walks(case.embeddings, 3, 20, 5))


def test_far_apart_groups_stay_apart() -> None:
    random = np.random.default_rng(0)
    centres = np.repeat(random.normal(0, 20, size=(3, 2, 70)), 40, axis=0)
    vectors = (centres + random.normal(size=(120, 2, 70))).astype(np.float32)
    for metric in ("euclidean", "cosine", "standardised-euclidean"):
        plane = tsne(vectors, metric, seed=0)
        assert plane is not None
        groups = plane.reshape(3, 40, 2)
        spread = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=-1).max()
        middles = groups.mean(axis=1)
        apart = min(np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
        assert apart > spread
        np.testing.assert_array_equal(plane, tsne(vectors, metric, seed=0))


def test_figure_draws_every_walk_and_names_every_subject(case) -> None:
    figure = embedding_map(case.embeddings, seed=1)
    axes = figure.axes[0]
    assert sum(len(points.get_offsets()) for points in axes.collections) == len(case.embeddings)
    assert {text.get_text() for text in axes.texts} == set(case.embeddings.subjects)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["bg", "nm"]


def test_too_little_to_lay_out() -> None:
    few = np.random.default_rng(0).normal(size=(4, 1, 3)).astype(np.float32)
    assert embedding_map(_set(few, ["a", "a", "b", "b"])) is None
    assert embedding_map(_set(np.ones((9, 1, 3), np.float32), list("aaabbbccc"))) is None


def test_more_conditions_than_markers_share_one() -> None:
    vectors = np.random.default_rng(0).normal(size=(12, 1, 1)).astype(np.float32)
    figure = embedding_map(_set(vectors, list("aabbccddeeff"), [f"c{n}" for n in range(12)]))
    assert len(figure.axes[0].collections) == 1
    assert figure.axes[0].get_legend() is None
