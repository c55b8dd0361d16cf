"""CNN on gait energy images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from gaitprint.core.config import config_dataclass
from gaitprint.models.base import ModelOutput
from gaitprint.models.silhouette_cnn import CHANNELS, Normalisation, SilhouetteCnn


@config_dataclass
class CnnGeiConfig:
    """Options of `CnnGei`.

    Args:
        normalisation: after each convolution: ``batch`` as specified, ``group`` (8 groups) or ``none``, both of which
            make every walk's result independent of the others in its batch.
    """

    normalisation: Normalisation = "batch"


class CnnGei(SilhouetteCnn):
    """CNN on gait energy images: three convolutions, global average pooling, 128 values.

    The gait energy image is that of Han and Bhanu, "Individual recognition using gait energy image", TPAMI 2006.
    """

    Config: ClassVar[type] = CnnGeiConfig
    distance: ClassVar[str] = "cosine"

    def __init__(self, config: CnnGeiConfig, num_subjects: int | None) -> None:
        super().__init__(config.normalisation)
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
        embedding = self.describe(inputs).unsqueeze(1)  # [B, 128] -> [B, 1, 128]
        return ModelOutput(embedding, None if self.classifier is None else self.classifier(embedding))

    def example_inputs(self, batch: int) -> Tensor:
        """Random images [batch, 1, 128, 88] in [-1, 1]."""
        return torch.rand(batch, 1, 128, 88) * 2 - 1
