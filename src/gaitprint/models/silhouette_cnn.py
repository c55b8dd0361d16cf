"""The CNN that `cnn_gei` and `cnn_gru` share: image in, 128 values out."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from gaitprint.models.base import GaitModel

CHANNELS = (32, 64, 128)

Normalisation = Literal["batch", "group", "none"]


class SilhouetteCnn(GaitModel):
    """Base of the models that look at single-channel images with three convolutions.

    Args:
        normalisation: after each convolution: ``batch`` as specified, ``group`` (8 groups) or ``none``, both of which
            make every image's result independent of the others in its batch.
    """

    def __init__(self, normalisation: Normalisation) -> None:
        super().__init__()
        inputs = (1, *CHANNELS[:-1])
        # A bias before batch or group normalisation would be subtracted again.
        self.convolutions = nn.ModuleList(
            nn.Conv2d(c_in, c_out, 3, padding=1, bias=normalisation == "none")
            for c_in, c_out in zip(inputs, CHANNELS, strict=True)
        )
        self.normalisations = nn.ModuleList(_normalisation(normalisation, c_out) for c_out in CHANNELS)

    def describe(self, images: Tensor) -> Tensor:
        """Describe each image by itself, but for the statistics that batch normalisation takes over all in training.

        Args:
            images: float32 [N, 1, H, W] in [-1, 1]; H and W multiples of 4.

        Returns:
            [N, 128], >= 0.
        """
        features = images
        for convolution, normalisation in zip(self.convolutions[:-1], self.normalisations[:-1], strict=True):
            features = normalisation(convolution(features))
            # Maximum and ReLU commute; pooling first leaves the ReLU a quarter of the pixels.
            features = functional.relu(functional.max_pool2d(features, 2))  # [N, C, H, W] -> [N, C', H/2, W/2]
        features = functional.relu(self.normalisations[-1](self.convolutions[-1](features)))
        # The mean over pixels as rows: its gradient is laid out as the features are, channels last. That of the mean
        # over dim=(2, 3) is not, and the ReLU's gradient took a tenth of the training for it.
        return features.permute(0, 2, 3, 1).flatten(1, 2).mean(dim=1)  # [N, 128, H/4, W/4] -> [N, 128]


def _normalisation(name: Normalisation, channels: int) -> nn.Module:
    if name == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(8, channels) if name == "group" else nn.Identity()
