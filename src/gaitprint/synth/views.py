"""One moving body, one camera -> `GaitSequence`."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import Skeleton, convert_joints
from gaitprint.synth.camera import Camera
from gaitprint.synth.render import joints_in_picture, render_frames, render_silhouettes
from gaitprint.synth.segmentation import SegmentationNoise
from gaitprint.synth.solids import Solids


def render_view(
    points: NDArray[np.float32],
    source: Skeleton,
    path: NDArray[np.float32],
    solids: Solids,
    camera: Camera,
    *,
    labels: tuple[str, str, str],
    frame_rate_hz: float,
    rng: np.random.Generator,
    scene_rng: np.random.Generator,
    noise: SegmentationNoise | None,
    confidence: NDArray[np.float32] | None = None,
    skeleton: Skeleton | None = None,
    joint_axes: Literal[2, 3] = 3,
    frames: bool = False,
) -> GaitSequence:
    """Picture a moving body with one camera.

    Args:
        points: float32 [T, J, 3] in world metres.
        source: the skeleton of `points`.
        path: float32 [T, 3], the pelvis, which the picture follows.
        solids: the body on them.
        camera: where from.
        labels: subject, condition, view.
        frame_rate_hz: frames a second.
        rng: segmentation errors, wandering of the crop.
        scene_rng: scene and sensor noise of the RGB frames.
        noise: segmentation errors of the silhouettes; None for no silhouettes.
        confidence: float32 [T, J] of `points`; None = all seen.
        skeleton: give joints in this skeleton.
        joint_axes: 3 = metres in the camera's frame, 2 = pixels.
        frames: give RGB frames.
    """
    shift = camera.follow(path, _wander(len(points), rng))
    given: dict[str, Any] = {}
    if noise is not None:
        given["silhouettes"] = render_silhouettes(solids, camera, shift, noise, rng)
    if skeleton is not None:
        seen = convert_joints(points, source, skeleton, confidence)
        pictured = joints_in_picture(seen[0], camera, shift) if joint_axes == 2 else camera.to_camera(seen[0])
        # A joint that cannot be derived is 0 with confidence 0, also here.
        given["joints"] = np.where(seen[1][..., None] > 0, pictured, np.float32(0))
        given["confidence"] = seen[1]
        given["skeleton"] = skeleton
    if frames:
        given["frames"] = render_frames(solids, camera, scene_rng, shift)
    subject, condition, view = labels
    return GaitSequence(subject, condition, view, frame_rate_hz, view_deg=camera.view_deg, **given)


def _wander(frames: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Slow error of the crop's centre, float32 [T] pixels."""
    knots = rng.normal(0.0, 1.5, 4)
    drift: NDArray[np.float32] = np.interp(np.linspace(0, 3, frames), np.arange(4), knots).astype(np.float32)
    return drift
