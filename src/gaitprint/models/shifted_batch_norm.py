"""Batch normalisation that learns an offset but no factor, as TensorFlow's slim builds it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ShiftedBatchNorm(nn.Module):
    """Batch normalisation of the channels of [B, C, ...] with an offset (beta) and without a factor (gamma).

    Between convolutions and their rectifiers a factor would change nothing that the next convolution could not. Ioffe
    and Szegedy, "Batch normalization", ICML 2015.

    Args:
        channels: C.
        epsilon: added to the variance.
        momentum: weight of a batch in the running statistics, in 0..1; one less TensorFlow's `decay`.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, epsilon: float, momentum: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.momentum = momentum
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, values: Tensor) -> Tensor:
        """Normalise [B, C, ...], in training by the statistics of the batch."""
        return functional.batch_norm(
            values,
            self.running_mean,
            self.running_var,
            bias=self.bias,
            training=self.training,
            momentum=self.momentum,
            eps=self.epsilon,
        )
