"""A weighted sum of losses, as recipes describe it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gaitprint.core.choices import read_choice
from gaitprint.core.errors import IncompatibleError
from gaitprint.losses import LOSSES
from gaitprint.losses.base import Field, GaitLoss

# (values [B, ...]) -> the values of all processes [B of all, ...], in which the own ones carry the gradient.
Gather = Callable[[Tensor], Tensor]


class WeightedSum(nn.Module):
    """Sum of weight x loss.

    Args:
        choices: for each loss its ``name``, ``weight`` (default 1) and options.
        num_subjects: S, how many people there are to learn.
        embedding_shape: (P, D), parts and values a part of the model's embedding.

    Raises:
        UsageError: unknown name or option.

    Example:
        >>> choices = [{"name": "cross-entropy"}, {"name": "triplet", "weight": 0.5, "margin": 0.3}]
        >>> WeightedSum(choices, num_subjects=74, embedding_shape=(1, 128)).weights
        (1.0, 0.5)
    """

    def __init__(
        self, choices: Sequence[Mapping[str, Any]], num_subjects: int, embedding_shape: tuple[int, int]
    ) -> None:
        super().__init__()
        self.names = tuple(choice["name"] for choice in choices)
        self.weights = tuple(float(choice.get("weight", 1.0)) for choice in choices)
        self.losses = nn.ModuleList(_build(choice, num_subjects, embedding_shape) for choice in choices)

    @property
    def _typed_losses(self) -> list[GaitLoss]:
        return [loss for loss in self.losses if isinstance(loss, GaitLoss)]

    def forward(
        self, outputs: Mapping[str, Any], labels: Tensor, gather: Gather | None = None, processes: int = 1
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the sum for this process.

        Args:
            outputs: field of the model's output -> its value for B walks.
            labels: int64 [B].
            gather: collects the walks of all processes for the losses that compare walks; None for one process.
            processes: how many there are.

        Returns:
            the scalar whose gradient, averaged over the processes, is that of the loss of all their walks together;
            and name -> the unweighted loss, detached, whose mean over the processes is that of all walks.

        Raises:
            IncompatibleError: the model's output lacks what a loss looks at.
        """
        terms, parts = [], {}
        for name, weight, loss in zip(self.names, self.weights, self._typed_losses, strict=True):
            if loss.needs not in outputs:
                raise IncompatibleError(f"loss '{name}' looks at the model's {loss.needs}, and this model gives none")
            if gather is not None and loss.compares_walks:
                value = loss(gather(outputs[loss.needs]), gather(labels))
                # Each process sees the gradient of its own walks only, and the average divides by their number.
                terms.append(weight * processes * value)
            else:
                value = loss(outputs[loss.needs], labels)
                terms.append(weight * value)
            parts[name] = value.detach()
        return torch.stack(terms).sum(), parts


def needed_fields(choices: Iterable[Mapping[str, Any]]) -> set[Field]:
    """Return the fields of the model's output that some losses look at.

    >>> sorted(needed_fields([{"name": "cross-entropy"}, {"name": "triplet"}]))
    ['embedding', 'logits']
    """
    loss_types: list[type[GaitLoss]] = [LOSSES[choice["name"]] for choice in choices]
    return {loss_type.needs for loss_type in loss_types}


def _build(choice: Mapping[str, Any], num_subjects: int, embedding_shape: tuple[int, int]) -> GaitLoss:
    options = {key: value for key, value in choice.items() if key != "weight"}
    loss_type: type[GaitLoss]
    loss_type, config = read_choice(LOSSES, options, "loss")
    return loss_type.from_config(config, num_subjects, embedding_shape)
