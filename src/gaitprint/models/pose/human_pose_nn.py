"""HumanPoseNN: joints in pictures by Inception-ResNet-v2, whose features GaitNN recognises people by.

The first of the two networks of Marian Margeta (https://github.com/marian-margeta/gait-recognition): a dropout behind
the trunk, 32 features in each of 17 x 17 cells, and one transposed convolution that paints 17 x 17 places of each heat
map out of each cell; a fixed Gaussian smooths the seams between cells.

Letters: B batch.
"""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor, nn

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.heat_maps import GaussianBlur
from gaitprint.models.pose.inception_resnet_v2 import InceptionResNetV2, start_as_slim


@config_dataclass
class HumanPoseNNConfig:
    """Options of `HumanPoseNN`.

    Args:
        dropout: share of the features' inputs that is dropped in training, in 0..1.
        norm_momentum: weight of a batch in the running statistics of batch normalisation, above 0 and up to 1; the
            published one wants some thousand steps, and a shorter training a larger one.
    """

    dropout: float = 0.3
    norm_momentum: float = 0.001

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise UsageError(f"model.dropout is {self.dropout}, must be at least 0 and below 1")
        if not 0 < self.norm_momentum <= 1:
            raise UsageError(f"model.norm_momentum is {self.norm_momentum}, must be above 0 and at most 1")


class HumanPoseNN(PoseNetwork):
    """Inception-ResNet-v2 that finds 16 joints in a picture, number by number as published; see the module.

    It has 29,663,504 values in 696 tensors, counted as TensorFlow counts the variables of a model: weights, biases and
    the offsets of batch normalisation, which are trained, and its running means and variances, which are not.

    Args:
        config: its options.
    """

    Config: ClassVar[type] = HumanPoseNNConfig
    resolution: ClassVar[int] = 299
    map_resolution: ClassVar[int] = 289

    def __init__(self, config: HumanPoseNNConfig) -> None:
        super().__init__()
        channels = self.feature_shape[0]
        self.trunk = InceptionResNetV2(config.norm_momentum)
        self.dropout = nn.Dropout(config.dropout)
        self.to_features = nn.Conv2d(self.trunk.channels, channels, kernel_size=1)
        self.to_maps = nn.ConvTranspose2d(channels, len(self.skeleton.joints), kernel_size=17, stride=17)
        for layer in (self.to_features, self.to_maps):
            start_as_slim(layer)
        self.map_blur = GaussianBlur(taps=21, deviation=1.0, total=0.2)
        self.blur = GaussianBlur(taps=15, deviation=0.7)

    @classmethod
    def from_config(cls, config: HumanPoseNNConfig) -> Self:
        """Build with fresh weights."""
        return cls(config)

    def features(self, images: Tensor) -> Tensor:
        """See `PoseNetwork.features`."""
        places = self.trunk(images)  # [B, 768, 17, 17]
        features: Tensor = self.to_features(self.dropout(places))  # [B, 32, 17, 17]
        return features
