"""Affine map: turned, nearer or farther, and not quite in the middle."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.data.augmentation.base import AugmentationConfig, around_zero, between
from gaitprint.data.pose_augmentation.base import PoseAugmentation


@config_dataclass
class PictureAffineConfig(AugmentationConfig):
    """Options of `PictureAffine`; each picture's figures are drawn uniformly.

    Args:
        probability: of each picture to be changed, by itself, in 0..1.
        degrees: largest angle, to either side, in 0..180.
        scale: lowest and highest factor, above 0; what grows leaves the picture.
        shift: how far the middle moves at most, along each axis, as a share of the picture's side, in 0..1.
    """

    probability: float = 1.0
    degrees: float = 20.0
    scale: tuple[float, float] = (0.75, 1.25)
    shift: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_value("degrees", 0, 180)
        self._check_range("scale", 0, 100)
        self._check_value("shift", 0, 1)


class PictureAffine(PoseAugmentation[PictureAffineConfig]):
    """Turn, scale and shift pictures, and the joints in them; beyond the border its pixels go on.

    A joint that leaves the picture is unknown from then on.
    """

    Config: ClassVar[type] = PictureAffineConfig

    def change(self, images: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
        """See `PoseAugmentation.change`."""
        drawn = torch.rand(len(images), 4, device=images.device)
        angle = around_zero(drawn[:, 0], self.config.degrees).deg2rad()
        grown = between(drawn[:, 1], self.config.scale)
        shift = around_zero(drawn[:, 2:], self.config.shift) * 2  # [B, 2]; in halves of the side, as places are here
        cosine, sine = angle.cos(), angle.sin()
        turn = torch.stack([cosine, -sine, sine, cosine], dim=-1).view(-1, 2, 2)
        forwards = turn * grown[:, None, None]  # [B, 2, 2], about the middle
        backwards = turn.mT / grown[:, None, None]

        # place' = forwards place + shift; a pixel of the result comes from backwards (place' - shift).
        origin = -(backwards @ shift[..., None])  # [B, 2, 1]
        grid = functional.affine_grid(torch.cat([backwards, origin], dim=-1), list(images.shape), align_corners=False)
        warped = functional.grid_sample(images, grid.to(images.dtype), padding_mode="border", align_corners=False)

        half = images.shape[-1] / 2
        places = (joints[..., :2] / half - 1) @ forwards.mT.to(joints.dtype) + shift[:, None].to(joints.dtype)
        inside = (places.abs() <= 1).all(dim=-1)
        confidence = torch.where(inside, joints[..., 2], 0.0)
        return warped, torch.cat([(places + 1) * half, confidence[..., None]], dim=-1)
