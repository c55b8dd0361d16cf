import itertools

import numpy as np
import pytest
import torch

from gaitprint.losses.triplet import Triplet, TripletConfig


def _brute_force(x: np.ndarray, labels: np.ndarray, margin: float, mining: str, normalise: bool) -> float:
    """One part [B, D], by the papers' definitions."""
    if normalise:
        x = x / np.linalg.norm(x, axis=1, keepdims=True)
    n = len(x)
    d = [[float(np.linalg.norm(x[i] - x[j])) for j in range(n)] for i in range(n)]
    terms = []
    if mining == "batch-hard":
        for a in range(n):
            positives = [d[a][p] for p in range(n) if p != a and labels[p] == labels[a]]
            negatives = [d[a][q] for q in range(n) if labels[q] != labels[a]]
            if positives and negatives:
                terms.append(max(0.0, max(positives) - min(negatives) + margin))
        return float(np.mean(terms))
    for a, p, q in itertools.product(range(n), repeat=3):
        if a == p or labels[a] != labels[p] or labels[a] == labels[q]:
            continue
        term = max(0.0, d[a][p] - d[a][q] + margin)
        if term > 0 and (mining == "batch-all" or d[a][p] < d[a][q]):
            terms.append(term)
    return float(np.mean(terms)) if terms else 0.0


@pytest.mark.parametrize("mining", ["batch-all", "batch-hard", "semi-hard"])
@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("margin", [0.1, 0.5])
def test_agrees_with_brute_force(mining: str, normalise: bool, margin: float) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(10, 2, 4)).astype(np.float32)
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 4])
    loss = Triplet(TripletConfig(margin=margin, mining=mining, normalise=normalise))
    expected = np.mean([_brute_force(values[:, part], labels, margin, mining, normalise) for part in range(2)])
    assert loss(torch.from_numpy(values), torch.from_numpy(labels)).item() == pytest.approx(expected, rel=1e-4)


def test_is_zero_when_people_are_far_apart() -> None:
    values = torch.tensor([[[0.0]], [[0.1]], [[9.0]], [[9.1]]])
    labels = torch.tensor([0, 0, 1, 1])
    for mining in ("batch-all", "batch-hard", "semi-hard"):
        assert Triplet(TripletConfig(mining=mining, normalise=False))(values, labels).item() == 0.0
