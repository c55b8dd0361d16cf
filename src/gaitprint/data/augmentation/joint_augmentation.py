"""What the augmentations of joints share: which walks are changed, and that nothing unseen is ever made up."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation.base import Augmentation, ConfigT


class JointAugmentation(Augmentation[ConfigT]):
    """Base of the augmentations of joints.

    How many random numbers a batch takes depends on its shape and the options alone, never on values, so that the same
    seed gives the same batch. All walks are changed and those that were not chosen are then taken from the input, bit
    for bit: counting the chosen ones would make a GPU wait for its result. In changed walks, unseen joints and padding
    frames are 0 throughout.
    """

    modality: ClassVar[str] = "joints"

    @abstractmethod
    def change(self, walks: Tensor) -> Tensor:
        """Change every walk.

        Args:
            walks: float [B, T, J, A + 1], positions (A = 2 or 3) and confidence; it is not changed itself.

        Returns:
            the same shape and type; positions of unseen joints are of no matter.
        """

    def __call__(self, batch: Tensor) -> Tensor:
        """Change the chosen walks; see `Augmentation.__call__`.

        Raises:
            UsageError: a batch of another shape or type.
        """
        if batch.ndim != 4 or batch.shape[-1] not in (3, 4) or not batch.is_floating_point():
            raise UsageError(
                f"augment: got {batch.dtype} of shape {list(batch.shape)}, need joints [B, T, J, 3 or 4] as floating "
                "point"
            )
        chosen = torch.rand(len(batch), device=batch.device) < self.config.probability
        changed = self.change(batch)
        changed = torch.where(changed[..., -1:] > 0, changed, 0.0)
        return torch.where(chosen[:, None, None, None], changed, batch)


def moved(walks: Tensor, positions: Tensor) -> Tensor:
    """Return walks [B, T, J, A + 1] with other positions [B, T, J, A] and the same confidence."""
    return torch.cat([positions, walks[..., -1:]], dim=-1)
