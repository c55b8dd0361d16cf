"""Which pixels of a clip are hidden from a network that learns to fill them in: blocks and whole frames."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError


@config_dataclass
class Masking:
    """How much of a clip is hidden, and in what shape.

    The figures are drawn for each clip by itself. Blocks over space and time follow Tong et al., "VideoMAE", NeurIPS
    2022, and Wei et al., "MaskFeat", CVPR 2022, in that they last: what one frame hides cannot be copied from the next.

    Args:
        clips: share of the clips of a training batch in which anything is hidden, above 0 and at most 1.
        frames: share of the frames that are hidden as a whole, in 0..1, in runs of consecutive ones; one frame of
            each clip always stays.
        longest_run: frames that such a run has at most; the length of each is drawn from 1 to this.
        blocks: boxes hidden besides, each at a random place.
        block_frames: shortest and longest duration of a box, as a share of the clip's frames.
        block_height: lowest and highest, as a share of the frame's height.
        block_width: narrowest and widest, as a share of the frame's width.

    Raises:
        UsageError: a share outside 0..1, or a range the wrong way round.
    """

    clips: float = 1.0
    frames: float = 0.25
    longest_run: int = 4
    blocks: int = 3
    block_frames: tuple[float, float] = (0.2, 0.5)
    block_height: tuple[float, float] = (0.2, 0.5)
    block_width: tuple[float, float] = (0.3, 0.8)

    def __post_init__(self) -> None:
        if not 0 < self.clips <= 1:
            raise UsageError(f"model.masking.clips is {self.clips}, must be above 0 and at most 1")
        if not 0 <= self.frames <= 1:
            raise UsageError(f"model.masking.frames is {self.frames}, must be in 0..1")
        for name in ("block_frames", "block_height", "block_width"):
            low, high = getattr(self, name)
            if not 0 < low <= high <= 1:
                raise UsageError(f"model.masking.{name} is {low}, {high}; must be 0 < lowest <= highest <= 1")
        if self.longest_run < 1 or self.blocks < 0:
            raise UsageError("model.masking.longest_run must be at least 1, model.masking.blocks at least 0")


def sample_hidden(
    shape: torch.Size, masking: Masking, device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """Draw what is hidden in each clip of a batch.

    Args:
        shape: [B, T, 1, H, W], of the silhouettes.
        masking: how much, and in what shape.
        device: where to draw.
        generator: of that device; None for torch's own.

    Returns:
        bool [B, T, 1, H, W], True where hidden.
    """
    batch, frames, _, height, width = shape

    def draw(*size: int) -> Tensor:
        return torch.rand(batch, *size, device=device, generator=generator)

    hidden = _frame_runs(draw, frames, masking)[:, :, None, None]  # [B, T, 1, 1]
    if masking.blocks:
        in_time = _intervals(draw(masking.blocks, 2), frames, masking.block_frames)  # [B, N, T]
        in_rows = _intervals(draw(masking.blocks, 2), height, masking.block_height)  # [B, N, H]
        in_columns = _intervals(draw(masking.blocks, 2), width, masking.block_width)  # [B, N, W]
        # A pixel is hidden where at least one of the N boxes covers it.
        covered = torch.einsum("bnt,bnh,bnw->bthw", in_time.float(), in_rows.float(), in_columns.float())
        hidden = hidden | (covered > 0)
    chosen = draw(1)[:, :, None, None] < masking.clips  # [B, 1, 1, 1]
    return (hidden & chosen).expand(batch, frames, height, width).unsqueeze(2)


def _frame_runs(draw: Callable[..., Tensor], frames: int, masking: Masking) -> Tensor:
    """Hide whole frames in runs: bool [B, T]."""
    longest = min(masking.longest_run, max(frames - 1, 1))
    runs = math.ceil(masking.frames * frames / ((1 + longest) / 2))
    if not runs or frames == 1:
        return torch.zeros_like(draw(frames), dtype=torch.bool)
    length = 1 + (draw(runs) * longest).floor()  # [B, N]
    start = (draw(runs) * (frames - length + 1)).floor()
    time = torch.arange(frames, device=length.device)
    within = (time >= start[..., None]) & (time < (start + length)[..., None])  # [B, N, T]
    # Runs are added one after the other as long as the share is not exceeded, the first one always.
    budget = max(1, round(masking.frames * frames))
    allowed = (length.cumsum(dim=1) <= budget) | (torch.arange(runs, device=length.device) == 0)
    hidden = (within & allowed[..., None]).any(dim=1)
    kept = (draw(1) * frames).floor()  # [B, 1]
    return hidden & (time != kept)


def _intervals(drawn: Tensor, size: int, share: tuple[float, float]) -> Tensor:
    """Place intervals at random: [B, N, 2] in 0..1 (length, place) -> bool [B, N, size], at least one long."""
    low, high = share
    length = ((low + (high - low) * drawn[..., 0]) * size).round().clamp(min=1)
    start = (drawn[..., 1] * (size - length + 1)).floor()
    along = torch.arange(size, device=drawn.device)
    return (along >= start[..., None]) & (along < (start + length)[..., None])
