import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.losses.supervised_contrastive import SupervisedContrastive, SupervisedContrastiveConfig


def _brute_force(x: list[list[float]], labels: list[int], temperature: float) -> float:
    """One part [B][D]: equation 2 of the paper, averaged over the anchors with a positive."""
    z = [[value / math.hypot(*row) for value in row] for row in x]

    def similarity(i: int, j: int) -> float:
        return math.exp(sum(a * b for a, b in zip(z[i], z[j], strict=True)) / temperature)

    terms = []
    for i in range(len(x)):
        others = [a for a in range(len(x)) if a != i]
        positives = [p for p in others if labels[p] == labels[i]]
        if positives:
            denominator = sum(similarity(i, a) for a in others)
            logs = [math.log(similarity(i, p) / denominator) for p in positives]
            terms.append(-sum(logs) / len(positives))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize("temperature", [0.07, 0.1, 1.0])
@pytest.mark.parametrize(("seed", "parts"), [(0, 1), (1, 2), (2, 5)])
@pytest.mark.parametrize("people", [[0, 0, 0, 1, 1, 2, 2, 2, 3, 4], [0, 0, 0], [0, 1, 2]], ids=str)
def test_agrees_with_brute_force(temperature: float, seed: int, parts: int, people: list[int]) -> None:
    torch.manual_seed(seed)
    labels = torch.tensor(people)[torch.randperm(len(people))]
    values = torch.randn(len(people), parts, 4, dtype=torch.float64)
    loss = SupervisedContrastive(SupervisedContrastiveConfig(temperature=temperature))
    each = [_brute_force(values[:, part].tolist(), labels.tolist(), temperature) for part in range(parts)]
    assert loss(values, labels).item() == pytest.approx(sum(each) / parts, rel=1e-9)
    assert loss(values.float(), labels).item() == pytest.approx(sum(each) / parts, rel=1e-5, abs=1e-7)


def test_a_low_temperature_does_not_overflow() -> None:
    values = torch.eye(4).repeat(2, 1).unsqueeze(1).requires_grad_()
    loss = SupervisedContrastive(SupervisedContrastiveConfig(temperature=1e-3))
    right = loss(values, torch.tensor([0, 1, 2, 3, 0, 1, 2, 3]))
    wrong = loss(values, torch.tensor([0, 1, 2, 3, 1, 2, 3, 0]))
    wrong.backward()
    assert right.item() == pytest.approx(0)
    assert wrong.item() == pytest.approx(1000)
    assert torch.isfinite(values.grad).all()


def test_refuses_a_temperature_of_nothing() -> None:
    with pytest.raises(UsageError, match=r"loss\.temperature is 0\.0, must be above 0"):
        SupervisedContrastiveConfig(temperature=0.0)
