"""What a convolutional network looks at beside the joints themselves: their motion, and the bones between them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.skeletons import Skeleton
from gaitprint.models.skeleton.normalisation import JointStandardisation

# Frames over which motion is measured.
_STEPS = (1, 2)


class SkeletonStreams(nn.Module):
    """Joints about the body's centre, motion, and bones; each value standardised, the mean where it was not seen.

    The three inputs of Song et al., "Stronger, faster and more explainable: a graph convolutional baseline for
    skeleton-based action recognition", ACM MM 2020, with two differences: joints come about the centre only, for where
    in the room somebody walks says nothing of who it is; and a bone's direction comes as a unit vector instead of
    angles, whose derivative has no poles.

    - joints, C values: position less that of the centre, the joint that no bone leads to (the pelvis of most). In a
      frame without it, the average of the seen joints stands in, shifted as the centre usually is from it.
    - motion, 2 C values: way to the next frame and to the one after, 0 at the end of the walk. It includes the way of
      the whole body.
    - bones, 2 C + 1 values at the bone's far end: vector from its near end, its length, its direction.

    Args:
        skeleton: whose joints and bones.
        axes: C, coordinates of a joint.
    """

    parent: Tensor
    is_child: Tensor

    def __init__(self, skeleton: Skeleton, axes: int) -> None:
        super().__init__()
        parent = np.arange(len(skeleton.joints))
        parent[skeleton.bone_indices[:, 1]] = skeleton.bone_indices[:, 0]
        is_child = parent != np.arange(len(parent))
        # No bone need lead to anything in a skeleton of single joints; then the first is the centre as well.
        self.centre = int(np.argmin(is_child))
        self.register_buffer("parent", torch.from_numpy(parent), persistent=False)
        self.register_buffer("is_child", torch.from_numpy(is_child), persistent=False)
        self.sizes = (axes, len(_STEPS) * axes, 2 * axes + 1)
        self.standardise = nn.ModuleList(JointStandardisation(len(parent), size) for size in self.sizes)

    def forward(self, joints: Tensor, seen: Tensor | None) -> list[Tensor]:
        """Look at joints in three ways.

        Args:
            joints: float32 [B, T, J, C], 0 where not seen.
            seen: bool [B, T, J]; None for all True.

        Returns:
            joints [B, T, J, C], motion [B, T, J, 2 C] and bones [B, T, J, 2 C + 1].
        """
        if seen is None:
            seen = torch.ones_like(joints[..., 0], dtype=torch.bool)
        streams = (self._centred(joints, seen), self._motion(joints, seen), self._bones(joints, seen))
        return [norm(values, known) for norm, (values, known) in zip(self.standardise, streams, strict=True)]

    def _centred(self, joints: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Positions about the centre [B, T, J, C], and bool [B, T, J, 1]."""
        average = joints.sum(dim=2) / seen.sum(dim=2, keepdim=True).clamp(min=1)  # [B, T, C]
        centre, has_centre = joints[:, :, self.centre], seen[:, :, self.centre, None]  # [B, T, C], [B, T, 1]
        shift = ((centre - average) * has_centre).sum(dim=1, keepdim=True)
        shift = shift / has_centre.sum(dim=1, keepdim=True).clamp(min=1)  # [B, 1, C], 0 in a walk that never shows it
        return joints - torch.where(has_centre, centre, average + shift)[:, :, None], seen[..., None]

    def _motion(self, joints: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Way to the next frames [B, T, J, 2 C], and bool of the same shape."""
        ways, known = [], []
        for step in _STEPS:
            # Pads from the last axis to the first: the end of the frames.
            ways.append(functional.pad(joints[:, step:], (0, 0, 0, 0, 0, step))[:, : joints.shape[1]] - joints)
            both = functional.pad(seen[:, step:], (0, 0, 0, step))[:, : joints.shape[1]] & seen
            known.append(both[..., None].expand_as(joints))
        return torch.cat(ways, dim=-1), torch.cat(known, dim=-1)

    def _bones(self, joints: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Vector, length and direction of the bones [B, T, J, 2 C + 1], and bool [B, T, J, 1]."""
        vectors = joints - joints[:, :, self.parent]
        lengths = vectors.norm(dim=-1, keepdim=True)
        bones = torch.cat([vectors, lengths, vectors / lengths.clamp(min=1e-6)], dim=-1)
        return bones, (seen & seen[:, :, self.parent] & self.is_child)[..., None]
