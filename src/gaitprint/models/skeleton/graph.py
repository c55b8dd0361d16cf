"""Graph convolution along the bones of a skeleton."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.skeletons import Skeleton
from gaitprint.models.skeleton.normalisation import SeenBatchNorm


def hop_distances(skeleton: Skeleton) -> NDArray[np.int64]:
    """Bones between any two joints, int64 [J, J]; J (more than any path has) where none leads from one to the other.

    >>> from gaitprint.core.skeletons import MPII_16
    >>> int(hop_distances(MPII_16)[MPII_16.index("left_ankle"), MPII_16.index("pelvis")])
    3
    """
    count = len(skeleton.joints)
    step = skeleton.adjacency.astype(bool) | np.eye(count, dtype=bool)
    reached = np.eye(count, dtype=bool)
    distances = np.where(reached, 0, count)
    for hops in range(1, count):
        reached = reached @ step
        distances = np.where(reached & (distances == count), hops, distances)
    return distances


class SkeletonGraph(nn.Module):
    """The bones that can carry something in each frame: those between joints that were seen.

    The symmetric normalisation of Kipf and Welling, "Semi-supervised classification with graph convolutional networks",
    ICLR 2017: D^-1/2 (A + I) D^-1/2. Where joints are unseen, A is the graph of the others, and D counts only these.

    Args:
        skeleton: whose bones.
    """

    linked: Tensor

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        # Fixed by the skeleton, so no part of the weights.
        linked = torch.from_numpy(skeleton.adjacency) + torch.eye(len(skeleton.joints))
        self.register_buffer("linked", linked, persistent=False)

    def forward(self, seen: Tensor | None) -> Tensor:
        """Normalised adjacency for what was seen, bool [B, T, J]: [B, T, J, J]; or for None: [J, J]."""
        present = torch.ones_like(self.linked[0]) if seen is None else seen.to(self.linked.dtype)
        degree = present @ self.linked  # of seen joints: at least 1, themselves
        scale = present * degree.clamp(min=1).rsqrt()
        return scale[..., :, None] * self.linked * scale[..., None, :]


class GraphConvolution(nn.Module):
    """Average over neighbouring joints, linear layer, batch normalisation, ReLU, dropout.

    Args:
        channels_in: C of the joints that go in.
        channels_out: C' of those that come out.
        dropout: share of the values dropped in training.
    """

    def __init__(self, channels_in: int, channels_out: int, dropout: float) -> None:
        super().__init__()
        # A bias before batch normalisation would be subtracted again.
        self.linear = nn.Linear(channels_in, channels_out, bias=False)
        self.norm = SeenBatchNorm(channels_out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, joints: Tensor, adjacency: Tensor, seen: Tensor | None) -> Tensor:
        """Convolve [B, T, J, C] with [B, T, J, J] (or [J, J]) to [B, T, J, C'].

        What comes out at unseen joints is of no use; the next adjacency has no bone to it.
        """
        mixed = adjacency @ joints  # the narrower side of the linear layer
        convolved: Tensor = self.dropout(functional.relu(self.norm(self.linear(mixed), seen)))
        return convolved


class GraphStage(nn.Module):
    """Graph convolutions, one after the other.

    Args:
        skeleton: whose bones.
        axes: coordinates of a joint.
        channels: values of a joint after each convolution.
        dropout: share of the values dropped in training after each.
    """

    def __init__(self, skeleton: Skeleton, axes: int, channels: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.graph = SkeletonGraph(skeleton)
        sizes = pairwise((axes, *channels))
        self.layers = nn.ModuleList(GraphConvolution(c_in, c_out, dropout) for c_in, c_out in sizes)

    def forward(self, joints: Tensor, seen: Tensor | None) -> Tensor:
        """Joints [B, T, J, axes], 0 where not seen, bool [B, T, J] -> [B, T, J, C]; any value where not seen."""
        adjacency = self.graph(seen)
        for layer in self.layers:
            joints = layer(joints, adjacency, seen)
        return joints
