"""The heat maps that a pose network should give: drawn for a whole batch at once, on its device.

A cell of a heat map stands for the place that is its index, as `models.pose.heat_maps.locate` reads it, so that the
middle of a target is where the joint will be found. Sizes are given in cells of HumanPoseNN's maps and hold for others
in proportion.

Letters: B batch, J joints, M height and width of a heat map.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Height and width of HumanPoseNN's heat maps.
REFERENCE_SIZE = 289


def squared_distances(places: Tensor, size: int) -> Tensor:
    """Return the squared distance float32 [B, J, M, M], in cells, of each cell to places [B, J, 2] (column, row)."""
    cells = torch.arange(size, device=places.device, dtype=torch.float32)
    column, row = ((cells - place[..., None]).square() for place in places.float().unbind(-1))  # [B, J, M] each
    return row[..., :, None] + column[..., None, :]


def disks(places: Tensor, size: int, diameter: float = 15.0) -> Tensor:
    """Draw a disk around each place.

    Args:
        places: float32 [B, J, 2], (column, row).
        size: M.
        diameter: in cells of a map of `REFERENCE_SIZE`.

    Returns:
        float32 [B, J, M, M], 1 inside and on the circle, 0 outside.

    >>> int(disks(torch.tensor([[[144.0, 100.0]]]), 289).sum())
    177
    """
    radius = diameter / 2 * size / REFERENCE_SIZE
    return (squared_distances(places, size) <= radius**2).float()


def gaussians(places: Tensor, size: int, deviation: float = 5.0) -> Tensor:
    """Draw a Gaussian of height 1 around each place.

    Args:
        places: float32 [B, J, 2], (column, row).
        size: M.
        deviation: standard deviation, in cells of a map of `REFERENCE_SIZE`.

    Returns:
        float32 [B, J, M, M] in 0..1.
    """
    return torch.exp(squared_distances(places, size) / (-2 * (deviation * size / REFERENCE_SIZE) ** 2))
