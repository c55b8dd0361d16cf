import math

import pytest
import torch

from gaitprint.losses.pairs import hardest, pairwise_distances, same_and_different

LABELS = torch.tensor([0, 1, 0, 2, 1, 0])


def test_same_and_different() -> None:
    same, different = same_and_different(LABELS)
    for i in range(6):
        for j in range(6):
            assert same[i, j] == (i != j and LABELS[i] == LABELS[j])
            assert different[i, j] == (LABELS[i] != LABELS[j])


# Beyond 25 walks torch computes distances by a matrix product.
@pytest.mark.parametrize("walks", [6, 60])
@pytest.mark.parametrize("normalise", [True, False])
def test_distances_agree_with_a_loop(walks: int, normalise: bool) -> None:
    embeddings = torch.randn(walks, 2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    distances = pairwise_distances(embeddings, normalise)
    assert distances.shape == (2, walks, walks)
    for part in range(2):
        rows = embeddings[:, part].tolist()
        if normalise:
            rows = [[value / math.hypot(*row) for value in row] for row in rows]
        for i in range(walks):
            for j in range(i):
                assert distances[part, i, j].item() == pytest.approx(math.dist(rows[i], rows[j]), rel=1e-9)


@pytest.mark.parametrize("walks", [6, 60])
def test_gradient_of_a_distance_is_a_direction_and_none_between_equal_embeddings(walks: int) -> None:
    embeddings = torch.randn(walks, 1, 5, generator=torch.Generator().manual_seed(0))
    embeddings[1] = embeddings[0]
    embeddings.requires_grad_()
    pairwise_distances(embeddings, normalise=False)[0, 0, 2].backward()
    offset = (embeddings[0] - embeddings[2]).detach()
    torch.testing.assert_close(embeddings.grad[0], offset / offset.norm())
    torch.testing.assert_close(embeddings.grad[2], -offset / offset.norm())
    embeddings.grad = None
    pairwise_distances(embeddings, normalise=False)[0, 0, 1].backward()
    assert embeddings.grad.abs().max() < 0.01  # what rounding leaves of it


def test_hardest_agrees_with_a_loop() -> None:
    distances = 50 * torch.rand(3, 6, 6, generator=torch.Generator().manual_seed(0)) + 1
    farthest, nearest = hardest(distances, *same_and_different(LABELS))
    for part in range(3):
        for i in range(6):
            row = distances[part, i].tolist()
            positives = [row[j] for j in range(6) if j != i and LABELS[j] == LABELS[i]]
            assert farthest[part, i].item() == max(positives, default=0.0)
            assert nearest[part, i].item() == min(row[j] for j in range(6) if LABELS[j] != LABELS[i])


def test_there_may_be_no_hardest() -> None:
    distances = torch.ones(1, 2, 2)
    assert hardest(distances, *same_and_different(torch.tensor([0, 0])))[1].tolist() == [[torch.inf, torch.inf]]
    assert hardest(distances, *same_and_different(torch.tensor([0, 1])))[0].tolist() == [[0, 0]]
