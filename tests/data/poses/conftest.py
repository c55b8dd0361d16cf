"""Walks whose every property is known: synthetic ones, turned, mirrored, and with some of it missing."""

from collections.abc import Callable

import numpy as np
import pytest

from gaitprint.core.skeletons import KINECT_V1_20, Skeleton, convert_joints
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle


def make_walk(
    frames: int = 120,
    rate: float = 30.0,
    turn_deg: float | np.ndarray = 0.0,
    *,
    mirrored: bool = False,
    skeleton: Skeleton = KINECT_V1_20,
    stature: float = 1.7,
    cadence_hz: float = 0.9,
) -> np.ndarray:
    """A walk along +z on the spot, or turned from there towards +x; left-handed axes unless mirrored."""
    style = GaitStyle(cadence_hz=cadence_hz)
    points = walk(average_body(stature), style, frames, frame_rate_hz=rate).landmarks.astype(np.float64)
    points[..., [0, 2]] -= points[:, [LANDMARKS.index("pelvis")]][..., [0, 2]]
    angle = np.deg2rad(np.broadcast_to(turn_deg, frames))[:, None]
    x, y, z = np.moveaxis(points, -1, 0)
    turned = np.stack([x * np.cos(angle) + z * np.sin(angle), y, z * np.cos(angle) - x * np.sin(angle)], axis=-1)
    turned *= [-1 if mirrored else 1, 1, 1]
    return convert_joints(turned.astype(np.float32), LANDMARKS, skeleton)[0].astype(np.float64)


@pytest.fixture(scope="session")
def walk_of() -> Callable[..., np.ndarray]:
    return make_walk
