"""What the augmentations of silhouettes share: which clips are changed, and where random numbers come from."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.base import Augmentation, ConfigT

BACKGROUND = -1.0


class SilhouetteAugmentation(Augmentation[ConfigT]):
    """Base of the augmentations of silhouettes.

    A batch takes one call of the generator, B x (1 + `draws`) numbers: their count depends on shapes and options alone,
    never on values, so that the same seed gives the same batch. All clips are changed and those that were not chosen
    are then taken from the input, bit for bit: counting the chosen ones would make a GPU wait for its result.
    """

    modality: ClassVar[str] = "silhouettes"

    @abstractmethod
    def draws(self, frames: int) -> int:
        """Return how many random numbers `change` needs for a clip of that many frames."""

    @abstractmethod
    def change(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """Change every clip.

        Args:
            clips: float [B, T, 1, H, W] in [-1, 1]; it is not changed itself.
            drawn: float32 [B, `draws(T)`], each uniform in 0..1.

        Returns:
            the same shape, type and range.
        """

    def __call__(self, batch: Tensor) -> Tensor:
        """Change the chosen clips; see `Augmentation.__call__`.

        Raises:
            UsageError: a batch of another shape or type.
        """
        if batch.ndim not in (4, 5) or batch.shape[-3] != 1 or not batch.is_floating_point():
            raise UsageError(
                f"augment: got {batch.dtype} of shape {list(batch.shape)}, need silhouettes [B, T, 1, H, W] or "
                "[B, 1, H, W] as floating point"
            )
        clips = batch if batch.ndim == 5 else batch.unsqueeze(1)  # [B, 1, H, W] -> [B, T = 1, 1, H, W]
        drawn = torch.rand(len(clips), 1 + self.draws(clips.shape[1]), device=batch.device)
        chosen = drawn[:, 0] < self.config.probability
        changed = self.change(clips, drawn[:, 1:])
        return torch.where(chosen.view(-1, 1, 1, 1, 1), changed, clips).view(batch.shape)
