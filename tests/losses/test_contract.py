"""What every loss in the table promises."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.reconstruction import Reconstruction
from gaitprint.losses import LOSSES
from gaitprint.losses.base import GaitLoss
from gaitprint.losses.weighted_sum import WeightedSum

LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 2])
# People that the losses know; those from 3 on are in no batch. As many as values a part, so that one shape serves
# embeddings and logits.
SUBJECTS = VALUES = 6

# Each loss with its default options, and options that choose another way of computing.
CHOICES: list[dict[str, Any]] = [
    *({"name": name} for name in sorted(LOSSES)),
    {"name": "contrastive", "mining": "hard", "normalise": False},
    {"name": "triplet", "mining": "batch-hard", "normalise": False},
    {"name": "triplet", "mining": "semi-hard"},
]
PART_WISE = [choice for choice in CHOICES if LOSSES[choice["name"]].needs in ("embedding", "logits")]
COMPARING = [choice for choice in CHOICES if LOSSES[choice["name"]].compares_walks]


def _called(choice: dict[str, Any]) -> str:
    return "-".join(map(str, choice.values()))


part_wise = pytest.mark.parametrize("choice", PART_WISE, ids=_called)


@pytest.fixture(params=CHOICES, ids=_called)
def choice(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


def _build(choice: dict[str, Any], parts: int = 3) -> GaitLoss:
    torch.manual_seed(0)
    (loss,) = WeightedSum([choice], SUBJECTS, (parts, VALUES)).losses
    return loss


def _random(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def _values(
    loss: GaitLoss, walks: int = len(LABELS), parts: int = 3, seed: int = 0, dtype: torch.dtype = torch.float32
) -> Any:
    """Random values of the field that the loss needs."""
    if loss.needs != "reconstruction":
        return _random((walks, parts, VALUES), seed, dtype).requires_grad_()
    logits = _random((walks, 4, 1, 8, 6), seed, dtype).requires_grad_()
    truth, hidden = (_random(logits.shape, seed + n) > 0 for n in (1000, 2000))
    return Reconstruction(logits, truth.to(torch.promote_types(dtype, torch.float32)), hidden)


def _leaf(values: Any) -> Tensor:
    """What the gradient is looked for in."""
    return values.logits if isinstance(values, Reconstruction) else values


def _replaced(values: Any, leaf: Tensor) -> Any:
    return values._replace(logits=leaf) if isinstance(values, Reconstruction) else leaf


def _rows(values: Any, rows: Any) -> Any:
    """Some of the walks, as values of their own."""
    if isinstance(values, Reconstruction):
        return Reconstruction(*(field.detach()[rows] for field in values))._replace(logits=_rows(values.logits, rows))
    return values.detach()[rows].clone().requires_grad_()


def _assert_finite(loss: GaitLoss, values: Any, labels: Tensor) -> Tensor:
    result = loss(values, labels)
    result.backward()
    assert torch.isfinite(result)
    for tensor in (_leaf(values), *loss.parameters()):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()
        assert tensor.grad.abs().max() < 1e4
    return result


def test_is_a_non_negative_scalar_with_a_gradient(choice: dict[str, Any]) -> None:
    loss = _build(choice)
    values = _values(loss)
    result = _assert_finite(loss, values, LABELS)
    assert result.shape == ()
    assert result > 0
    per_part = _leaf(values).grad.abs().transpose(0, 1).flatten(1).sum(dim=1)  # parts, or frames
    assert (per_part > 0).all()


def test_own_parameters_of_everybody_present_get_a_gradient(choice: dict[str, Any]) -> None:
    loss = _build(choice)
    loss(_values(loss), LABELS).backward()
    for parameter in loss.parameters():  # [P, S, D]
        assert (parameter.grad[:, :3].abs().sum(dim=2) > 0).all()


@part_wise
def test_parts_are_averaged(choice: dict[str, Any]) -> None:
    loss = _build(choice)
    values = _values(loss)
    each = []
    for part in range(3):
        alone = _build(choice, parts=1)
        for own, of_all in zip(alone.parameters(), loss.parameters(), strict=True):
            own.data.copy_(of_all.data[part : part + 1])
        each.append(alone(values[:, part : part + 1], LABELS))
    torch.testing.assert_close(loss(values, LABELS), torch.stack(each).mean())


def test_the_order_of_the_walks_does_not_matter(choice: dict[str, Any]) -> None:
    loss, order = _build(choice), torch.tensor([3, 0, 6, 2, 5, 1, 4])
    values = _values(loss)
    shuffled = _rows(values, order)
    loss(values, LABELS).backward()
    result = loss(shuffled, LABELS[order])
    result.backward()
    torch.testing.assert_close(result, loss(values, LABELS))
    torch.testing.assert_close(_leaf(shuffled).grad, _leaf(values).grad[order])


def test_follows_float64_and_its_gradients_agree_with_finite_differences(choice: dict[str, Any]) -> None:
    loss = _build(choice).double()
    values = _values(loss, dtype=torch.float64)
    result = loss(values, LABELS)
    assert result.dtype == torch.float64
    result.backward()
    own = list(loss.parameters())
    analytic, step = 0.0, 1e-6
    before, directions = [tensor.detach().clone() for tensor in (_leaf(values), *own)], []
    for index, tensor in enumerate((_leaf(values), *own)):
        directions.append(_random(tensor.shape, 5 + index, torch.float64))
        analytic = analytic + (tensor.grad * directions[-1]).sum()

    def moved(step: float) -> Tensor:
        leaf, *rest = (tensor + step * direction for tensor, direction in zip(before, directions, strict=True))
        for parameter, value in zip(own, rest, strict=True):
            parameter.data.copy_(value)
        return loss(_replaced(values, leaf), LABELS)

    with torch.no_grad():
        numeric = (moved(step) - moved(-step)) / (2 * step)
    torch.testing.assert_close(analytic, numeric, rtol=1e-6, atol=1e-8)


def test_takes_float64_whatever_its_own_parameters(choice: dict[str, Any]) -> None:
    loss = _build(choice)
    assert loss(_values(loss, dtype=torch.float64), LABELS).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(choice: dict[str, Any], dtype: torch.dtype) -> None:
    loss = _build(choice)
    half = _values(loss, dtype=dtype)
    result = _assert_finite(loss, half, LABELS)
    assert result.dtype == torch.float32
    assert _leaf(half).grad.dtype == dtype
    full = _replaced(half, _leaf(half).detach().float().requires_grad_())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = loss(full, LABELS)
    assert torch.equal(result, expected)
    assert torch.equal(result, loss(full, LABELS))
    expected.backward()
    torch.testing.assert_close(_leaf(half).grad, _leaf(full).grad.to(dtype))


@pytest.mark.parametrize("labels", [[0], [0, 0], [0, 0, 0, 0], [0, 1, 2], [2, 1]], ids=str)
def test_batches_without_a_positive_or_a_negative(choice: dict[str, Any], labels: list[int]) -> None:
    loss = _build(choice)
    _assert_finite(loss, _values(loss, walks=len(labels)), torch.tensor(labels))


@pytest.mark.parametrize("choice", COMPARING, ids=_called)
def test_a_single_walk_has_nothing_to_be_compared_with(choice: dict[str, Any]) -> None:
    loss = _build(choice)
    values = _values(loss, walks=1)
    assert _assert_finite(loss, values, LABELS[:1]) == 0
    assert not values.grad.any()


@part_wise
@pytest.mark.parametrize(
    "walks", ["two equal", "all equal", "some zero", "all zero", "tiny", "long and close together"]
)
def test_equal_and_extreme_embeddings(choice: dict[str, Any], walks: str) -> None:
    loss = _build(choice)
    values = _values(loss).detach()
    if walks == "two equal":
        values[1], values[2] = values[0], values[0]  # of one person, and of two
    elif walks == "all equal":
        values[:] = values[0]
    elif walks == "some zero":
        values[::2] = 0
    elif walks == "all zero":
        values[:] = 0
    elif walks == "tiny":
        values *= 1e-3
    else:
        values = 30 + 1e-4 * values
    _assert_finite(loss, values.requires_grad_(), LABELS)


def test_weighted_sum() -> None:
    losses = WeightedSum(
        [{"name": "cross-entropy"}, {"name": "triplet", "weight": 0.5, "margin": 0.3}, {"name": "center", "weight": 2}],
        SUBJECTS,
        (2, VALUES),
    )
    outputs = {"logits": _random((7, 2, 6), 1), "embedding": _random((7, 2, 6), 2)}
    total, parts = losses(outputs, LABELS)
    torch.testing.assert_close(total, parts["cross-entropy"] + 0.5 * parts["triplet"] + 2 * parts["center"])
    with pytest.raises(UsageError, match=r"loss\.margn.*'margin'"):
        WeightedSum([{"name": "triplet", "margn": 1}], 6, (2, 6))
    with pytest.raises(UsageError, match="unknown loss 'tripet'"):
        WeightedSum([{"name": "tripet"}], 6, (2, 6))
    with pytest.raises(IncompatibleError, match="loss 'triplet' looks at the model's embedding, and this model gives"):
        WeightedSum([{"name": "triplet"}], 6, (2, 6))({"logits": outputs["logits"]}, LABELS)


def test_gradients_of_two_processes_average_to_those_of_one(choice: dict[str, Any]) -> None:
    torch.manual_seed(0)
    losses = WeightedSum([{**choice, "weight": 0.7}], SUBJECTS, (2, VALUES)).double()
    (loss,) = losses.losses
    labels = torch.tensor([0, 1, 0, 2, 1, 2, 0, 1])
    whole = _values(loss, walks=8, parts=2, seed=3, dtype=torch.float64)
    total, _ = losses({loss.needs: whole}, labels)
    total.backward()
    of_one = [parameter.grad.clone() for parameter in losses.parameters()]
    averaged = torch.zeros_like(_leaf(whole))
    losses.zero_grad()
    for rank in range(2):
        own = slice(rank * 4, rank * 4 + 4)
        mine = _rows(whole, own)

        def gather(tensor: Tensor, own: slice = own) -> Tensor:
            if not tensor.is_floating_point():
                return labels
            everybody = whole.detach().clone()
            everybody[own] = tensor
            return everybody

        total, _ = losses({loss.needs: mine}, labels[own], gather, 2)
        total.backward()  # own parameters add up over the processes
        averaged[own] += _leaf(mine).grad / 2
    torch.testing.assert_close(averaged, _leaf(whole).grad)
    for parameter, expected in zip(losses.parameters(), of_one, strict=True):
        torch.testing.assert_close(parameter.grad / 2, expected)
