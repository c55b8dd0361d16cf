"""A weighted sum of losses, as recipes describe it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from gaitprint.core.config import from_mapping
from gaitprint.losses import LOSSES
from gaitprint.losses.base import GaitLoss

# (values [B, ...]) -> the values of all processes [B of all, ...], in which the own ones carry the gradient.
Gather = Callable[[Tensor], Tensor]


class WeightedSum(nn.Module):
    """Sum of weight x loss.

    Args:
        choices: for each loss its ``name``, ``weight`` (default 1) and options.

    Raises:
        UsageError: unknown name or option.

    Example:
        >>> sorted(WeightedSum([{"name": "cross-entropy"}, {"name": "triplet", "weight": 0.5, "margin": 0.3}]).needs)
        ['embedding', 'logits']
    """

    def __init__(self, choices: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.names = tuple(choice["name"] for choice in choices)
        self.weights = tuple(float(choice.get("weight", 1.0)) for choice in choices)
        self.losses = nn.ModuleList(_build(choice) for choice in choices)

    @property
    def needs(self) -> set[str]:
        """The fields of the model's output that the losses look at."""
        return {loss.needs for loss in self._typed_losses}

    @property
    def _typed_losses(self) -> list[GaitLoss]:
        return [loss for loss in self.losses if isinstance(loss, GaitLoss)]

    def forward(
        self, outputs: Mapping[str, Tensor], labels: Tensor, gather: Gather | None = None, processes: int = 1
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the sum for this process.

        Args:
            outputs: field of the model's output -> [B, P, ...].
            labels: int64 [B].
            gather: collects the walks of all processes for the losses that compare walks; None for one process.
            processes: how many there are.

        Returns:
            the scalar whose gradient, averaged over the processes, is that of the loss of all their walks together;
            and name -> the unweighted loss, detached, whose mean over the processes is that of all walks.
        """
        total = labels.new_zeros((), dtype=next(iter(outputs.values())).dtype)
        parts = {}
        for name, weight, loss in zip(self.names, self.weights, self._typed_losses, strict=True):
            if gather is not None and loss.compares_walks:
                value = loss(gather(outputs[loss.needs]), gather(labels))
                # Each process sees the gradient of its own walks only, and the average divides by their number.
                total = total + weight * processes * value
            else:
                value = loss(outputs[loss.needs], labels)
                total = total + weight * value
            parts[name] = value.detach()
        return total, parts


def _build(choice: Mapping[str, Any]) -> GaitLoss:
    options = {key: value for key, value in choice.items() if key not in ("name", "weight")}
    loss_type: type[GaitLoss] = LOSSES[choice["name"]]
    return loss_type.from_config(from_mapping(loss_type.Config, options, "loss"))
