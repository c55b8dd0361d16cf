"""The baseline that every skeleton model has to beat: who has which bone lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.skeletons import get_skeleton
from gaitprint.models.base import GaitModel, ModelOutput
from gaitprint.models.masked_statistics import masked_quantiles


@config_dataclass
class AnthropometryConfig:
    """Options of `Anthropometry`.

    Args:
        skeleton: whose bones are measured; walks recorded with another skeleton are converted where that is possible.
    """

    skeleton: str = "kinect-v1-20"


class Anthropometry(GaitModel):
    """Median bone lengths of a walk, in metres; no training.

    Compared by the Euclidean distance of bone lengths that are each standardised over the evaluated walks, as in
    Andersson and Araujo, "Person identification using anthropometric and gait data from Kinect sensor", AAAI 2015.
    """

    Config: ClassVar[type] = AnthropometryConfig
    distance: ClassVar[str] = "standardised-euclidean"
    trainable: ClassVar[bool] = False

    bones: Tensor

    def __init__(self, config: AnthropometryConfig) -> None:
        super().__init__()
        skeleton = get_skeleton(config.skeleton)
        self.num_joints = len(skeleton.joints)
        self.register_buffer("bones", torch.from_numpy(np.ascontiguousarray(skeleton.bone_indices)), persistent=False)

    @classmethod
    def from_config(cls, config: AnthropometryConfig, num_subjects: int | None) -> Self:
        """Build from options; there is no classifier, whatever `num_subjects` says."""
        return cls(config)

    @classmethod
    def default_input(cls, config: AnthropometryConfig) -> Mapping[str, Any]:
        """All frames of the joints in space."""
        return {"representation": "joints", "skeleton": config.skeleton, "axes": 3}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part, one value a bone."""
        return 1, len(self.bones)

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Measure the bones of each walk.

        Args:
            inputs: float32 [B, T, J, 4]: x, y, z in metres and confidence; what has confidence 0 does not count.

        Returns:
            embedding [B, 1, bones] in metres: the median over the frames that show both ends of a bone, the mean of
            the two middle lengths where their number is even; NaN for a bone that no frame shows. No logits.
        """
        positions, confidence = inputs[..., :3], inputs[..., 3]
        parents, children = self.bones.unbind(dim=1)
        lengths = (positions[:, :, children] - positions[:, :, parents]).norm(dim=-1)  # [B, T, bones]
        seen = (confidence[:, :, children] > 0) & (confidence[:, :, parents] > 0)
        (median,) = masked_quantiles(lengths, seen, (0.5,))
        return ModelOutput(median.unsqueeze(1), None)

    def example_inputs(self, batch: int) -> Tensor:
        """Random joints [batch, 12, J, 4], one in ten unseen."""
        joints = torch.randn(batch, 12, self.num_joints, 3)
        confidence = (torch.rand(batch, 12, self.num_joints, 1) > 0.1).float()
        return torch.cat([joints, confidence], dim=-1)
