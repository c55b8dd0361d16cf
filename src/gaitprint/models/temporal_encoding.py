"""Where in time a frame stands, as values that a network can add to what it sees."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def temporal_encoding(frames: int, channels: int, device: torch.device) -> Tensor:
    """Sines and cosines of the frame's number, [T, C]; Vaswani et al., "Attention is all you need", NeurIPS 2017."""
    time = torch.arange(frames, device=device, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, channels, 2, device=device) * (-math.log(10_000) / channels))
    return torch.stack([(time * rates).sin(), (time * rates).cos()], dim=2).flatten(1)
