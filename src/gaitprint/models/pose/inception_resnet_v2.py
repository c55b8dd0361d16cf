"""Inception-ResNet-v2 up to its auxiliary tower, which is padded here and so keeps 17 x 17 cells.

Szegedy, Ioffe, Vanhoucke and Alemi, *Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning*, AAAI 2017, in the variant of TensorFlow's slim: 10 and 20 residual blocks, batch normalisation without a
factor, and fresh weights after Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural
networks*, AISTATS 2010. What slim has behind the second stage of blocks is left out.

Letters: B batch, C channels, H W height and width.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.models.shifted_batch_norm import ShiftedBatchNorm


class InceptionResNetV2(nn.Module):
    """Pictures [B, 3, 299, 299] in -1..1 -> [B, 768, 17, 17], not negative.

    Args:
        norm_momentum: weight of a batch in the running statistics of batch normalisation, in 0..1.
    """

    channels: ClassVar[int] = 768

    def __init__(self, norm_momentum: float) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            NormalisedConvolution(3, 32, 3, norm_momentum, stride=2, padded=False),  # [B, 32, 149, 149]
            NormalisedConvolution(32, 32, 3, norm_momentum, padded=False),  # [B, 32, 147, 147]
            NormalisedConvolution(32, 64, 3, norm_momentum),
            nn.MaxPool2d(kernel_size=3, stride=2),  # [B, 64, 73, 73]
            NormalisedConvolution(64, 80, 1, norm_momentum),
            NormalisedConvolution(80, 192, 3, norm_momentum, padded=False),  # [B, 192, 71, 71]
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.mixed_5b = _mixed_5b(norm_momentum)
        self.blocks_35 = nn.Sequential(*(_block_35(norm_momentum) for _ in range(10)))
        self.mixed_6a = _mixed_6a(norm_momentum)
        self.blocks_17 = nn.Sequential(*(_block_17(norm_momentum) for _ in range(20)))
        self.auxiliary = nn.Sequential(
            _same_average_pool(5),
            NormalisedConvolution(1088, 128, 1, norm_momentum),
            NormalisedConvolution(128, self.channels, 5, norm_momentum),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Compute the auxiliary tower's last layer before its scores."""
        maps = self.stem(images)  # [B, 192, 35, 35]
        maps = self.blocks_35(self.mixed_5b(maps))  # [B, 320, 35, 35]
        maps = self.blocks_17(self.mixed_6a(maps))  # [B, 1088, 17, 17]
        result: Tensor = self.auxiliary(maps)  # [B, 768, 17, 17]
        return result


class NormalisedConvolution(nn.Module):
    """Convolution without bias, batch normalisation, rectifier: [B, channels, H, W] -> [B, out, H', W'].

    Args:
        channels: of the input.
        out: channels of the output.
        kernel: (height, width), odd; one number for both.
        norm_momentum: weight of a batch in the running statistics, in 0..1.
        stride: of both axes.
        padded: with zeros, so that stride 1 keeps H and W; otherwise the kernel stays inside.
    """

    def __init__(
        self,
        channels: int,
        out: int,
        kernel: int | tuple[int, int],
        norm_momentum: float,
        stride: int = 1,
        padded: bool = True,
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if padded else 0
        self.convolution = nn.Conv2d(channels, out, (height, width), stride, padding, bias=False)
        nn.init.xavier_uniform_(self.convolution.weight)
        self.norm = ShiftedBatchNorm(out, epsilon=1e-3, momentum=norm_momentum)

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve, normalise, rectify."""
        return functional.relu(self.norm(self.convolution(maps)), inplace=True)


class Branches(nn.Module):
    """Several ways from one input side by side, their channels one after the other.

    Args:
        branches: each [B, channels, H, W] -> [B, its own channels, H', W'].
    """

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, maps: Tensor) -> Tensor:
        """Apply every branch and join the results along the channels."""
        return torch.cat([branch(maps) for branch in self.branches], dim=1)


class InceptionBlock(nn.Module):
    """Branches, projected back to the channels of their input, scaled and added to it; then a rectifier.

    Args:
        branches: [B, channels, H, W] -> [B, joined, H, W].
        joined: channels of all branches together.
        channels: of input and output.
        scale: of what is added.
    """

    def __init__(self, branches: Branches, joined: int, channels: int, scale: float) -> None:
        super().__init__()
        self.branches = branches
        self.projection = nn.Conv2d(joined, channels, kernel_size=1)
        start_as_slim(self.projection)
        self.scale = scale

    def forward(self, maps: Tensor) -> Tensor:
        """Refine [B, channels, H, W]."""
        return functional.relu(maps + self.scale * self.projection(self.branches(maps)))


def start_as_slim(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Give a layer slim's fresh weights: Glorot's uniform ones, and biases of 0."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _mixed_5b(momentum: float) -> Branches:
    """[B, 192, 35, 35] -> [B, 320, 35, 35]."""
    return Branches(
        _chain(momentum, 192, (96, 1)),
        _chain(momentum, 192, (48, 1), (64, 5)),
        _chain(momentum, 192, (64, 1), (96, 3), (96, 3)),
        nn.Sequential(_same_average_pool(3), NormalisedConvolution(192, 64, 1, momentum)),
    )


def _block_35(momentum: float) -> InceptionBlock:
    """[B, 320, 35, 35] -> the same."""
    branches = Branches(
        _chain(momentum, 320, (32, 1)),
        _chain(momentum, 320, (32, 1), (32, 3)),
        _chain(momentum, 320, (32, 1), (48, 3), (64, 3)),
    )
    return InceptionBlock(branches, joined=32 + 32 + 64, channels=320, scale=0.17)


def _mixed_6a(momentum: float) -> Branches:
    """[B, 320, 35, 35] -> [B, 1088, 17, 17]."""
    return Branches(
        nn.Sequential(NormalisedConvolution(320, 384, 3, momentum, stride=2, padded=False)),
        nn.Sequential(
            *_chain(momentum, 320, (256, 1), (256, 3)),
            NormalisedConvolution(256, 384, 3, momentum, stride=2, padded=False),
        ),
        nn.MaxPool2d(kernel_size=3, stride=2),
    )


def _block_17(momentum: float) -> InceptionBlock:
    """[B, 1088, 17, 17] -> the same."""
    branches = Branches(
        _chain(momentum, 1088, (192, 1)),
        _chain(momentum, 1088, (128, 1), (160, (1, 7)), (192, (7, 1))),
    )
    return InceptionBlock(branches, joined=192 + 192, channels=1088, scale=0.10)


def _chain(momentum: float, channels: int, *layers: tuple[int, int | tuple[int, int]]) -> nn.Sequential:
    """Convolutions one after the other that keep H and W, each (channels of its output, kernel)."""
    inputs = (channels, *(out for out, _ in layers))
    return nn.Sequential(
        *(NormalisedConvolution(before, *layer, momentum) for before, layer in zip(inputs, layers, strict=False))
    )


def _same_average_pool(kernel: int) -> nn.AvgPool2d:
    """Mean over a square window with stride 1; at the border over what lies inside the map, as TensorFlow has it."""
    return nn.AvgPool2d(kernel, stride=1, padding=kernel // 2, count_include_pad=False)
