"""CNN on gait energy images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.models.base import GaitModel, ModelOutput

CHANNELS = (32, 64, 128)


@config_dataclass
class CnnGeiConfig:
    """Options of `CnnGei`.

    Args:
        normalisation: after each convolution: ``batch`` as specified, ``group`` (8 groups) or ``none``, both of which
            make every walk's result independent of the others in its batch.
    """

    normalisation: Literal["batch", "group", "none"] = "batch"


class CnnGei(GaitModel):
    """CNN on gait energy images: three convolutions, global average pooling, 128 values.

    The gait energy image is that of Han and Bhanu, "Individual recognition using gait energy image", TPAMI 2006.
    """

    Config: ClassVar[type] = CnnGeiConfig
    distance: ClassVar[str] = "cosine"

    def __init__(self, config: CnnGeiConfig, num_subjects: int | None) -> None:
        super().__init__()
        inputs = (1, *CHANNELS[:-1])
        # A bias before batch or group normalisation would be subtracted again.
        self.convolutions = nn.ModuleList(
            nn.Conv2d(c_in, c_out, 3, padding=1, bias=config.normalisation == "none")
            for c_in, c_out in zip(inputs, CHANNELS, strict=True)
        )
        self.normalisations = nn.ModuleList(_normalisation(config.normalisation, c_out) for c_out in CHANNELS)
        self.classifier = None if num_subjects is None else nn.Linear(CHANNELS[-1], num_subjects)

    @classmethod
    def from_config(cls, config: CnnGeiConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    @classmethod
    def default_input(cls, config: CnnGeiConfig) -> Mapping[str, Any]:
        """Gait energy images of 128 x 88 pixels."""
        return {"representation": "gei", "size": [128, 88]}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part of 128 values."""
        return 1, CHANNELS[-1]

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed gait energy images.

        Args:
            inputs: float32 [B, 1, H, W] in [-1, 1]; 128 x 88 as specified, any multiple of 4 works.

        Returns:
            embedding [B, 1, 128] >= 0 and logits [B, 1, S].
        """
        features = inputs
        for convolution, normalisation in zip(self.convolutions[:-1], self.normalisations[:-1], strict=True):
            features = normalisation(convolution(features))
            # Maximum and ReLU commute; pooling first leaves the ReLU a quarter of the pixels.
            features = functional.relu(functional.max_pool2d(features, 2))  # [B, C, H, W] -> [B, C', H/2, W/2]
        features = functional.relu(self.normalisations[-1](self.convolutions[-1](features)))
        embedding = features.mean(dim=(2, 3)).unsqueeze(1)  # [B, 128, H/4, W/4] -> [B, 1, 128]
        return ModelOutput(embedding, None if self.classifier is None else self.classifier(embedding))

    def example_inputs(self, batch: int) -> Tensor:
        """Random images [batch, 1, 128, 88] in [-1, 1]."""
        return torch.rand(batch, 1, 128, 88) * 2 - 1


def _normalisation(name: str, channels: int) -> nn.Module:
    if name == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(8, channels) if name == "group" else nn.Identity()
