"""Transformer encoder over the frames of a walk."""

from __future__ import annotations

from torch import Tensor, nn

from gaitprint.models.skeleton.attention import SelfAttention
from gaitprint.models.temporal_encoding import temporal_encoding


class EncoderLayer(nn.Module):
    """Attention, then a small network on each frame; each normalises what goes in and adds what comes out.

    Normalising first ("pre-norm") trains six layers at one rate without a long warm-up: Xiong et al., "On layer
    normalization in the transformer architecture", ICML 2020.

    Args:
        width: W, values of a frame.
        heads: of the attention.
        feed_forward: values inside the small network.
        dropout: share of what each half adds that is dropped in training.
    """

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, feed_forward),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(feed_forward, width),
            nn.Dropout(dropout),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, seen: Tensor | None) -> Tensor:
        """[B, T, W], bool [B, T] -> [B, T, W]; any value where not seen."""
        attended, _ = self.attention(self.attention_norm(frames), seen, False)
        frames = frames + self.dropout(attended)
        summed: Tensor = frames + self.feed_forward(frames)
        return summed


class TemporalEncoder(nn.Module):
    """Linear layer, positional encoding, encoder layers, and a last layer normalisation.

    Positions count from the first frame of the batch, whether it was seen or not: a gap keeps its duration, and padding
    belongs at the end.

    Args:
        width_in: values of a frame that goes in.
        width: W, values of a frame inside; even.
        layers: how many.
        heads: of each layer's attention.
        feed_forward: values inside each layer's small network.
        dropout: share of values dropped in training.
    """

    def __init__(self, width_in: int, width: int, layers: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(width_in, width)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(EncoderLayer(width, heads, feed_forward, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, frames: Tensor, seen: Tensor | None) -> Tensor:
        """[B, T, width in], bool [B, T] -> [B, T, W]; any value where not seen."""
        frames = self.project(frames)
        time = temporal_encoding(frames.shape[1], frames.shape[2], frames.device)  # [T, W]
        frames = self.dropout(frames + time)
        for layer in self.layers:
            frames = layer(frames, seen)
        encoded: Tensor = self.norm(frames)
        return encoded
