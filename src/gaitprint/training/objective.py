"""What is minimised: a network and its losses as one module, so that both are trained and distributed together."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from gaitprint.losses.pose.weighted_sum import PoseLosses
from gaitprint.losses.weighted_sum import WeightedSum
from gaitprint.models.base import GaitModel
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.training.engine import gather_walks, mean_over_processes


class Objective(nn.Module):
    """A network and its losses.

    Args:
        model: the network to train; its weights are what is kept.
        losses: what is minimised; may have weights of its own.
        processes: how many share each batch.
    """

    model: nn.Module
    losses: nn.Module

    def __init__(self, model: nn.Module, losses: nn.Module, processes: int = 1) -> None:
        super().__init__()
        self.model = model
        self.losses = losses
        self.processes = processes

    @abstractmethod
    def forward(self, inputs: Tensor, truth: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the loss of a batch.

        Args:
            inputs: what the network takes, [b, ...]: this process's share of the batch.
            truth: [b, ...], what it should make of them.

        Returns:
            the scalar to differentiate, and the figures to log: the weighted sum of the losses as ``loss``, and every
            loss by name where there are several; means over this process's share.
        """


class IdentificationObjective(Objective):
    """A model that recognises people."""

    model: GaitModel
    losses: WeightedSum

    def forward(self, inputs: Tensor, truth: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the loss of a batch with labels int64 [b]; see `Objective.forward`.

        With logits, ``accuracy`` is logged, too: the share of walks that the classifier gets right.
        """
        output = self.model(inputs)
        fields = {name: value for name, value in output._asdict().items() if value is not None}
        gather = gather_walks if self.processes > 1 else None
        total, figures = self.losses(fields, truth, gather, self.processes)
        logged = _logged(figures, self.losses.weights)
        if output.logits is not None:
            guess = output.logits.detach().mean(dim=1).argmax(dim=-1)  # [b, P, S] -> [b]
            logged["accuracy"] = (guess == truth).float().mean()
        return total, logged


class PoseObjective(Objective):
    """A network that finds joints."""

    model: PoseNetwork
    losses: PoseLosses

    def forward(self, inputs: Tensor, truth: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the loss of images [b, 3, R, R] with joints float32 [b, 16, 3]; see `Objective.forward`."""
        mean_count = mean_over_processes if self.processes > 1 else None
        total, figures = self.losses(self.model(inputs).logits, truth, mean_count)
        return total, _logged(figures, self.losses.weights)


def _logged(figures: dict[str, Tensor], weights: tuple[float, ...]) -> dict[str, Tensor]:
    """The weighted sum of detached losses, and they themselves where there are several."""
    pairs = zip(figures.values(), weights, strict=True)
    logged = {"loss": torch.stack([weight * value.float() for value, weight in pairs]).sum()}
    return logged | figures if len(figures) > 1 else logged
