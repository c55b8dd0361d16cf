"""What is minimised: a model and its losses as one module, so that both are trained and distributed together."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gaitprint.losses.weighted_sum import WeightedSum
from gaitprint.models.base import GaitModel
from gaitprint.training.engine import gather_walks


class Objective(nn.Module):
    """Model and losses.

    Args:
        model: the model to train.
        losses: what is minimised.
        processes: how many share each batch.
    """

    def __init__(self, model: GaitModel, losses: WeightedSum, processes: int = 1) -> None:
        super().__init__()
        self.model = model
        self.losses = losses
        self.processes = processes

    def forward(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the loss of a batch.

        Args:
            inputs: what the model takes, [b, ...]: this process's share of the batch.
            labels: int64 [b].

        Returns:
            the scalar to differentiate, and the figures to log: every loss by name, their weighted sum as ``loss``,
            and ``accuracy``, the share of walks that the classifier gets right; means over this process's share.
        """
        output = self.model(inputs)
        fields = {name: value for name, value in output._asdict().items() if value is not None}
        gather = gather_walks if self.processes > 1 else None
        total, figures = self.losses(fields, labels, gather, self.processes)
        weights = zip(figures.values(), self.losses.weights, strict=True)
        logged = {"loss": torch.stack([weight * value.float() for value, weight in weights]).sum()}
        if len(figures) > 1:
            logged |= figures
        if output.logits is not None:
            guess = output.logits.detach().mean(dim=1).argmax(dim=-1)  # [b, P, S] -> [b]
            logged["accuracy"] = (guess == labels).float().mean()
        return total, logged
