"""Learning-rate schedules: pure functions of the step and of the epochs behind it, so that nothing has to be resumed.

Each gives the factor by which the optimiser's learning rate is multiplied in a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gaitprint.core.choices import read_choice
from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.registry import Registry


@dataclass(frozen=True)
class Moment:
    """A step of a training.

    Args:
        step: optimiser steps done before, 0..total_steps-1.
        steps_per_epoch: steps an epoch.
        total_steps: steps of the whole training.
        scores: of each epoch done that was judged: its figure on the people held out, or, without any, minus its loss;
            higher is better.
    """

    step: int
    steps_per_epoch: int
    total_steps: int
    scores: Sequence[float] = ()

    @property
    def epoch(self) -> int:
        """Epochs done before."""
        return self.step // self.steps_per_epoch


class Schedule(Protocol):
    """What every schedule does."""

    def factor(self, moment: Moment) -> float:
        """Return the factor of the learning rate in a step, 0..1."""


@config_dataclass
class Constant:
    """The same learning rate throughout."""

    def factor(self, moment: Moment) -> float:
        """See `Schedule.factor`."""
        return 1.0


@config_dataclass
class Step:
    """Times `gamma` every `epochs` epochs."""

    epochs: int = 10
    gamma: float = 0.1

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UsageError(f"schedule.epochs is {self.epochs}, must be at least 1")

    def factor(self, moment: Moment) -> float:
        """See `Schedule.factor`."""
        return float(self.gamma ** (moment.epoch // self.epochs))


@config_dataclass
class MultiStep:
    """Times `gamma` after each of the numbers of epochs in `milestones`."""

    milestones: tuple[int, ...]
    gamma: float = 0.1

    def factor(self, moment: Moment) -> float:
        """See `Schedule.factor`."""
        return float(self.gamma ** sum(moment.epoch >= milestone for milestone in self.milestones))


@config_dataclass
class Cosine:
    """Half a cosine from 1 to `floor`, after a linear rise over `warmup_epochs`; both step by step.

    Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts; warm-up as in Goyal et al., "Accurate, large minibatch
    SGD", 2017.
    """

    warmup_epochs: float = 0.0
    floor: float = 0.0

    def factor(self, moment: Moment) -> float:
        """See `Schedule.factor`."""
        warmup_steps = min(round(self.warmup_epochs * moment.steps_per_epoch), moment.total_steps)
        if moment.step < warmup_steps:
            return (moment.step + 1) / warmup_steps
        share = (moment.step - warmup_steps) / (moment.total_steps - warmup_steps)
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * share))


@config_dataclass
class Plateau:
    """Times `gamma` whenever more than `patience` epochs in a row brought no new best score.

    Where people are held out, only epochs count that saw them (`training.validate_every_epochs`).
    """

    patience: int = 5
    gamma: float = 0.1

    def factor(self, moment: Moment) -> float:
        """See `Schedule.factor`."""
        best, stale, reductions = -math.inf, 0, 0
        for score in moment.scores:
            best, stale = (score, 0) if score > best else (best, stale + 1)
            if stale > self.patience:
                stale, reductions = 0, reductions + 1
        return float(self.gamma**reductions)


SCHEDULES = Registry(
    "schedule",
    {
        "constant": f"{__name__}:Constant",
        "cosine": f"{__name__}:Cosine",
        "multistep": f"{__name__}:MultiStep",
        "plateau": f"{__name__}:Plateau",
        "step": f"{__name__}:Step",
    },
)


def build_schedule(choice: Mapping[str, Any]) -> Schedule:
    """Build a schedule from ``{"name": ..., option: value, ...}``; errors as `core.choices.read_choice`.

    >>> build_schedule({"name": "step", "epochs": 2}).factor(Moment(step=45, steps_per_epoch=10, total_steps=100))
    0.010000000000000002
    """
    schedule: Schedule = read_choice(SCHEDULES, choice, "schedule")[1]
    return schedule


def epochs_without_improvement(scores: Sequence[float]) -> int:
    """Return how many epochs ago the best score was reached; the first of equal ones counts.

    >>> epochs_without_improvement([0.1, 0.5, 0.5, 0.2])
    2
    """
    return len(scores) - 1 - max(range(len(scores)), key=lambda epoch: (scores[epoch], -epoch)) if scores else 0
