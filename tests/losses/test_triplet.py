import itertools
import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.losses.triplet import Triplet, TripletConfig


def _brute_force(x: list[list[float]], labels: list[int], margin: float, mining: str, normalise: bool) -> float:
    """One part [B][D], by the papers' definitions."""
    if normalise:
        x = [[value / math.hypot(*row) for value in row] for row in x]
    n = range(len(x))
    d = [[math.dist(x[i], x[j]) for j in n] for i in n]
    terms = []
    if mining == "batch-hard":
        for a in n:
            positives = [d[a][p] for p in n if p != a and labels[p] == labels[a]]
            negatives = [d[a][q] for q in n if labels[q] != labels[a]]
            if positives and negatives:
                terms.append(max(0.0, max(positives) - min(negatives) + margin))
    else:
        for a, p, q in itertools.product(n, repeat=3):
            if a == p or labels[a] != labels[p] or labels[a] == labels[q]:
                continue
            term = max(0.0, d[a][p] - d[a][q] + margin)
            if term > 0 and (mining == "batch-all" or d[a][p] < d[a][q]):
                terms.append(term)
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize("mining", ["batch-all", "batch-hard", "semi-hard"])
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("margin", [0.0, 0.1, 0.5])
@pytest.mark.parametrize(("seed", "parts"), [(0, 1), (1, 2), (2, 5)])
def test_agrees_with_brute_force(mining: str, normalise: bool, margin: float, seed: int, parts: int) -> None:
    torch.manual_seed(seed)
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 3, 4])[torch.randperm(10)]
    values = torch.randn(10, parts, 4, dtype=torch.float64)
    loss = Triplet(TripletConfig(margin=margin, mining=mining, normalise=normalise))
    each = [_brute_force(values[:, p].tolist(), labels.tolist(), margin, mining, normalise) for p in range(parts)]
    assert loss(values, labels).item() == pytest.approx(sum(each) / parts, rel=1e-9)
    assert loss(values.float(), labels).item() == pytest.approx(sum(each) / parts, rel=1e-5)


def test_random_triplets_are_drawn_from_all_of_them() -> None:
    torch.manual_seed(0)
    labels = torch.tensor([0, 0, 0, 1, 1, 2])
    values = torch.randn(6, 1, 4, dtype=torch.float64)
    points = values[:, 0].tolist()
    loss = Triplet(TripletConfig(margin=0.5, mining="random", normalise=False))
    drawn = torch.stack([loss(values, labels) for _ in range(4000)])
    # On average: for each anchor, the mean over its triplets, those that are zero among them.
    expected = []
    for a in range(5):  # the last walk has no positive
        terms = [
            max(0.0, math.dist(points[a], points[p]) - math.dist(points[a], points[q]) + 0.5)
            for p, q in itertools.product(range(6), repeat=2)
            if p != a and labels[p] == labels[a] and labels[q] != labels[a]
        ]
        expected.append(sum(terms) / len(terms))
    assert drawn.mean().item() == pytest.approx(sum(expected) / 5, rel=0.02)
    assert len(drawn.unique()) > 50
    alone = torch.randn(3, 2, 4, requires_grad=True)
    nothing = loss(alone, torch.tensor([0, 0, 0]))
    nothing.backward()
    assert nothing.item() == 0


def test_long_embeddings_close_together_keep_their_digits() -> None:
    # More than 25 walks: torch computes their distances by a matrix product.
    torch.manual_seed(0)
    values, labels = 1000 + torch.randn(40, 2, 8), torch.arange(40) % 10
    loss = Triplet(TripletConfig(normalise=False))
    each = [_brute_force(values[:, p].tolist(), labels.tolist(), 0.2, "batch-all", False) for p in range(2)]
    assert loss(values, labels).item() == pytest.approx(sum(each) / 2, rel=1e-5)


@pytest.mark.parametrize("mining", ["batch-all", "batch-hard", "semi-hard"])
def test_is_zero_when_people_are_far_apart(mining: str) -> None:
    values = torch.tensor([[[0.0]], [[0.1]], [[9.0]], [[9.1]]], requires_grad=True)
    loss = Triplet(TripletConfig(mining=mining, normalise=False))(values, torch.tensor([0, 0, 1, 1]))
    loss.backward()
    assert loss.item() == 0.0
    assert not values.grad.any()


@pytest.mark.parametrize("mining", ["batch-all", "batch-hard", "semi-hard"])
@pytest.mark.parametrize("labels", [[0, 1, 2], [3, 3, 3]])
def test_is_zero_without_triplets(mining: str, labels: list[int]) -> None:
    values = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    loss = Triplet(TripletConfig(mining=mining))(values, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0.0
    assert not values.grad.any()


def test_refuses_a_negative_margin() -> None:
    with pytest.raises(UsageError, match=r"loss\.margin is -0\.1, must not be negative"):
        TripletConfig(margin=-0.1)
