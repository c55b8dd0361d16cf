"""Batch normalisation that learns its statistics from what was seen only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Variance below which a coordinate counts as constant: that of a millimetre, where positions are metres.
_LEAST_VARIANCE = 1e-6


class SeenBatchNorm(nn.Module):
    """Batch normalisation of the last axis, whose statistics in training are of the seen places only.

    Ioffe and Szegedy, "Batch normalization", ICML 2015.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, values: Tensor, seen: Tensor | None) -> Tensor:
        """Normalise [..., C].

        Args:
            values: float32 [..., C].
            seen: bool, of the leading axes of `values` or some of them; None for all True.

        Returns:
            as `values`; in training 0 where not seen.
        """
        if seen is None or not self.training:
            normalised: Tensor = self.norm(values.flatten(0, -2)).view_as(values)
            return normalised
        rows = values[seen]  # [N, ..., C]
        result = torch.zeros_like(values)
        result[seen] = self.norm(rows.flatten(0, -2)).view_as(rows).to(result.dtype)
        return result


class JointStandardisation(nn.Module):
    """Each coordinate of each joint less its mean, by its deviation, over the seen places of all walks; then marked.

    A foot is nearly a metre below the pelvis, and people differ by centimetres there: statistics over all joints at
    once would leave these differences small beside the distance. Means and variances are running ones, as those of
    batch normalisation are.

    Layers that treat all joints alike could then not tell a foot from a hand any more; so each coordinate of each joint
    gets a trained factor and a trained offset, which starts at random: the normalisation of Yan, Xiong and Lin, AAAI
    2018, but for that start.

    Args:
        num_joints: J.
        channels: C.
        momentum: weight of a batch in the running statistics.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, num_joints: int, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.factor = nn.Parameter(torch.ones(num_joints, channels))
        self.offset = nn.Parameter(torch.randn(num_joints, channels))
        self.register_buffer("mean", torch.zeros(num_joints, channels))
        self.register_buffer("variance", torch.ones(num_joints, channels))

    def forward(self, values: Tensor, seen: Tensor | None) -> Tensor:
        """Standardise.

        Args:
            values: float32 [B, T, J, C].
            seen: bool [B, T, J, C] or [B, T, J, 1]; None for all True.

        Returns:
            as `values`; where not seen, what the mean would give.
        """
        mean, variance = self._learn(values, seen) if self.training else (self.mean, self.variance)
        standardised = (values - mean) * (variance + _LEAST_VARIANCE).rsqrt()
        if seen is not None:
            standardised = standardised.masked_fill(~seen, 0.0)
        marked: Tensor = standardised * self.factor + self.offset
        return marked

    @torch.no_grad()
    def _learn(self, values: Tensor, seen: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and variance [J, C] of a batch; what no walk shows keeps its running ones."""
        weight = torch.ones_like(values) if seen is None else seen.to(values.dtype).expand_as(values)
        count = weight.sum(dim=(0, 1))
        known = count > 0
        mean = (values * weight).sum(dim=(0, 1)) / count.clamp(min=1)
        variance = ((values - mean).square() * weight).sum(dim=(0, 1)) / count.clamp(min=1)
        share = self.momentum * known.to(values.dtype)
        self.mean.lerp_(mean, share)
        self.variance.lerp_(variance, share)
        return torch.where(known, mean, self.mean), torch.where(known, variance, self.variance)
