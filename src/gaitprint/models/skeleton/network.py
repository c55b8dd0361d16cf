"""What the networks on skeletons share: their options about the skeleton, and the input that they declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.skeletons import get_skeleton
from gaitprint.models.base import GaitModel, ModelOutput


@config_dataclass
class SkeletonNetworkConfig:
    """Options of every network on skeletons.

    Args:
        skeleton: whose joints and bones: a name in `core.skeletons.SKELETONS`, or the definition of another.
        axes: 3 for positions in metres, 2 for positions in the image.
        embedding: D.
    """

    skeleton: str | dict[str, Any] = "kinect-v1-20"
    axes: Literal[2, 3] = 3
    embedding: int = 256


class SkeletonNetwork(GaitModel):
    """Base of the networks on skeletons: clips of preprocessed joints in, one part of D values out.

    Args:
        config: the network's options.
    """

    distance: ClassVar[str] = "cosine"

    def __init__(self, config: SkeletonNetworkConfig) -> None:
        super().__init__()
        self.skeleton = get_skeleton(config.skeleton)
        self.num_joints = len(self.skeleton.joints)
        self.axes: int = config.axes
        self.embedding_size = config.embedding

    @classmethod
    def default_input(cls, config: SkeletonNetworkConfig) -> Mapping[str, Any]:
        """Clips of 60 consecutive frames of preprocessed joints."""
        joints = {"representation": "joints", "skeleton": config.skeleton, "axes": config.axes}
        return {**joints, "preprocessing": {}, "frames": 60, "sampling": "clip"}

    def without_nobody(self, output: ModelOutput, inputs: Tensor) -> ModelOutput:
        """Leave a walk (or a clip of one) without any seen joint without an embedding: NaN, but in training.

        Whatever else the network makes of nothing is like that of all others who were not seen.

        Args:
            output: of the network.
            inputs: float32 [B, T, J, axes + 1], what it was made from.
        """
        if self.training:
            return output
        nobody = ~(inputs[..., -1] > 0).any(dim=2).any(dim=1)
        return output._replace(embedding=output.embedding.masked_fill(nobody[:, None, None], torch.nan))

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part of D values."""
        return 1, self.embedding_size

    def example_inputs(self, batch: int) -> Tensor:
        """Random joints [batch, 12, J, axes + 1], one in ten unseen; the first walk has two frames less."""
        positions = torch.randn(batch, 12, self.num_joints, self.axes)
        confidence = (torch.rand(batch, 12, self.num_joints, 1) > 0.1).float()
        confidence[0, 10:] = 0
        return torch.cat([positions, confidence], dim=-1)
