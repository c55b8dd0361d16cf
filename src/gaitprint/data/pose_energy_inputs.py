"""Energy images of like poses as model input: what a gait energy image blurs into one."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.data.silhouette_inputs import GeiInput, mean_image

# Rows of a silhouette, from below, that legs and swinging hands are in.
_LOWER_SHARE = 0.5


@config_dataclass
class PoseEnergyConfig:
    """Options of `PoseEnergyInput`.

    Args:
        size: (H, W) in pixels; wider silhouettes lose their margins, then all are scaled to it.
        images: K, into how many groups of equal size the frames fall, from legs together to legs apart.
        training_frames: as `silhouette_inputs.GeiConfig` has it.
    """

    size: tuple[int, int] = (64, 44)
    images: int = 3
    training_frames: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("images", self.images), ("training_frames", self.training_frames)):
            if value is not None and value < 1:
                raise UsageError(f"input.{name} is {value}, must be at least 1")


class PoseEnergyInput(GeiInput):
    """Means of the silhouettes of like poses, legs together first; [B, K, 1, H, W] in [-1, 1].

    Pose energy images: Roy, Sural and Mukherjee, "Gait recognition using pose kinematics and pose energy image", Signal
    Processing 2012, who match each frame with a dictionary of key poses. Here the spread of the lower half of the body
    orders the frames, which needs no dictionary and no gait cycle.
    """

    Config: ClassVar[type] = PoseEnergyConfig

    def __init__(self, config: PoseEnergyConfig) -> None:
        super().__init__(config)
        self.images = config.images

    def finish(self, batch: Tensor) -> Tensor:
        """uint8 [B, K, h, w] -> float32 [B, K, 1, H, W] in [-1, 1]."""
        images = super().finish(batch.flatten(0, 1))  # [B * K, 1, H, W]
        return images.view(*batch.shape[:2], *images.shape[1:])

    def _image(self, silhouettes: NDArray[np.uint8], walk: str) -> NDArray[np.uint8]:
        """K images uint8 [K, h, w]; a walk of fewer frames than that shows some of them more than once."""
        cropped = self._cropped(silhouettes, walk)
        order = np.argsort(leg_spread(cropped), kind="stable")
        count = max(len(order), self.images)
        order = order[np.arange(count) * len(order) // count]
        return np.stack([mean_image(cropped[np.sort(group)]) for group in np.array_split(order, self.images)])


def leg_spread(silhouettes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How far the lower half of a silhouette spreads to its sides: deviation of its columns, float64 [T], pixels.

    Args:
        silhouettes: uint8 [T, H, W], aligned; one that is empty there has 0.

    >>> legs = np.zeros((2, 8, 5), np.uint8)
    >>> legs[0, 4:, 2] = legs[1, 4:, [0, 4]] = 255
    >>> leg_spread(legs).tolist()
    [0.0, 2.0]
    """
    height, width = silhouettes.shape[1:]
    lower = silhouettes[:, height - round(_LOWER_SHARE * height) :]
    weight = lower.sum(axis=1, dtype=np.float64)  # [T, W]
    total = np.maximum(weight.sum(axis=1), 1)
    columns = np.arange(width)
    middle = weight @ columns / total
    square = weight @ columns**2 / total - middle**2
    spread: NDArray[np.float64] = np.sqrt(np.maximum(square, 0))
    return spread
