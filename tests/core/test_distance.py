import numpy as np
import pytest
import torch

from gaitprint.core.distance import as_tensor, distance_blocks, paired_distance, pairwise_distance
from gaitprint.core.errors import IncompatibleError, InvalidSequenceError, UsageError


def looped(probe: np.ndarray, gallery: np.ndarray, metric: str) -> np.ndarray:
    """The definition, pair by pair and part by part, in float64."""
    result = np.zeros((len(probe), len(gallery)))
    for i, a in enumerate(probe.astype(np.float64)):
        for j, b in enumerate(gallery.astype(np.float64)):
            parts = []
            for x, y in zip(a, b, strict=True):
                if metric == "euclidean":
                    parts.append(np.sqrt(sum((x - y) ** 2)))
                else:
                    norms = np.sqrt(sum(x * x)) * np.sqrt(sum(y * y))
                    parts.append(1.0 - (sum(x * y) / norms if norms else 0.0))
            result[i, j] = np.mean(parts)
    return result


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("offset", [0.0, 50.0])
def test_agrees_with_the_definition(metric: str, offset: float) -> None:
    rng = np.random.default_rng(0)
    probe = (rng.normal(size=(7, 3, 5)) + offset).astype(np.float32)
    gallery = (rng.normal(size=(9, 3, 5)) + offset).astype(np.float32)
    probe[2, 1] = 0.0
    expected = looped(probe, gallery, metric)
    np.testing.assert_allclose(pairwise_distance(probe, gallery, metric), expected, rtol=2e-5, atol=3e-7)
    index = np.arange(7)
    paired = paired_distance(
        as_tensor(probe), torch.from_numpy(index), as_tensor(gallery), torch.from_numpy(index + 2), metric
    )
    np.testing.assert_allclose(paired.numpy(), expected[index, index + 2], rtol=2e-5, atol=3e-7)
    both = as_tensor(np.concatenate([probe, gallery]))
    paired = paired_distance(both, torch.from_numpy(index), both, torch.from_numpy(index + 9), metric)
    np.testing.assert_allclose(paired.numpy(), expected[index, index + 2], rtol=2e-5, atol=3e-7)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_blocks_are_rows_of_the_matrix(metric: str) -> None:
    rng = np.random.default_rng(1)
    probe, gallery = rng.normal(size=(11, 2, 4)), rng.normal(size=(6, 2, 4))
    whole = pairwise_distance(probe, gallery, metric)
    seen = []
    for rows, block in distance_blocks(probe, gallery, metric, rows=4):
        np.testing.assert_allclose(block, whole[rows], rtol=1e-5)
        seen.extend(range(rows.start, rows.stop))
    assert seen == list(range(11))


def test_equal_and_nearly_equal_embeddings_far_from_the_origin() -> None:
    rng = np.random.default_rng(2)
    gallery = (rng.normal(size=(50, 16, 64)) + 100).astype(np.float32)
    probe = gallery[:10].copy()
    probe[5:] += rng.normal(size=(5, 16, 64)).astype(np.float32) * 1e-3
    distances = pairwise_distance(probe, gallery)
    assert (np.diag(distances)[:5] == 0).all()
    np.testing.assert_allclose(
        np.diag(distances)[5:], np.diag(looped(probe[5:], gallery[5:10], "euclidean")), rtol=1e-5
    )


def test_read_only_and_other_types_are_accepted() -> None:
    probe = np.ones((2, 1, 3))
    probe.flags.writeable = False
    assert pairwise_distance(probe, np.zeros((1, 1, 3), np.float32)).tolist() == [[np.float32(3**0.5)]] * 2


@pytest.mark.parametrize(("num_probe", "num_gallery"), [(0, 3), (3, 0), (0, 0)])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_nothing_to_compare(num_probe: int, num_gallery: int, metric: str) -> None:
    empty = pairwise_distance(np.zeros((num_probe, 2, 3)), np.zeros((num_gallery, 2, 3)), metric)
    assert empty.shape == (num_probe, num_gallery)


def test_errors() -> None:
    a = np.zeros((1, 2, 3), np.float32)
    with pytest.raises(IncompatibleError, match=r"\(1, 2, 3\), gallery \(1, 2, 4\)"):
        pairwise_distance(a, np.zeros((1, 2, 4), np.float32))
    with pytest.raises(UsageError, match="did you mean 'cosine'"):
        pairwise_distance(a, a, "cosin")
    for metric in ("euclidean", "cosine"):
        with pytest.raises(InvalidSequenceError, match="overflow"):
            pairwise_distance(a + np.float32(1e30), a, metric)
