"""CNN on every silhouette, then a recurrent layer over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.models.base import ModelOutput
from gaitprint.models.frame_chunks import in_chunks
from gaitprint.models.silhouette_cnn import CHANNELS, Normalisation, SilhouetteCnn

HIDDEN, EMBEDDING = 128, 128

# Frames that the CNN sees at once outside training. 64 walks of 20 frames of 128 x 88 at once take 4 GiB more and three
# times as long: activations of more than 1 GiB are mapped anew each time (`core.allocator`).
_FRAMES_AT_ONCE = 64


@config_dataclass
class CnnGruConfig:
    """Options of `CnnGru`; the defaults are the first system's.

    Args:
        unit: of the recurrent layers: ``gru``, Cho et al., "Learning phrase representations using RNN
            encoder-decoder", EMNLP 2014; or ``lstm``, Hochreiter and Schmidhuber, "Long short-term memory", 1997.
        layers: recurrent layers, one upon the other.
        bidirectional: run a second set of layers backwards in time, and put both sets' states side by side.
        pooling: from the states of all frames to one vector: ``last``: the state when all frames have been seen;
            ``mean``: of all states; ``attention``: a sum of the states, weighted by a learned softmax over them.
        dropout: share of the values dropped in training: of that vector, and of the states between layers.
        normalisation: after each convolution: ``batch`` as specified, ``group`` (8 groups) or ``none``, both of which
            make every walk's result independent of the others in its batch.
    """

    unit: Literal["gru", "lstm"] = "gru"
    layers: int = 1
    bidirectional: bool = False
    pooling: Literal["last", "mean", "attention"] = "last"
    dropout: float = 0.1
    normalisation: Normalisation = "batch"

    def __post_init__(self) -> None:
        if self.layers < 1:
            raise UsageError(f"model.layers is {self.layers}, must be at least 1")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"model.dropout is {self.dropout}, must be at least 0 and below 1")


class CnnGru(SilhouetteCnn):
    """CNN on every silhouette, a GRU or LSTM over them in order, 128 values.

    The convolutions see all frames of all walks as one batch; nothing but the recurrence itself runs frame by frame.
    """

    Config: ClassVar[type] = CnnGruConfig
    distance: ClassVar[str] = "cosine"

    def __init__(self, config: CnnGruConfig, num_subjects: int | None) -> None:
        super().__init__(config.normalisation)
        self.recurrent = {"gru": nn.GRU, "lstm": nn.LSTM}[config.unit](
            CHANNELS[-1],
            HIDDEN,
            config.layers,
            batch_first=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
            bidirectional=config.bidirectional,
        )
        width = HIDDEN * (2 if config.bidirectional else 1)
        self.pooling = config.pooling
        self.attention = Attention(width) if config.pooling == "attention" else None
        self.dropout = nn.Dropout(config.dropout)
        self.embedding = nn.Linear(width, EMBEDDING)
        self.classifier = None if num_subjects is None else nn.Linear(EMBEDDING, num_subjects)

    @classmethod
    def from_config(cls, config: CnnGruConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    @classmethod
    def default_input(cls, config: CnnGruConfig) -> Mapping[str, Any]:
        """20 silhouettes of 128 x 88 pixels, evenly spaced over the walk."""
        return {"representation": "silhouettes", "size": [128, 88], "frames": 20, "sampling": "uniform"}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part of 128 values."""
        return 1, EMBEDDING

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed silhouette sequences.

        Args:
            inputs: float32 [B, T, 1, H, W] in [-1, 1], T >= 1; 20 x 1 x 128 x 88 as specified, any multiples of 4
                work as H and W.

        Returns:
            embedding [B, 1, 128] and logits [B, 1, S].
        """
        frames = in_chunks(self.describe, inputs, _FRAMES_AT_ONCE, training=self.training)  # [B, T, 128]
        states, last = self.recurrent(frames)  # [B, T, R], and the last states of each layer and direction
        walks = self.dropout(self._pool(states, last))  # [B, R]
        embedding = self.embedding(walks).unsqueeze(1)  # [B, R] -> [B, 1, 128]
        return ModelOutput(embedding, None if self.classifier is None else self.classifier(embedding))

    def example_inputs(self, batch: int) -> Tensor:
        """Random sequences [batch, 6, 1, 32, 24] in [-1, 1]."""
        return torch.rand(batch, 6, 1, 32, 24) * 2 - 1

    def _pool(self, states: Tensor, last: Tensor | tuple[Tensor, Tensor]) -> Tensor:
        """States [B, T, R] and last states [layers * directions, B, 128] -> [B, R]."""
        if self.attention is not None:
            pooled: Tensor = self.attention(states)
            return pooled
        if self.pooling == "mean":
            return states.mean(dim=1)
        hidden = last[0] if isinstance(last, tuple) else last  # an LSTM has cells beside them
        directions = states.shape[-1] // HIDDEN
        return hidden[-directions:].transpose(0, 1).flatten(1)  # of the uppermost layer


class Attention(nn.Module):
    """Weighted sum over time, with weights that a small network gives each state.

    Yang et al., "Hierarchical attention networks for document classification", NAACL 2016.

    Args:
        width: R, values a state.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        # Without a bias in the second layer: the softmax takes it out again.
        self.score = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False))

    def weights(self, states: Tensor) -> Tensor:
        """Weights of states [B, T, R]: [B, T, 1], >= 0, summing to 1 over time."""
        scores: Tensor = self.score(states)
        return scores.softmax(dim=1)

    def forward(self, states: Tensor) -> Tensor:
        """Sum states [B, T, R] over time to [B, R]."""
        return (self.weights(states) * states).sum(dim=1)
