"""GaitBERT: learns gait by filling in hidden parts of silhouette clips, and identifies by what it learnt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field, replace
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.reconstruction import Reconstruction
from gaitprint.models.base import GaitModel, ModelOutput
from gaitprint.models.masking import Masking, sample_hidden
from gaitprint.models.temporal_encoding import temporal_encoding

EMBEDDING, HEAD = 512, (256, 128)


@config_dataclass
class GaitBertConfig:
    """Options of `GaitBert`; the defaults are the full size, for a GPU.

    Args:
        channels: of the levels of the U-Net; each level has half the height and width of the one before.
        patch: height and width in pixels of the patches that the frame embedding turns into vectors; must divide the
            height and the width of the frames.
        strips: horizontal strips of the body that are pooled each by itself; 1 pools the whole frame.
        decoder: hide parts of the input in training, and fill them in; without it, the model is a plain encoder.
        masking: what is hidden.
        identity: what the embedding of a training clip is computed from: ``whole``, the clip as it is, while a copy of
            `masking.clips` of the batch is filled in beside it; ``shown``, what the masking left of it, so that one
            pass serves both.
        normalisation: after each convolution: ``batch``, or ``group`` (8 groups), which hidden input cannot shift.
        dropout: share of the embedding's values that are dropped before the classifier in training.
    """

    channels: tuple[int, ...] = (64, 128, 256, 512)
    patch: int = 1
    strips: int = 4
    decoder: bool = True
    masking: Masking = field(default_factory=Masking)
    identity: Literal["whole", "shown"] = "whole"
    normalisation: Literal["batch", "group"] = "batch"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not self.channels or any(channels % 8 or channels < 8 for channels in self.channels):
            raise UsageError(f"model.channels is {list(self.channels)}: each must be a multiple of 8")
        if self.patch < 1 or self.strips < 1:
            raise UsageError("model.patch and model.strips must be at least 1")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"model.dropout is {self.dropout}, must be at least 0 and below 1")


class GaitBert(GaitModel):
    """U-Net on clips of silhouettes that fills in what is hidden and tells people apart.

    Clip -> parts of it hidden -> frame embedding with temporal positional encoding -> 3-D U-Net encoder -> bottleneck.
    From the bottleneck: a 512-d embedding with a classifier 512-256-128-S, and a decoder with skip connections that
    gives as many frames as went in. Time is never pooled inside, so clips may have any number of frames.

    U-Net: Ronneberger, Fischer and Brox, MICCAI 2015; in 3-D: Cicek et al., MICCAI 2016. Learning by filling in: Devlin
    et al., "BERT", NAACL 2019; He et al., "Masked autoencoders are scalable vision learners", CVPR 2022.
    """

    Config: ClassVar[type] = GaitBertConfig
    distance: ClassVar[str] = "cosine"

    def __init__(self, config: GaitBertConfig, num_subjects: int | None) -> None:
        super().__init__()
        self.masking = config.masking
        self.identity = config.identity
        self.strips = config.strips
        channels = config.channels
        self.frame_embedding = FrameEmbedding(config.patch, channels[0])
        self.encoder = Encoder(channels, config.normalisation)
        self.embedding = nn.Linear(2 * config.strips * channels[-1], EMBEDDING)
        self.decoder = Decoder(channels, config.patch, config.normalisation) if config.decoder else None
        self.classifier = None if num_subjects is None else _head(num_subjects, config.dropout)

    @classmethod
    def from_config(cls, config: GaitBertConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    @classmethod
    def default_input(cls, config: GaitBertConfig) -> Mapping[str, Any]:
        """Clips of 50 consecutive silhouettes of 64 x 64 pixels."""
        return {"representation": "silhouettes", "size": [64, 64], "frames": 50, "sampling": "clip"}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part of 512 values."""
        return 1, EMBEDDING

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed clips; in training, hide parts of them and fill these in.

        Args:
            inputs: float32 [B, T, 1, H, W] in [-1, 1]; H and W multiples of the patch size.

        Returns:
            embedding [B, 1, 512] and logits [B, 1, S]; in training also the reconstruction, of those clips that had
            parts hidden.

        Raises:
            UsageError: frames that the patches do not tile.
        """
        truth = (inputs + 1) / 2
        if not self.training or self.decoder is None:
            return self._identify(self._encode(truth, None)[-1])
        if self.identity == "shown":
            hidden = sample_hidden(truth.shape, self.masking, truth.device, None)
            levels = self._encode(truth, hidden)
            filled = Reconstruction(self.decoder(levels), truth, hidden)
            return self._identify(levels[-1])._replace(reconstruction=filled)
        whole = len(truth)
        copies = truth[torch.randperm(whole, device=truth.device)[: math.ceil(self.masking.clips * whole)]]
        hidden = sample_hidden(copies.shape, replace(self.masking, clips=1.0), truth.device, None)
        # One pass for both: batch normalisation then treats whole clips in training as it will in evaluation.
        levels = self._encode(
            torch.cat([truth, copies]), torch.cat([torch.zeros_like(truth, dtype=torch.bool), hidden])
        )
        filled = Reconstruction(self.decoder([level[whole:] for level in levels]), copies, hidden)
        return self._identify(levels[-1][:whole])._replace(reconstruction=filled)

    def reconstruct(self, inputs: Tensor, hidden: Tensor) -> Reconstruction:
        """Fill in what is hidden.

        Args:
            inputs: float32 [B, T, 1, H, W] in [-1, 1].
            hidden: bool [B, T, 1, H, W], as `masking.sample_hidden` draws it.

        Raises:
            UsageError: a model without a decoder.
        """
        if self.decoder is None:
            raise UsageError("this model was trained without a decoder (model.decoder=false), it reconstructs nothing")
        truth = (inputs + 1) / 2
        return Reconstruction(self.decoder(self._encode(truth, hidden)), truth, hidden)

    def example_inputs(self, batch: int) -> Tensor:
        """Random clips [batch, 6, 1, 32, 24] in [-1, 1]."""
        return torch.rand(batch, 6, 1, 32, 24) * 2 - 1

    def _encode(self, truth: Tensor, hidden: Tensor | None) -> list[Tensor]:
        """Clips [B, T, 1, H, W] -> the levels of the encoder, [B, C, T, H', W'] each, the bottleneck last."""
        unseen = torch.zeros_like(truth) if hidden is None else hidden.to(truth.dtype)
        shown = torch.cat([truth * (1 - unseen), unseen], dim=2)  # [B, T, 2, H, W]
        levels: list[Tensor] = self.encoder(self.frame_embedding(shown))
        return levels

    def _identify(self, bottleneck: Tensor) -> ModelOutput:
        """Embed and classify [B, C, T, h, w]."""
        embedding = self.embedding(self._pool(bottleneck)).unsqueeze(1)  # [B, 2 * strips * C] -> [B, 1, 512]
        return ModelOutput(embedding, None if self.classifier is None else self.classifier(embedding))

    def _pool(self, bottleneck: Tensor) -> Tensor:
        """Maximum and mean of each horizontal strip over the clip: [B, C, T, h, w] -> [B, 2 * strips * C]."""
        over_time = torch.cat([bottleneck.amax(dim=(2, 4)), bottleneck.mean(dim=(2, 4))], dim=1)  # [B, 2C, h]
        return functional.adaptive_avg_pool1d(over_time, self.strips).flatten(1)


class FrameEmbedding(nn.Module):
    """Each patch of each frame becomes a vector, to which the time of the frame is added.

    Args:
        patch: height and width of a patch in pixels.
        channels: C, values of a vector; even.
    """

    def __init__(self, patch: int, channels: int) -> None:
        super().__init__()
        self.patch = patch
        self.project = nn.Conv2d(2, channels, patch, stride=patch)

    def forward(self, shown: Tensor) -> Tensor:
        """Embed [B, T, 2, H, W], silhouettes with 0 where hidden, and what is hidden, as [B, C, T, H', W']."""
        batch, frames, _, height, width = shown.shape
        if height % self.patch or width % self.patch:
            raise UsageError(f"frames of {height} x {width} pixels are not tiled by patches of {self.patch}")
        vectors = self.project(shown.flatten(0, 1)).unflatten(0, (batch, frames)).transpose(1, 2)  # [B, C, T, H', W']
        time = temporal_encoding(frames, vectors.shape[1], vectors.device)  # [T, C]
        summed: Tensor = vectors + time.T[:, :, None, None]
        return summed


class Encoder(nn.Module):
    """Levels of 3-D convolutions, each at half the height and width of the one before."""

    def __init__(self, channels: tuple[int, ...], normalisation: str) -> None:
        super().__init__()
        inputs = (channels[0], *channels[:-1])
        self.levels = nn.ModuleList(
            _convolution(c_in, c_out, normalisation) for c_in, c_out in zip(inputs, channels, strict=True)
        )

    def forward(self, features: Tensor) -> list[Tensor]:
        """Encode [B, C, T, H, W]; return every level's [B, C', T, H', W'], the first one full size."""
        outputs = [self.levels[0](features)]
        for level in self.levels[1:]:
            # Rounding up keeps the last row and column of odd sizes.
            outputs.append(level(functional.max_pool3d(outputs[-1], (1, 2, 2), ceil_mode=True)))
        return outputs


class Decoder(nn.Module):
    """The way back up: each level is enlarged, joined with the encoder's level of that size, and convolved.

    It looks at one frame at a time: what neighbouring frames show is in the levels of the encoder already, and a light
    decoder leaves the learning to the encoder (He et al., CVPR 2022).
    """

    def __init__(self, channels: tuple[int, ...], patch: int, normalisation: str) -> None:
        super().__init__()
        steps = list(pairwise(reversed(channels)))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(deep, c, 2, stride=2) for deep, c in steps)
        self.levels = nn.ModuleList(_frame_convolution(2 * c, c, normalisation) for _, c in steps)
        self.pixels = nn.Conv2d(channels[0], patch * patch, 1)
        self.patch = patch

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Decode the encoder's levels [B, C, T, h, w]; return logits [B, T, 1, H, W]."""
        batch = len(levels[0])
        frames = [level.transpose(1, 2).flatten(0, 1) for level in levels]  # [B * T, C, h, w]
        features = frames[-1]
        for enlarge, level, skip in zip(self.enlarge, self.levels, frames[-2::-1], strict=True):
            # An odd size was rounded up on the way down; its surplus row or column is cut off again.
            larger = enlarge(features)[..., : skip.shape[2], : skip.shape[3]]
            features = level(torch.cat([larger, skip], dim=1))
        # [B * T, patch^2, h, w] -> [B * T, 1, H, W]
        pixels = functional.pixel_shuffle(self.pixels(features), self.patch)
        return pixels.view(batch, -1, *pixels.shape[1:])


def _convolution(channels_in: int, channels_out: int, normalisation: str) -> nn.Module:
    """Convolve 3 frames x 3 x 3 pixels, normalise, and rectify."""
    normalise = nn.BatchNorm3d(channels_out) if normalisation == "batch" else nn.GroupNorm(8, channels_out)
    convolution = nn.Conv3d(channels_in, channels_out, 3, padding=1, bias=False)
    return nn.Sequential(convolution, normalise, nn.ReLU(inplace=True))


def _frame_convolution(channels_in: int, channels_out: int, normalisation: str) -> nn.Module:
    """Convolve 3 x 3 pixels of one frame, normalise, and rectify."""
    normalise = nn.BatchNorm2d(channels_out) if normalisation == "batch" else nn.GroupNorm(8, channels_out)
    convolution = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
    return nn.Sequential(convolution, normalise, nn.ReLU(inplace=True))


def _head(num_subjects: int, dropout: float) -> nn.Module:
    """Classifier 512-256-128-S."""
    sizes = (EMBEDDING, *HEAD)
    hidden = [[nn.Linear(c_in, c_out), nn.ReLU(inplace=True)] for c_in, c_out in pairwise(sizes)]
    layers = [layer for pair in hidden for layer in pair]
    return nn.Sequential(nn.Dropout(dropout), *layers, nn.Linear(HEAD[-1], num_subjects))
