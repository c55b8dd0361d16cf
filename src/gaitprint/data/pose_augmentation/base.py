"""What every augmentation of pictures is: images and the joints in them in, both changed alike out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gaitprint.data.augmentation.base import ConfigT, Configured, build_each
from gaitprint.data.pose_augmentation import POSE_AUGMENTATIONS


class PoseAugmentation(Configured[ConfigT]):
    """Base of all augmentations of pictures; letters: B batch, R resolution, J joints.

    Only the chosen pictures are computed: pictures are large.
    """

    @abstractmethod
    def change(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """Change every picture, at least one; arguments and result as `__call__`."""

    def __call__(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """Change the chosen pictures.

        Args:
            images: float [B, 3, R, R], RGB in -1..1.
            joints: float [B, J, 3], x and y in pixels (the centre of a pixel lies at a half), and confidence, 0 for a
                joint that is unknown.

        Returns:
            both, with the same shapes and ranges. A joint that left the picture has confidence 0.
        """
        chosen = (torch.rand(len(images), device=images.device) < self.config.probability).nonzero().squeeze(1)
        if not len(chosen):
            return images, joints
        changed_images, changed_joints = self.change(images[chosen], joints[chosen])
        # Copies keep the layout of the batch in memory, and the arguments as they are.
        images, joints = images.clone(), joints.clone()
        images[chosen], joints[chosen] = changed_images, changed_joints
        return images, joints


def build_pose_augmentations(
    choices: Sequence[Mapping[str, Any]],
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Build the chain of augmentations that a recipe lists, each ``{"name": ..., option: value, ...}``.

    Raises:
        UsageError: unknown name or option.
    """
    chain: list[PoseAugmentation[Any]] = build_each(POSE_AUGMENTATIONS, choices)

    def augment(images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        for augmentation in chain:
            images, joints = augmentation(images, joints)
        return images, joints

    return augment
