"""What every pose network is: pictures of one person in, features and joint heat maps out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor, nn

from gaitprint.core.skeletons import MPII_16, Skeleton
from gaitprint.models.pose.heat_maps import GaussianBlur, locate


class PoseOutput(NamedTuple):
    """What a forward pass returns.

    Args:
        features: [B, 32, 17, 17], the last layer before the heat maps; GaitNN recognises people by them.
        logits: [B, 16, M, M]; their sigmoid is the probability that a joint is at a place.
    """

    features: Tensor
    logits: Tensor


class JointPositions(NamedTuple):
    """Where the joints are.

    Args:
        positions: float32 [B, 16, 2], pixels of the input, x right and y down.
        probabilities: float32 [B, 16] in 0..1.
    """

    positions: Tensor
    probabilities: Tensor


class PoseNetwork(nn.Module, ABC):
    """Base of all pose networks; letters: B batch, R resolution of the input, M of the heat maps.

    A frame is one picture of one person, and a walk any number of frames: time is a batch axis here.

    Attributes:
        Config: the `config_dataclass` with the network's options.
        resolution: R.
        map_resolution: M.
        skeleton: the joints, in the order of their axis.
        feature_shape: of one frame's features: channels, height, width.
        to_maps: from features to heat maps.
        map_blur: smooths what `to_maps` gives; heat-map logits are its result.
        blur: smooths heat maps before joints are located.
    """

    Config: ClassVar[type]
    resolution: ClassVar[int]
    map_resolution: ClassVar[int]
    skeleton: ClassVar[Skeleton] = MPII_16
    feature_shape: ClassVar[tuple[int, int, int]] = (32, 17, 17)
    to_maps: nn.Module
    map_blur: GaussianBlur
    blur: GaussianBlur

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any) -> Self:
        """Build the network with fresh weights from torch's random generator; `config` is a `cls.Config`."""

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """Return the features [B, 32, 17, 17] of images float [B, 3, R, R], RGB in -1..1."""

    def forward(self, images: Tensor) -> PoseOutput:
        """Compute features and heat-map logits of float [B, 3, R, R], RGB in -1..1."""
        features = self.features(images)  # [B, 32, 17, 17]
        return PoseOutput(features, self.map_blur(self.to_maps(features)))  # [B, 16, M, M]

    def drop_heat_maps(self) -> None:
        """Delete the layers behind the features; what remains can do nothing but `features`."""
        del self.to_maps, self.map_blur, self.blur

    def heat_maps(self, images: Tensor) -> Tensor:
        """Return the probability [B, 16, M, M] of each joint at each place for images [B, 3, R, R] in -1..1."""
        return self.forward(images).logits.sigmoid()

    def joint_positions(self, images: Tensor) -> JointPositions:
        """Return the joints of images [B, 3, R, R] in -1..1."""
        return self.decode(self.forward(images).logits)

    def decode(self, logits: Tensor) -> JointPositions:
        """Turn heat-map logits [B, 16, M, M] into joints."""
        places, probabilities = locate(logits.float().sigmoid(), self.blur)
        return JointPositions(places * (self.resolution / self.map_resolution), probabilities)

    def example_inputs(self, batch: int) -> Tensor:
        """Random but valid images for tests, traces and exports."""
        return torch.rand(batch, 3, self.resolution, self.resolution) * 2 - 1
