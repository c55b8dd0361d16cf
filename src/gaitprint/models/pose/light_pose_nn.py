"""LightPoseNN: joints in pictures for two CPU cores, with the interface of HumanPoseNN.

A residual network (He et al., *Identity Mappings in Deep Residual Networks*, ECCV 2016) to an eighth of the resolution
and on to a sixteenth, where every cell sees the whole person (which leg is the left one is a question of the whole
picture), merged back at an eighth (Lin et al., *Feature Pyramid Networks*, CVPR 2017). From there on it is HumanPoseNN
in small: 32 features in each of 17 x 17 cells, of which one transposed convolution makes heat maps.

Letters: B batch, C channels, H W height and width.
"""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.models.pose.heat_maps import GaussianBlur


@config_dataclass
class LightPoseNNConfig:
    """Options of `LightPoseNN`.

    Args:
        channels: at a half, a quarter, an eighth and a sixteenth of the resolution.
        blocks: residual blocks at a quarter, an eighth and a sixteenth.
        dropout: share of the features' inputs that is dropped in training, in 0..1.
    """

    channels: tuple[int, int, int, int] = (24, 48, 96, 128)
    blocks: tuple[int, int, int] = (1, 3, 3)
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if min(*self.channels, *self.blocks) < 1:
            raise UsageError("model.channels and model.blocks must be at least 1 each")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"model.dropout is {self.dropout}, must be at least 0 and below 1")


class LightPoseNN(PoseNetwork):
    """Small residual network that finds 16 joints in a picture, for two CPU cores; see the module.

    Args:
        config: its options.
    """

    Config: ClassVar[type] = LightPoseNNConfig
    resolution: ClassVar[int] = 136
    map_resolution: ClassVar[int] = 68

    def __init__(self, config: LightPoseNNConfig) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = config.channels
        self.stem = nn.Sequential(_convolution(3, half, stride=2), nn.BatchNorm2d(half), nn.ReLU())
        self.quarter = _stage(half, quarter, config.blocks[0])
        self.eighth = _stage(quarter, eighth, config.blocks[1])
        self.sixteenth = _stage(eighth, sixteenth, config.blocks[2])
        self.back = nn.Sequential(
            nn.BatchNorm2d(sixteenth), nn.ReLU(), nn.Conv2d(sixteenth, eighth, kernel_size=1, bias=False)
        )
        self.merged = nn.Sequential(_Block(eighth), nn.BatchNorm2d(eighth), nn.ReLU(), nn.Dropout(config.dropout))
        channels = self.feature_shape[0]
        self.to_features = nn.Conv2d(eighth, channels, kernel_size=1)
        self.to_maps = nn.ConvTranspose2d(channels, len(self.skeleton.joints), kernel_size=8, stride=4, padding=2)
        # A joint covers about a five hundredth of its map: nowhere likely is where to start from.
        nn.init.constant_(_bias(self.to_maps), -6.0)
        self.map_blur = GaussianBlur(taps=5, deviation=1.0)
        self.blur = GaussianBlur(taps=5, deviation=1.0)

    @classmethod
    def from_config(cls, config: LightPoseNNConfig) -> Self:
        """Build with fresh weights."""
        return cls(config)

    def features(self, images: Tensor) -> Tensor:
        """See `PoseNetwork.features`."""
        near = self.eighth(self.quarter(self.stem(images)))  # [B, C, 17, 17]
        whole = self.back(self.sixteenth(near))  # [B, C, 9, 9]
        whole = functional.interpolate(whole, size=near.shape[2:], mode="bilinear", align_corners=False)
        features: Tensor = self.to_features(self.merged(near + whole))  # [B, 32, 17, 17]
        return features


class _Block(nn.Module):
    """Two 3x3 convolutions, normalised and rectified before each, around which the input passes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        first, second = _convolution(channels, channels), _convolution(channels, channels)
        # Every block starts as the identity, and the network as a shallow one.
        nn.init.zeros_(second.weight)
        self.body = nn.Sequential(
            *(nn.BatchNorm2d(channels), nn.ReLU(), first), *(nn.BatchNorm2d(channels), nn.ReLU(), second)
        )

    def forward(self, inputs: Tensor) -> Tensor:
        result: Tensor = inputs + self.body(inputs)
        return result


def _stage(channels: int, out: int, blocks: int) -> nn.Sequential:
    """Halve height and width, then refine: [B, channels, H, W] -> [B, out, ceil(H / 2), ceil(W / 2)]."""
    return nn.Sequential(_convolution(channels, out, stride=2), *(_Block(out) for _ in range(blocks)))


def _convolution(channels: int, out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel_size=3, stride=stride, padding=1, bias=False)


def _bias(layer: nn.ConvTranspose2d) -> Tensor:
    assert isinstance(layer.bias, torch.nn.Parameter)
    return layer.bias
