import itertools
import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.losses.contrastive import Contrastive, ContrastiveConfig


def _brute_force(x: list[list[float]], labels: list[int], margin: float, mining: str, normalise: bool) -> float:
    """One part [B][D]."""
    if normalise:
        x = [[value / math.hypot(*row) for value in row] for row in x]
    n = range(len(x))
    pairs = []
    if mining == "all":
        pairs = list(itertools.combinations(n, 2))
    else:
        for a in n:
            positives = [p for p in n if p != a and labels[p] == labels[a]]
            negatives = [q for q in n if labels[q] != labels[a]]
            pairs += [(a, max(positives, key=lambda p: math.dist(x[a], x[p])))] if positives else []
            pairs += [(a, min(negatives, key=lambda q: math.dist(x[a], x[q])))] if negatives else []
    total = 0.0
    for i, j in pairs:
        y, d = labels[i] == labels[j], math.dist(x[i], x[j])
        total += y * d**2 + (1 - y) * max(0.0, margin - d) ** 2
    return total / len(pairs)


@pytest.mark.parametrize("mining", ["all", "hard"])
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("margin", [0.5, 1.5])
@pytest.mark.parametrize(("seed", "parts"), [(0, 1), (1, 2), (2, 5)])
def test_agrees_with_brute_force(mining: str, normalise: bool, margin: float, seed: int, parts: int) -> None:
    torch.manual_seed(seed)
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 3, 4])[torch.randperm(10)]
    values = torch.randn(10, parts, 3, dtype=torch.float64)
    loss = Contrastive(ContrastiveConfig(margin=margin, mining=mining, normalise=normalise))
    each = [_brute_force(values[:, p].tolist(), labels.tolist(), margin, mining, normalise) for p in range(parts)]
    assert loss(values, labels).item() == pytest.approx(sum(each) / parts, rel=1e-9)
    assert loss(values.float(), labels).item() == pytest.approx(sum(each) / parts, rel=1e-5)


@pytest.mark.parametrize("mining", ["all", "hard"])
@pytest.mark.parametrize("labels", [[0, 1, 2], [3, 3, 3]])
def test_pairs_of_one_kind_alone(mining: str, labels: list[int]) -> None:
    values = torch.randn(3, 1, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    loss = Contrastive(ContrastiveConfig(margin=1.5, mining=mining))(values, torch.tensor(labels))
    assert loss.item() == pytest.approx(_brute_force(values[:, 0].tolist(), labels, 1.5, mining, True), rel=1e-9)


def test_gradient_by_hand() -> None:
    values = torch.tensor([[[0.0]], [[1.0]], [[1.5]]], requires_grad=True)
    Contrastive(ContrastiveConfig(margin=1.0, normalise=False))(values, torch.tensor([0, 0, 1])).backward()
    # Pairs: (0, 1) draws together by 2d = 2; (1, 2) pushes apart by 2(m - d) = 1; (0, 2) are far enough apart.
    assert values.grad.flatten().tolist() == pytest.approx([-2 / 3, (2 + 1) / 3, -1 / 3])


def test_refuses_a_margin_of_nothing() -> None:
    with pytest.raises(UsageError, match=r"loss\.margin is 0\.0, must be above 0"):
        ContrastiveConfig(margin=0.0)
