import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.losses.cosface import CosFace, CosFaceConfig


def _cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


@pytest.mark.parametrize("margin", [0.0, 0.35, 1.0])
@pytest.mark.parametrize("scale", [1.0, 30.0, 64.0])
@pytest.mark.parametrize(("seed", "parts"), [(0, 1), (1, 2), (2, 5)])
def test_agrees_with_brute_force(margin: float, scale: float, seed: int, parts: int) -> None:
    """Equation 4 of the paper."""
    torch.manual_seed(seed)
    loss = CosFace(CosFaceConfig(margin=margin, scale=scale), 5, (parts, 3)).double()
    values, labels = torch.randn(8, parts, 3, dtype=torch.float64), [0, 1, 1, 4, 3, 0, 2, 4]
    total = 0.0
    for walk in range(8):
        for part in range(parts):
            cosines = [_cosine(values[walk, part].tolist(), weights) for weights in loss.weights[part].tolist()]
            right = math.exp(scale * (cosines.pop(labels[walk]) - margin))
            total -= math.log(right / (right + sum(math.exp(scale * cosine) for cosine in cosines)))
    expected = total / 8 / parts
    assert loss(values, torch.tensor(labels)).item() == pytest.approx(expected, rel=1e-9)
    assert loss.float()(values.float(), torch.tensor(labels)).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -0.1}, r"loss\.margin is -0\.1, must be in 0\.\.2"),
        ({"margin": 2.5}, r"loss\.margin is 2\.5"),
        ({"scale": -1.0}, r"loss\.scale is -1\.0, must be above 0"),
    ],
)
def test_refuses_bad_options(options: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        CosFaceConfig(**options)
