"""GaitNN: from the features of a pose network, frame by frame, to one vector for a walk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.models.base import GaitModel, ModelOutput
from gaitprint.models.frame_chunks import in_chunks
from gaitprint.models.shifted_batch_norm import ShiftedBatchNorm
from gaitprint.models.tensorflow_gru import TensorFlowGru

EMBEDDING = 512

# Channels, height and width of a pose network's features.
FEATURES = (32, 17, 17)

# Pose networks give features of this size; the original divides by it.
_FEATURE_SCALE = 100.0

# Frames that the convolutions see at once outside training: 80 MB for the largest of their results.
_FRAMES_AT_ONCE = 256


@config_dataclass
class GaitNNConfig:
    """Options of `GaitNN`; the defaults are the best published model's, but for `gates` and `norm_momentum`.

    Args:
        recurrent_unit: over the frames: ``GRU``, Cho et al., "Learning phrase representations using RNN
            encoder-decoder", EMNLP 2014; or ``LSTM``, Hochreiter and Schmidhuber, "Long short-term memory", 1997.
        rnn_layers: recurrent layers, one upon the other.
        gates: how a GRU applies its reset gate: ``fused``: after the recurrent product, so that one kernel computes
            all gates, to train from scratch; ``tensorflow``: before it, as weights that TensorFlow trained need it.
        dropout: share of the walk's vector that the classifier does not see in training, in 0..1.
        norm_momentum: weight of a batch in the running statistics of batch normalisation, above 0 and up to 1; the
            published one is 0.001, for thousands of steps of one walk each. A batch of many walks knows more.
    """

    recurrent_unit: Literal["GRU", "LSTM"] = "GRU"
    rnn_layers: Literal[1, 2] = 1
    gates: Literal["tensorflow", "fused"] = "fused"
    dropout: float = 0.3
    norm_momentum: float = 0.1

    def __post_init__(self) -> None:
        if self.gates == "tensorflow" and self.recurrent_unit != "GRU":
            raise UsageError("model.gates=tensorflow is a way to compute a GRU; an LSTM has only one")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"model.dropout is {self.dropout}, must be at least 0 and below 1")
        if not 0 < self.norm_momentum <= 1:
            raise UsageError(f"model.norm_momentum is {self.norm_momentum}, must be above 0 and at most 1")


class GaitNN(GaitModel):
    """Residual network on the pose features of every frame, a GRU or LSTM over the frames, 512 values.

    The second of the two networks of Marian Margeta (https://github.com/marian-margeta/gait-recognition); the mean of
    the recurrent states over time identifies the walker. Weights of the original load (`interop.tensorflow_gait_nn`)
    and give its vectors. Six residual blocks whose result the original throws away are not built; its files hold them.
    """

    Config: ClassVar[type] = GaitNNConfig
    distance: ClassVar[str] = "cosine"

    def __init__(self, config: GaitNNConfig, num_subjects: int | None) -> None:
        super().__init__()
        momentum = config.norm_momentum
        self.entrance = _Convolution(FEATURES[0], 256, kernel_size=1, momentum=momentum)
        self.halve = _Bottleneck(256, 512, inner=64, momentum=momentum)
        self.quarter = _Bottleneck(512, 512, inner=128, momentum=momentum)
        self.reduce = _Convolution(512, 256, kernel_size=1, momentum=momentum)
        self.refine = _Convolution(256, 256, kernel_size=3, momentum=momentum)
        self.frame_vector = nn.Linear(5 * 5 * 256, 512)
        self.recurrent: nn.Module
        if config.gates == "tensorflow":
            self.recurrent = TensorFlowGru(512, EMBEDDING, config.rnn_layers)
        else:
            kind = nn.GRU if config.recurrent_unit == "GRU" else nn.LSTM
            self.recurrent = kind(512, EMBEDDING, config.rnn_layers, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = None if num_subjects is None else nn.Linear(EMBEDDING, num_subjects)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    @classmethod
    def from_config(cls, config: GaitNNConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    @classmethod
    def default_input(cls, config: GaitNNConfig) -> Mapping[str, Any]:
        """Features that the light pose network finds in a clip of 30 frames."""
        return {"representation": "pose-features", "network": "light-pose-nn", "frames": 30, "sampling": "clip"}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part of 512 values."""
        return 1, EMBEDDING

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed walks.

        Args:
            inputs: float32 [B, T, 32, 17, 17], a pose network's features, T >= 1.

        Returns:
            embedding [B, 1, 512] and logits [B, 1, S].
        """
        vectors = in_chunks(self._describe, inputs, _FRAMES_AT_ONCE, training=self.training)  # [B, T, 512]
        states = self.recurrent(vectors)  # [B, T, 512]
        if isinstance(states, tuple):  # torch's layers return the last states, too
            states = states[0]
        embedding = states.mean(dim=1, keepdim=True)  # [B, 1, 512]
        return ModelOutput(embedding, None if self.classifier is None else self.classifier(self.dropout(embedding)))

    def example_inputs(self, batch: int) -> Tensor:
        """Random features [batch, 3, 32, 17, 17]."""
        return torch.randn(batch, 3, *FEATURES) * _FEATURE_SCALE

    def _describe(self, features: Tensor) -> Tensor:
        """Features of frames [N, 32, 17, 17] -> [N, 512]."""
        near = self.entrance(features / _FEATURE_SCALE)  # [N, 256, 17, 17]
        whole = self.quarter(self.halve(near))  # [N, 512, 5, 5], over [N, 512, 9, 9]
        whole = self.refine(self.reduce(whole))  # [N, 256, 5, 5]
        # TensorFlow's order of values: height, width, channel.
        vectors: Tensor = self.frame_vector(whole.permute(0, 2, 3, 1).flatten(1))  # [N, 6400] -> [N, 512]
        return vectors


class _Convolution(nn.Module):
    """Convolution, normalisation, ELU; height and width stay."""

    def __init__(self, channels: int, out: int, *, kernel_size: int, momentum: float) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, out, kernel_size, padding=kernel_size // 2, bias=False)
        self.normalisation = _normalisation(out, momentum)

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.elu(self.normalisation(self.convolution(inputs)))


class _Bottleneck(nn.Module):
    """Residual block that halves height and width, rounded up: [N, channels, H, W] -> [N, out, H / 2, W / 2].

    He et al., "Identity mappings in deep residual networks", ECCV 2016, but that the shortcut sees the input as it is,
    and a rectifier follows the sum.
    """

    def __init__(self, channels: int, out: int, *, inner: int, momentum: float) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(channels, out, kernel_size=1, stride=2)
        self.body = nn.Sequential(
            *(_normalisation(channels, momentum), nn.ReLU(), nn.Conv2d(channels, inner, kernel_size=1)),
            *(_normalisation(inner, momentum), nn.ReLU(), nn.Conv2d(inner, inner, kernel_size=3, stride=2, padding=1)),
            *(_normalisation(inner, momentum), nn.ReLU(), nn.Conv2d(inner, out, kernel_size=1)),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return functional.relu(self.body(inputs) + self.shortcut(inputs))


def _normalisation(channels: int, momentum: float) -> ShiftedBatchNorm:
    return ShiftedBatchNorm(channels, epsilon=1e-4, momentum=momentum)
