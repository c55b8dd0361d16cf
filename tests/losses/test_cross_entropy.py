import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.losses.cross_entropy import CrossEntropy, CrossEntropyConfig


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(("seed", "parts"), [(0, 1), (1, 3), (2, 5)])
def test_agrees_with_the_definition(smoothing: float, seed: int, parts: int) -> None:
    torch.manual_seed(seed)
    logits, labels = torch.randn(4, parts, 5, dtype=torch.float64), torch.tensor([0, 3, 3, 4])
    total = 0.0
    for walk in range(4):
        for part in range(parts):
            scores = [math.exp(value) for value in logits[walk, part].tolist()]
            for subject in range(5):
                wanted = smoothing / 5 + (1 - smoothing) * (subject == labels[walk].item())
                total -= wanted * math.log(scores[subject] / sum(scores))
    loss = CrossEntropy(CrossEntropyConfig(label_smoothing=smoothing))
    assert loss(logits, labels).item() == pytest.approx(total / 4 / parts, rel=1e-9)
    assert loss(logits.float(), labels).item() == pytest.approx(total / 4 / parts, rel=1e-5)


@pytest.mark.parametrize("smoothing", [-0.1, 1.1])
def test_refuses_a_share_outside_0_to_1(smoothing: float) -> None:
    with pytest.raises(UsageError, match=rf"loss\.label_smoothing is {smoothing}, must be in 0\.\.1"):
        CrossEntropyConfig(label_smoothing=smoothing)
