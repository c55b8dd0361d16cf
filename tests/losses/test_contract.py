"""What every loss in the table promises."""

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.losses import LOSSES
from gaitprint.losses.base import GaitLoss
from gaitprint.losses.weighted_sum import WeightedSum

LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 2])


@pytest.fixture(params=sorted(LOSSES))
def loss(request: pytest.FixtureRequest) -> GaitLoss:
    torch.manual_seed(0)
    loss_type = LOSSES[request.param]
    return loss_type.from_config(loss_type.Config(), 6, (3, 6))


def _values(parts: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(len(LABELS), parts, 6, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def test_is_a_finite_non_negative_scalar_with_a_gradient_for_every_part(loss: GaitLoss) -> None:
    values = _values(parts=3)
    result = loss(values, LABELS)
    assert result.shape == ()
    assert torch.isfinite(result)
    assert result >= 0
    result.backward()
    assert (values.grad.abs().sum(dim=(0, 2)) > 0).all()


def test_parts_are_averaged(loss: GaitLoss) -> None:
    values = _values(parts=3)
    each = [loss(values[:, part : part + 1], LABELS) for part in range(3)]
    torch.testing.assert_close(loss(values, LABELS), torch.stack(each).mean())


def test_the_order_of_the_walks_does_not_matter(loss: GaitLoss) -> None:
    values, order = _values(parts=2), torch.tensor([3, 0, 6, 2, 5, 1, 4])
    torch.testing.assert_close(loss(values[order], LABELS[order]), loss(values, LABELS))


def test_gradient_agrees_with_finite_differences(loss: GaitLoss) -> None:
    values = _values(parts=2)
    loss(values, LABELS).backward()
    direction = torch.randn(values.shape, generator=torch.Generator().manual_seed(5))
    step = 1e-3
    with torch.no_grad():
        numeric = (loss(values + step * direction, LABELS) - loss(values - step * direction, LABELS)) / (2 * step)
    torch.testing.assert_close((values.grad * direction).sum(), numeric, rtol=2e-2, atol=1e-3)


def test_a_single_walk_does_not_crash(loss: GaitLoss) -> None:
    values = _values(parts=1)[:1].detach().requires_grad_()
    loss(values, LABELS[:1]).backward()
    assert torch.isfinite(values.grad).all()


def test_weighted_sum() -> None:
    losses = WeightedSum([{"name": "cross-entropy"}, {"name": "triplet", "weight": 0.5, "margin": 0.3}], 6, (2, 6))
    outputs = {"logits": _values(2, seed=1), "embedding": _values(2, seed=2)}
    total, parts = losses(outputs, LABELS)
    torch.testing.assert_close(total, parts["cross-entropy"] + 0.5 * parts["triplet"])
    with pytest.raises(UsageError, match=r"loss\.margn.*'margin'"):
        WeightedSum([{"name": "triplet", "margn": 1}], 6, (2, 6))
    with pytest.raises(UsageError, match="unknown loss 'tripet'"):
        WeightedSum([{"name": "tripet"}], 6, (2, 6))


def test_gradients_of_two_processes_average_to_those_of_one(loss: GaitLoss) -> None:
    name = next(name for name in LOSSES if LOSSES[name] is type(loss))
    losses = WeightedSum([{"name": name, "weight": 0.7}], 3, (2, 5))
    labels = torch.tensor([0, 1, 0, 2, 1, 2, 0, 1])
    whole = torch.randn(8, 2, 5, generator=torch.Generator().manual_seed(3)).requires_grad_()
    total, _ = losses({loss.needs: whole}, labels)
    total.backward()
    averaged = torch.zeros_like(whole)
    for rank in range(2):
        own = slice(rank * 4, rank * 4 + 4)
        mine = whole.detach()[own].clone().requires_grad_()

        def gather(tensor: torch.Tensor, own: slice = own) -> torch.Tensor:
            if not tensor.is_floating_point():
                return labels
            everybody = whole.detach().clone()
            everybody[own] = tensor
            return everybody

        total, _ = losses({loss.needs: mine}, labels[own], gather, 2)
        total.backward()
        averaged[own] += mine.grad / 2
    torch.testing.assert_close(averaged, whole.grad)
