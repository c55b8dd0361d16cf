"""Heat maps: the fixed Gaussian that smooths them, and where a joint is in one.

Letters: B batch, J joints, M height and width of a heat map.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class GaussianBlur(nn.Module):
    """A fixed separable Gaussian on [B, J, M, M], zeros beyond the border; without parameters.

    Args:
        taps: length of the kernel, odd, spread evenly over -2..2.
        deviation: standard deviation on that scale.
        total: sum of the two-dimensional kernel.

    Example:
        >>> blurred = GaussianBlur(taps=5, deviation=1.0)(torch.ones(1, 16, 9, 9))
        >>> round(float(blurred[0, 0, 4, 4]), 6)
        1.0
    """

    kernel: Tensor

    def __init__(self, taps: int, deviation: float, total: float = 1.0) -> None:
        super().__init__()
        places = np.linspace(-2.0, 2.0, taps)
        weights = np.exp(-((places / deviation) ** 2) / 2)
        weights *= total**0.5 / weights.sum()
        self.register_buffer("kernel", torch.from_numpy(weights.astype(np.float32)), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Smooth along x, then along y; always in single precision or better."""
        if torch.is_autocast_enabled(maps.device.type):
            # Not only for its precision: long kernels in bfloat16 take a CPU a thousand times as long.
            with torch.autocast(maps.device.type, enabled=False):
                return self._blurred(maps.float())
        return self._blurred(maps)

    def _blurred(self, maps: Tensor) -> Tensor:
        joints, taps = maps.shape[1], len(self.kernel)
        kernel = self.kernel.to(maps.dtype).expand(joints, 1, 1, taps)
        maps = functional.conv2d(maps, kernel, padding=(0, taps // 2), groups=joints)
        return functional.conv2d(maps, kernel.transpose(2, 3), padding=(taps // 2, 0), groups=joints)


def locate(heat_maps: Tensor, blur: GaussianBlur) -> tuple[Tensor, Tensor]:
    """Find the place and the probability of each joint.

    Column and row are the arg-max of the maxima over rows and over columns of the smoothed map; the probability is the
    maximum of the map itself.

    Args:
        heat_maps: float32 [B, J, M, M] in 0..1.
        blur: the smoothing.

    Returns:
        places float32 [B, J, 2], whole (column, row) of the heat map, and probabilities float32 [B, J].
    """
    smooth = blur(heat_maps)
    column = smooth.amax(dim=2).argmax(dim=-1)  # [B, J]
    row = smooth.amax(dim=3).argmax(dim=-1)
    return torch.stack([column, row], dim=-1).float(), heat_maps.amax(dim=(2, 3))
