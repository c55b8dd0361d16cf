"""A weighted sum of losses of a pose network, as recipes describe it, averaged over the joints that are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gaitprint.core.choices import read_choice
from gaitprint.losses.pose import POSE_LOSSES
from gaitprint.losses.pose.base import PoseLoss

# number of joints known to this process -> its mean over all processes
MeanCount = Callable[[Tensor], Tensor]


class PoseLosses(nn.Module):
    """Sum of weight x loss.

    Args:
        choices: for each loss its ``name``, ``weight`` (default 1) and options.
        resolution: R, of the pictures in which the joints are given.

    Raises:
        UsageError: unknown name or option.

    Example:
        >>> PoseLosses([{"name": "heat-map-cross-entropy", "diameter": 9}], resolution=136).weights
        (1.0,)
    """

    def __init__(self, choices: Sequence[Mapping[str, Any]], resolution: int) -> None:
        super().__init__()
        self.names = tuple(choice["name"] for choice in choices)
        self.weights = tuple(float(choice.get("weight", 1.0)) for choice in choices)
        self.losses = nn.ModuleList(_build(choice) for choice in choices)
        self.resolution = resolution

    def forward(
        self, logits: Tensor, joints: Tensor, mean_count: MeanCount | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the sum for this process.

        Args:
            logits: float [B, J, M, M].
            joints: float32 [B, J, 3], x and y in pixels of the picture, and confidence; 0 is unknown and has no loss.
            mean_count: averages a number over the processes; None for one process.

        Returns:
            the scalar to differentiate, and name -> the unweighted loss, detached: means over the known joints of the
            batch, and of the batches of all processes if averaged over these.
        """
        present = (joints[..., 2] > 0).float()
        count = present.sum()
        if mean_count is not None:
            count = mean_count(count)
        places = joints[..., :2] * (logits.shape[-1] / self.resolution)
        values = [(loss(logits, places) * present).sum() / count.clamp(min=1) for loss in self.losses]
        total = torch.stack([weight * value for weight, value in zip(self.weights, values, strict=True)]).sum()
        return total, {name: value.detach() for name, value in zip(self.names, values, strict=True)}


def _build(choice: Mapping[str, Any]) -> PoseLoss:
    options = {key: value for key, value in choice.items() if key != "weight"}
    loss_type: type[PoseLoss]
    loss_type, config = read_choice(POSE_LOSSES, options, "loss")
    return loss_type.from_config(config)
