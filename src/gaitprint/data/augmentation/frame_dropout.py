"""Frame dropout: frames that a camera or a detector lost."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.base import AugmentationConfig
from gaitprint.data.augmentation.silhouette_augmentation import BACKGROUND, SilhouetteAugmentation


@config_dataclass
class FrameDropoutConfig(AugmentationConfig):
    """Options of `FrameDropout`.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        frames: share of the frames of a changed clip that are lost, in 0..1: the chance of each, but for one at random
            that always stays.
        replacement: what stands in for a lost frame: ``previous``, the last one that was kept (the first kept one where
            there is none before), or ``background``, an empty frame.
    """

    frames: float = 0.2
    replacement: Literal["previous", "background"] = "previous"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("frames", 0, 1)


class FrameDropout(SilhouetteAugmentation[FrameDropoutConfig]):
    """Lose some frames of a clip, each by itself; the last one before them, or nothing, stands in.

    The length of the clip stays. After the dropout of Srivastava et al., JMLR 2014, applied to whole frames.
    """

    Config: ClassVar[type] = FrameDropoutConfig

    def draws(self, frames: int) -> int:
        """Which frames, and which one stays."""
        return frames + 1

    def __call__(self, batch: Tensor) -> Tensor:
        """Change the chosen clips; see `SilhouetteAugmentation.__call__`.

        Raises:
            UsageError: gait energy images, which have no frames to lose.
        """
        if batch.ndim == 4:
            raise UsageError("augment: frame-dropout needs clips of frames; gait energy images have none to lose")
        return super().__call__(batch)

    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `SilhouetteAugmentation.change`."""
        frames = clips.shape[1]
        time = torch.arange(frames, device=clips.device)
        stays = (drawn[:, :1] * frames).floor()
        kept = (drawn[:, 1:] >= self.config.frames) | (time == stays)  # [B, T]
        if self.config.replacement == "background":
            return clips.masked_fill(~kept[:, :, None, None, None], BACKGROUND)
        last_kept = torch.where(kept, time, -1).cummax(dim=1).values
        first_kept = kept.to(torch.uint8).argmax(dim=1, keepdim=True)
        shown = torch.where(last_kept < 0, first_kept, last_kept)
        walk = torch.arange(len(clips), device=clips.device).unsqueeze(1)
        return clips[walk, shown]
