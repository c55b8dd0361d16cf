"""Blur of a part of the body: outlines that a loose garment or a poor segmentation leaves open."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import between
from gaitprint.data.augmentation.body_part import BodyPartAugmentation, BodyPartConfig
from gaitprint.data.augmentation.silhouette_augmentation import BACKGROUND


@config_dataclass
class PartBlurConfig(BodyPartConfig):
    """Options of `PartBlur`.

    Args:
        probability: of each clip to be changed, by itself, in 0..1.
        part_height: lowest and highest, as a share of the frame's height.
        part_width: narrowest and widest, as a share of the frame's width; with 1, 1 the parts are bands.
        sigma: smallest and largest standard deviation of the Gaussian, as a share of the frame's height, at most 0.25.
    """

    sigma: tuple[float, float] = (0.015, 0.04)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_range("sigma", 0, 0.25)


class PartBlur(BodyPartAugmentation[PartBlurConfig]):
    """Blur the body in a random box with a Gaussian, the same in all frames of a clip.

    Fan et al., "Learning gait representation from massive unlabelled walking videos: a benchmark", TPAMI 2023. Outside
    the frame is background.
    """

    Config: ClassVar[type] = PartBlurConfig

    def change_everywhere(self, clips: Tensor, drawn: Tensor) -> Tensor:
        """See `BodyPartAugmentation.change_everywhere`."""
        precise = torch.promote_types(clips.dtype, torch.float32)
        batch, frames, _, height, width = clips.shape
        sigmas = (between(drawn, self.config.sigma) * height).to(precise)
        # As products with one matrix for each axis and clip: no loop over clips, though each has its own Gaussian.
        reach = math.ceil(6 * self.config.sigma[1] * height)
        along_rows = gaussian_matrices(sigmas, width, reach)  # [B, W, W], symmetric
        along_columns = gaussian_matrices(sigmas, height, reach)  # [B, H, H]
        values = clips.to(precise).reshape(batch, frames * height, width) - BACKGROUND
        values = (values @ along_rows).view(batch, frames, height, width)
        values = (along_columns.unsqueeze(1) @ values).clamp(0, 1 - BACKGROUND)
        return (values + BACKGROUND).unsqueeze(2).to(clips.dtype)


def gaussian_matrices(sigmas: Tensor, size: int, reach: int) -> Tensor:
    """Return the matrices that blur `size` values by Gaussians; beyond the ends are zeros.

    Args:
        sigmas: float [B], above 0, in pixels.
        size: how many values.
        reach: how many values to either side the Gaussians are summed over to be scaled to 1.

    Returns:
        float [B, size, size].
    """
    along = torch.arange(size, device=sigmas.device, dtype=sigmas.dtype)
    distances = along - along.unsqueeze(1)  # [size, size]
    precision = (0.5 / sigmas.square()).view(-1, 1, 1)
    # What falls off the ends counts in the sum, or the frame's border would be as bright as its middle.
    whole = torch.arange(-reach, reach + 1, device=sigmas.device, dtype=sigmas.dtype)
    return (-precision * distances.square()).exp() / (-precision * whole.square()).exp().sum(dim=-1, keepdim=True)
