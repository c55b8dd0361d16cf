import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.losses.arcface import ArcFace, ArcFaceConfig, add_angle


def _cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


def _brute_force(loss: ArcFace, values: torch.Tensor, labels: list[int], margin: float, scale: float) -> float:
    """Equation 3 of the paper, with the authors' straight line beyond pi - margin."""
    walks, parts, _ = values.shape
    total = 0.0
    for walk in range(walks):
        for part in range(parts):
            scores = []
            for subject, weights in enumerate(loss.weights[part].tolist()):
                angle = math.acos(_cosine(values[walk, part].tolist(), weights))
                score = math.cos(angle)
                if subject == labels[walk]:
                    beyond = angle > math.pi - margin
                    score = math.cos(angle) - margin * math.sin(margin) if beyond else math.cos(angle + margin)
                scores.append(scale * score)
            total += math.log(sum(math.exp(score - max(scores)) for score in scores))
            total += max(scores) - scores[labels[walk]]
    return total / walks / parts


# A margin of 2 puts a good part of the angles beyond pi - margin.
@pytest.mark.parametrize("margin", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("scale", [1.0, 30.0, 64.0])
@pytest.mark.parametrize(("seed", "parts"), [(0, 1), (1, 2), (2, 5)])
def test_agrees_with_brute_force(margin: float, scale: float, seed: int, parts: int) -> None:
    torch.manual_seed(seed)
    loss = ArcFace(ArcFaceConfig(margin=margin, scale=scale), 5, (parts, 3)).double()
    values, labels = torch.randn(8, parts, 3, dtype=torch.float64), [0, 1, 1, 4, 3, 0, 2, 4]
    expected = _brute_force(loss, values, labels, margin, scale)
    assert loss(values, torch.tensor(labels)).item() == pytest.approx(expected, rel=1e-9)
    assert loss.float()(values.float(), torch.tensor(labels)).item() == pytest.approx(expected, rel=1e-5)


def test_without_a_margin_it_is_a_softmax_over_cosines() -> None:
    torch.manual_seed(0)
    loss = ArcFace(ArcFaceConfig(margin=0.0, scale=10.0), 5, (1, 3))
    values, labels = torch.randn(8, 1, 3), torch.tensor([0, 1, 1, 4, 3, 0, 2, 4])
    cosines = torch.nn.functional.cosine_similarity(values, loss.weights, dim=-1)
    torch.testing.assert_close(loss(values, labels), torch.nn.functional.cross_entropy(10 * cosines, labels))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("margin", [0.0, 0.3, 0.5, 1.5])
def test_what_replaces_the_cosine_rises_with_it_and_has_a_finite_gradient(dtype: torch.dtype, margin: float) -> None:
    step = torch.finfo(dtype).eps
    near = torch.tensor([step * k for k in range(40)], dtype=dtype)
    cosines = torch.cat([-1 - near, -1 + near, torch.linspace(-1, 1, 999, dtype=dtype), 1 - near, 1 + near])
    cosines = cosines.sort().values.requires_grad_()
    replaced = add_angle(cosines, margin)
    replaced.sum().backward()
    assert torch.isfinite(cosines.grad).all()
    # Within rounding: where the sine is not known, it is taken for 0.
    assert (replaced.diff() > -4 * math.sqrt(step)).all()
    inside = cosines.detach().abs() <= 1 - 1e-3
    exact = [c for c in cosines.detach()[inside].tolist() if math.acos(c) <= math.pi - margin]
    expected = torch.tensor([math.cos(math.acos(c) + margin) for c in exact], dtype=dtype)
    kept = replaced.detach()[inside][-len(exact) :]
    torch.testing.assert_close(kept, expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_walk_along_its_direction_or_against_it_has_a_finite_gradient(sign: int) -> None:
    torch.manual_seed(0)
    loss = ArcFace(ArcFaceConfig(), 4, (1, 16))
    values = (sign * 3 * loss.weights.detach()).transpose(0, 1).requires_grad_()
    result = loss(values, torch.arange(4))
    result.backward()
    for gradient in (values.grad, loss.weights.grad):
        assert torch.isfinite(gradient).all()
        assert gradient.abs().max() < 100


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -0.1}, r"loss\.margin is -0\.1, must be at least 0 and below pi"),
        ({"margin": 3.2}, r"loss\.margin is 3\.2"),
        ({"scale": 0.0}, r"loss\.scale is 0\.0, must be above 0"),
    ],
)
def test_refuses_bad_options(options: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ArcFaceConfig(**options)
