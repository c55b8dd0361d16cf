import math

import pytest
import torch

from gaitprint.core.errors import UsageError
from gaitprint.training.schedule import Moment, build_schedule, epochs_without_improvement

STEPS_PER_EPOCH, EPOCHS = 5, 12
TOTAL = STEPS_PER_EPOCH * EPOCHS


def _factors(choice: dict) -> list[float]:
    schedule = build_schedule(choice)
    return [schedule.factor(Moment(step, STEPS_PER_EPOCH, TOTAL)) for step in range(TOTAL)]


def _torch_rates(make, each: str) -> list[float]:
    """Learning rates that one of torch's schedulers gives, advanced every epoch or every step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for step in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if each == "step" or (step + 1) % STEPS_PER_EPOCH == 0:
            scheduler.step()
    return rates


def test_agree_with_torch() -> None:
    lr = torch.optim.lr_scheduler
    assert _factors({"name": "constant"}) == [1.0] * TOTAL
    assert _factors({"name": "step", "epochs": 4, "gamma": 0.5}) == pytest.approx(
        _torch_rates(lambda optimizer: lr.StepLR(optimizer, 4, 0.5), "epoch")
    )
    assert _factors({"name": "multistep", "milestones": [2, 9], "gamma": 0.1}) == pytest.approx(
        _torch_rates(lambda optimizer: lr.MultiStepLR(optimizer, [2, 9], 0.1), "epoch")
    )
    assert _factors({"name": "cosine", "floor": 0.05}) == pytest.approx(
        _torch_rates(lambda optimizer: lr.CosineAnnealingLR(optimizer, TOTAL, 0.05), "step")
    )


def test_cosine_rises_first() -> None:
    factors = _factors({"name": "cosine", "warmup_epochs": 2})
    assert factors[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert factors[10] == 1.0
    assert factors[35] == pytest.approx(0.5 * (1 + math.cos(math.pi * 25 / 50)))
    assert 0 < factors[-1] < 0.01
    assert all(0 < factor <= 1 for factor in _factors({"name": "cosine", "warmup_epochs": 99}))


def test_plateau_agrees_with_torch() -> None:
    scores = [0.1, 0.3, 0.3, 0.2, 0.1, 0.31, 0.3, 0.2, 0.1, 0.0, 0.2, 0.3, 0.9, 0.1]
    for patience in (0, 1, 3):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="max", factor=0.5, patience=patience, threshold=0.0, threshold_mode="abs", eps=0.0
        )
        schedule = build_schedule({"name": "plateau", "patience": patience, "gamma": 0.5})
        for epoch, score in enumerate(scores):
            scheduler.step(score)
            moment = Moment((epoch + 1) * STEPS_PER_EPOCH, STEPS_PER_EPOCH, 1000, scores[: epoch + 1])
            assert schedule.factor(moment) == pytest.approx(optimizer.param_groups[0]["lr"])


def test_epochs_without_improvement() -> None:
    assert epochs_without_improvement([]) == 0
    assert epochs_without_improvement([1.0]) == 0
    assert epochs_without_improvement([1.0, 2.0]) == 0
    assert epochs_without_improvement([2.0, 2.0, 1.0]) == 2


def test_refuses_unknown_names_and_options() -> None:
    with pytest.raises(UsageError, match="did you mean 'cosine'"):
        build_schedule({"name": "cosin"})
    with pytest.raises(UsageError, match=r"schedule\.gama.*'gamma'"):
        build_schedule({"name": "step", "gama": 0.1})
    with pytest.raises(UsageError, match=r"schedule\.milestones"):
        build_schedule({"name": "multistep"})
