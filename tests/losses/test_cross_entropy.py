import math

import pytest
import torch

from gaitprint.losses.cross_entropy import CrossEntropy, CrossEntropyConfig


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_agrees_with_the_definition(smoothing: float) -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3, 5), torch.tensor([0, 3, 3, 4])
    total = 0.0
    for walk in range(4):
        for part in range(3):
            scores = [math.exp(value) for value in logits[walk, part].tolist()]
            for subject in range(5):
                wanted = smoothing / 5 + (1 - smoothing) * (subject == labels[walk].item())
                total -= wanted * math.log(scores[subject] / sum(scores))
    got = CrossEntropy(CrossEntropyConfig(label_smoothing=smoothing))(logits, labels)
    assert got.item() == pytest.approx(total / 12, rel=1e-5)
