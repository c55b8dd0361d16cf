"""Optimisers that recipes can name, each with its options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from gaitprint.core.choices import read_choice
from gaitprint.core.config import config_dataclass
from gaitprint.core.registry import Registry

if TYPE_CHECKING:  # recipes are listed and checked without waiting for torch
    import torch


class OptimizerChoice(Protocol):
    """What every entry of `OPTIMIZERS` does."""

    @property
    def learning_rate(self) -> float:
        """Before the schedule's factor."""

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """Return the optimiser of these parameters."""


@config_dataclass
class Adam:
    """Kingma and Ba, "Adam", ICLR 2015; `weight_decay` is an L2 penalty."""

    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """See `OptimizerChoice.build`."""
        from torch.optim import Adam as TorchAdam

        return TorchAdam(parameters, self.learning_rate, self.betas, weight_decay=self.weight_decay)


@config_dataclass
class AdamW:
    """Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """See `OptimizerChoice.build`."""
        from torch.optim import AdamW as TorchAdamW

        return TorchAdamW(parameters, self.learning_rate, self.betas, weight_decay=self.weight_decay)


@config_dataclass
class Sgd:
    """Stochastic gradient descent with momentum; `weight_decay` is an L2 penalty."""

    learning_rate: float = 0.1
    weight_decay: float = 0.0
    momentum: float = 0.9
    nesterov: bool = False

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """See `OptimizerChoice.build`."""
        from torch.optim import SGD

        return SGD(
            parameters,
            self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
        )


@config_dataclass
class RmsProp:
    """Tieleman and Hinton, lecture 6.5 of "Neural networks for machine learning", 2012."""

    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    alpha: float = 0.99
    momentum: float = 0.0

    def build(self, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
        """See `OptimizerChoice.build`."""
        from torch.optim import RMSprop

        return RMSprop(
            parameters,
            self.learning_rate,
            self.alpha,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
        )


OPTIMIZERS = Registry(
    "optimizer",
    {
        "adam": f"{__name__}:Adam",
        "adamw": f"{__name__}:AdamW",
        "rmsprop": f"{__name__}:RmsProp",
        "sgd": f"{__name__}:Sgd",
    },
)


def build_optimizer(choice: Mapping[str, Any]) -> OptimizerChoice:
    """Read ``{"name": ..., option: value, ...}``; errors as `core.choices.read_choice`.

    >>> build_optimizer({"name": "adamw", "weight_decay": 0.1}).learning_rate
    0.001
    """
    options: OptimizerChoice = read_choice(OPTIMIZERS, choice, "optimizer")[1]
    return options
