"""Joints of one person in crops: by MediaPipe's landmark network, or by a pose network of this project.

Letters: B crops, J joints, R pixels of a crop's side.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from gaitprint.core.skeletons import BLAZEPOSE_33, Skeleton
from gaitprint.data.frames import square_frames, to_model
from gaitprint.models.pose.base import PoseNetwork
from gaitprint.video.litert import LiteNetwork

# Rows of the landmark network's outputs: 33 joints and six auxiliary points; x, y, z, visibility, presence.
_POINTS, _VALUES = 39, 5
# Side of the window in a heat map over which a joint is refined, and the least probability that refines.
_WINDOW, _LEAST_REFINED = 7, 0.5


class CropJoints(NamedTuple):
    """Joints of B crops.

    Args:
        image: float32 [B, J, 2], x and y in pixels of the crops, the centre of a pixel at a half.
        world: float32 [B, J, 3], metres, x right, y up, z away from the camera, about the middle of the hips; None
            where a front-end finds no depth.
        confidence: float32 [B, J] in 0..1.
        person: float32 [B] in 0..1, how surely there is a person at all.
    """

    image: NDArray[np.float32]
    world: NDArray[np.float32] | None
    confidence: NDArray[np.float32]
    person: NDArray[np.float32]


class PoseFrontEnd(ABC):
    """Finds the joints of the person in the middle of square crops; stands for a way to do so.

    Attributes:
        skeleton: the joints that it finds.
        knows_people: whether `CropJoints.person` tells a person from anything else.
        knows_depth: whether joints in metres are found.
    """

    skeleton: Skeleton
    knows_people: bool = False
    knows_depth: bool = False

    @abstractmethod
    def find(self, crops: Sequence[NDArray[np.uint8]]) -> CropJoints:
        """Find joints; crops uint8 [R, R, 3], RGB, at least one."""


class MediaPipePose(PoseFrontEnd):
    """BlazePose's landmark network: 33 joints in the picture and in metres."""

    skeleton = BLAZEPOSE_33
    knows_people = knows_depth = True

    def __init__(self) -> None:
        self._network = LiteNetwork("landmarks")

    def find(self, crops: Sequence[NDArray[np.uint8]]) -> CropJoints:
        """See `PoseFrontEnd.find`; R must be 256."""
        found = [self._network(crop.astype(np.float32) / np.float32(255)) for crop in crops]
        points, person, maps, world = (np.stack([outputs[place] for outputs in found]) for place in (0, 1, 3, 4))
        points = points.reshape(len(crops), _POINTS, _VALUES)
        image = refine(points[:, :, :2] / np.float32(len(crops[0])), maps) * len(crops[0])
        joints = len(BLAZEPOSE_33.joints)
        metres = world.reshape(len(crops), _POINTS, 3)[:, :joints] * np.array([1, -1, 1], np.float32)
        seen, there = _sigmoid(points[:, :joints, 3]), _sigmoid(points[:, :joints, 4])
        confidence = np.minimum(seen, there)
        return CropJoints(image[:, :joints].astype(np.float32), metres, confidence, person[:, 0])


class NetworkPose(PoseFrontEnd):
    """A pose network of this project: 16 joints in the picture.

    Args:
        network: with its weights; put on `device`.
        device: where to compute.
    """

    def __init__(self, network: PoseNetwork, device: torch.device) -> None:
        self._network, self._device = network.to(device).eval(), device
        self.skeleton = network.skeleton

    def find(self, crops: Sequence[NDArray[np.uint8]]) -> CropJoints:
        """See `PoseFrontEnd.find`."""
        size = self._network.resolution
        squares = square_frames(np.stack(crops), size)
        with torch.inference_mode():
            found = self._network.joint_positions(to_model(torch.from_numpy(squares).to(self._device)))
        # A sigmoid in single precision may end a hair beyond its range.
        confidence = found.probabilities.cpu().numpy().clip(0, 1)
        image = found.positions.cpu().numpy() * np.float32(len(crops[0]) / size)
        return CropJoints(image, None, confidence, confidence.mean(axis=1))


def refine(points: NDArray[np.float32], maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move landmarks to the centre of mass of their heat map around them, where that is sure enough.

    Args:
        points: float32 [B, P, 2], x and y, 0..1 of the crop.
        maps: float32 [B, h, w, P], logits.

    Returns:
        float32 [B, P, 2]; points beyond the map, or with no probability of `_LEAST_REFINED` in their window, stay.
    """
    height, width = maps.shape[1:3]
    column = (points[..., 0] * width).astype(np.int64)  # [B, P]
    row = (points[..., 1] * height).astype(np.int64)
    within = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    reach = np.arange(_WINDOW) - _WINDOW // 2
    columns, rows = column[..., None] + reach, row[..., None] + reach  # [B, P, window]
    inside = ((rows >= 0) & (rows < height))[..., :, None] & ((columns >= 0) & (columns < width))[..., None, :]
    batch, point = np.ogrid[: len(points), : points.shape[1]]
    logits = maps[
        batch[..., None, None],
        np.clip(rows, 0, height - 1)[..., :, None],
        np.clip(columns, 0, width - 1)[..., None, :],
        point[..., None, None],
    ]  # [B, P, window rows, window columns]
    weights = np.where(inside, _sigmoid(logits), np.float32(0))
    total = weights.sum(axis=(2, 3))
    sure = within & (weights.max(axis=(2, 3)) >= _LEAST_REFINED) & (total > 0)
    safe = np.maximum(total, np.float32(1e-6))
    centre = np.stack(
        [
            (weights.sum(axis=2) * columns).sum(axis=2) / safe / width,
            (weights.sum(axis=3) * rows).sum(axis=2) / safe / height,
        ],
        axis=-1,
    )
    return np.where(sure[..., None], centre, points).astype(np.float32)


def _sigmoid(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -40, 40))), np.float32)
