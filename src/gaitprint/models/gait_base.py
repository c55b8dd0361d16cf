"""Residual CNN on every silhouette, pooled over time as a set, and compared stripe by stripe."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.models.base import GaitModel, ModelOutput
from gaitprint.models.frame_chunks import in_chunks

# Of the cosines that are the logits; that of the paper's implementation.
_LOGIT_SCALE = 16.0
# Frames that the CNN sees at once outside training; bounds the memory.
_FRAMES_AT_ONCE = 64


@config_dataclass
class GaitBaseConfig:
    """Options of `GaitBase`; the defaults are those of the paper for CASIA-B and OUMVLP.

    Args:
        channels: of the stem and of the first level, then of the further levels, one residual block each. Levels but
            the first and the last halve height and width.
        stem_stride: of the first convolution; 2 quarters the cost of everything.
        temporal_pooling: over the frames of a walk: ``max`` as in the paper, or ``max-mean``, the sum of maximum and
            mean, in which no single bad frame can outweigh all others.
        parts: P, horizontal stripes.
        embedding: D, values a part.
    """

    channels: tuple[int, ...] = (64, 128, 256, 512)
    stem_stride: Literal[1, 2] = 1
    temporal_pooling: Literal["max", "max-mean"] = "max"
    parts: int = 16
    embedding: int = 256

    def __post_init__(self) -> None:
        if len(self.channels) < 2:
            raise UsageError(f"model.channels holds {len(self.channels)} numbers, needs at least 2")
        for name, value in (("channels", min(self.channels)), ("parts", self.parts), ("embedding", self.embedding)):
            if value < 1:
                raise UsageError(f"model.{name} is {value}, must be at least 1")


class GaitBase(GaitModel):
    """GaitBase: residual CNN on a set of silhouettes, P vectors, one for each horizontal stripe of the body.

    Fan et al., "OpenGait: revisiting gait recognition toward better practicality", CVPR 2023, section 5: residual CNN
    (He et al., "Deep residual learning for image recognition", CVPR 2016), maximum over time as in GaitSet (Chao et
    al., AAAI 2019), sum of mean and maximum over horizontal stripes (Fu et al., "Horizontal pyramid matching", AAAI
    2019), one linear layer a stripe, and batch normalisation before the classifier (Luo et al., "Bag of tricks and a
    strong baseline for deep person re-identification", CVPRW 2019). Embeddings are compared by their cosine, for which
    the triplet loss of this project scales them to length 1 too; the paper takes Euclidean distances.
    """

    Config: ClassVar[type] = GaitBaseConfig
    distance: ClassVar[str] = "cosine"

    def __init__(self, config: GaitBaseConfig, num_subjects: int | None) -> None:
        super().__init__()
        self.config = config
        first = config.channels[0]
        self.stem = _convolution(1, first, stride=config.stem_stride)
        widths = (first, *config.channels)
        last = len(config.channels) - 1
        self.levels = nn.Sequential(
            *(
                ResidualBlock(c_in, c_out, stride=2 if 0 < level < last else 1)
                for level, (c_in, c_out) in enumerate(pairwise(widths))
            )
        )
        self.embed_parts = PartwiseLinear(config.parts, widths[-1], config.embedding)
        self.normalise_parts = nn.BatchNorm1d(config.parts * config.embedding)
        self.classify_parts = (
            None if num_subjects is None else PartwiseLinear(config.parts, config.embedding, num_subjects)
        )

    @classmethod
    def from_config(cls, config: GaitBaseConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    @classmethod
    def default_input(cls, config: GaitBaseConfig) -> Mapping[str, Any]:
        """30 silhouettes of 64 x 44 pixels, any of the walk in training and evenly spaced in evaluation."""
        return {"representation": "silhouettes", "size": [64, 44], "frames": 30, "sampling": "random"}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """P stripes of D values."""
        return self.config.parts, self.config.embedding

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed sets of silhouettes; their order has no say.

        Args:
            inputs: float32 [B, T, 1, H, W] in [-1, 1], T >= 1; or gait energy images [B, 1, H, W]. The last feature map
                must have a multiple of P rows.

        Returns:
            embedding [B, P, D]; logits [B, P, S], scaled cosines of each person's direction with the embedding, batch
            normalised.

        Raises:
            IncompatibleError: another number of rows.
        """
        if inputs.ndim == 4:
            inputs = inputs.unsqueeze(1)  # [B, 1, H, W] -> [B, T = 1, 1, H, W]
        features = in_chunks(self.describe, inputs, _FRAMES_AT_ONCE, training=self.training)  # [B, T, C, h, w]
        pooled = features.amax(dim=1)  # [B, C, h, w]
        if self.config.temporal_pooling == "max-mean":
            pooled = pooled + features.mean(dim=1)
        stripes = self._stripes(pooled)  # [B, P, C]
        embedding = self.embed_parts(stripes)  # [B, P, D]
        if self.classify_parts is None:
            return ModelOutput(embedding, None)
        normalised = self.normalise_parts(embedding.flatten(1)).view_as(embedding)
        people = functional.normalize(self.classify_parts.weight, dim=1)  # [P, D, S]
        cosines = torch.einsum("bpd,pds->bps", functional.normalize(normalised, dim=-1), people)
        return ModelOutput(embedding, _LOGIT_SCALE * cosines)

    def describe(self, images: Tensor) -> Tensor:
        """Describe each silhouette by itself: [N, 1, H, W] -> feature map [N, C, h, w] >= 0."""
        features: Tensor = self.levels(functional.relu(self.stem(images)))
        return features

    def example_inputs(self, batch: int) -> Tensor:
        """Random sets [batch, 3, 1, 64, 44] in [-1, 1]."""
        return torch.rand(batch, 3, 1, 64, 44) * 2 - 1

    def _stripes(self, features: Tensor) -> Tensor:
        """Sum of mean and maximum of each of P horizontal stripes: [B, C, h, w] -> [B, P, C]."""
        parts, rows = self.config.parts, features.shape[2]
        if rows % parts:
            raise IncompatibleError(
                f"silhouettes of this height give {rows} rows of features, which do not fall into {parts} equal stripes"
            )
        stripes = features.reshape(*features.shape[:2], parts, -1)  # [B, C, h, w] -> [B, C, P, h / P * w]
        return (stripes.mean(dim=3) + stripes.amax(dim=3)).transpose(1, 2)  # [B, C, P] -> [B, P, C]


class ResidualBlock(nn.Module):
    """Two convolutions and a way past them; [N, C, h, w] -> [N, C', h / stride, w / stride], >= 0."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(channels_in, channels_out, stride)
        self.second = _convolution(channels_out, channels_out)
        changes = stride > 1 or channels_in != channels_out
        self.past = _convolution(channels_in, channels_out, stride, kernel=1) if changes else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        """See the class."""
        changed = self.second(functional.relu(self.first(features)))
        return functional.relu(changed + self.past(features))


class PartwiseLinear(nn.Module):
    """A linear layer of its own for each part, without bias: [B, P, C] -> [B, P, D]."""

    def __init__(self, parts: int, values_in: int, values_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(parts, values_in, values_out))
        for part in self.weight.data:  # each drawn as a layer by itself is
            nn.init.xavier_uniform_(part)

    def forward(self, values: Tensor) -> Tensor:
        """See the class."""
        return torch.einsum("bpc,pcd->bpd", values, self.weight)


def _convolution(channels_in: int, channels_out: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution and batch normalisation, which takes the bias's place."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    )
