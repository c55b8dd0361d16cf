"""Motion recorded elsewhere (a Kinect, motion capture) on our stage: the same bodies, cameras and pictures."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import InvalidSequenceError
from gaitprint.core.heading import moving_average, walking_direction
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import Skeleton, convert_joints, get_skeleton
from gaitprint.synth.body import Body, average_body, estimate_stature
from gaitprint.synth.camera import VIEWS, Camera, ring
from gaitprint.synth.clothing import Outfit, recolour
from gaitprint.synth.everyday import EverydayWalk
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.segmentation import SegmentationNoise
from gaitprint.synth.solids import dress, facing
from gaitprint.synth.views import render_view

_NEEDED = ("pelvis", "thorax", "spine_mid", "neck", "head", "head_top")
_NEEDED_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_LEG = ("hip", "knee", "ankle")
_SMOOTHING_S = 1.0


def render_recorded(
    joints: NDArray[np.float32],
    skeleton: Skeleton | str,
    *,
    frame_rate_hz: float,
    subject: str,
    condition: str,
    views: Iterable[str] = VIEWS,
    body: Body | None = None,
    outfit: Outfit | None = None,
    confidence: NDArray[np.float32] | None = None,
    noise: float = 0.0,
    seed: int = 0,
    silhouettes: bool = True,
    joints_as: str | None = None,
    joint_axes: Literal[2, 3] = 3,
    frames: bool = False,
    every: int = 1,
    everyday: EverydayWalk | None = None,
) -> list[GaitSequence]:
    """Render a recorded walk from any views.

    Wherever the person went, the cameras go along and keep their angles to the direction of the walk (averaged over a
    second), as in a walk straight ahead.

    Args:
        joints: float32 [T, J, 3] in metres, y up; x and z may form a left- or a right-handed frame (see `stage`).
        skeleton: of `joints`, itself or its name.
        frame_rate_hz: frames a second.
        subject: label.
        condition: label.
        views: camera labels in degrees; 000 = the person walks towards the camera.
        body: breadths and radii; None = average proportions at the stature that the legs suggest.
        outfit: clothes, bag, coat; None = plain clothes in colours of their own for each walk.
        confidence: float32 [T, J]; None = all seen.
        noise: level of segmentation errors, 0 = perfect masks.
        seed: of segmentation errors, colours and scenery, which every walk has for itself.
        silhouettes: give masks uint8 [T, H, W].
        joints_as: name of the skeleton in which to give joints; None for no joints.
        joint_axes: 3 = metres in the camera's frame, 2 = pixels.
        frames: give RGB frames.
        every: render every Nth frame, at so much lower a frame rate.
        everyday: draws body, outfit, cameras and segmentation errors, in place of the arguments for them; the body has
            the stature that the legs suggest.

    Returns:
        one sequence a camera, in the order of `views`.

    Raises:
        InvalidSequenceError: joints that are not [T, J, 3], not finite, or lack a part of the body.
        UsageError: unknown skeleton, a view that is no angle, legs of no human length.
    """
    source = get_skeleton(skeleton) if isinstance(skeleton, str) else skeleton
    if joints.ndim != 3 or joints.shape[2] != 3 or not len(joints):
        raise InvalidSequenceError(f"{subject}/{condition}: joints have shape {joints.shape}, need [T >= 1, J, 3]")
    if not np.isfinite(joints).all():
        raise InvalidSequenceError(f"{subject}/{condition}: joints hold NaN or infinity")
    if body is None:
        stature = estimate_stature(joints, source)
        body = average_body(stature) if everyday is None else everyday.body().scaled(stature)
    points, landmarks = (positions[::every] for positions in stage(joints, source, body, frame_rate_hz))
    walk = zlib.crc32(f"{subject}/{condition}".encode())

    def rng(*key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))

    given_outfit = outfit or (Outfit() if everyday is None else everyday.outfit())
    solids = dress(landmarks, body, given_outfit if outfit else recolour(given_outfit, rng(walk, 0)))
    cameras = ring(tuple(views)) if everyday is None else everyday.cameras()
    given_skeleton = None if joints_as is None else get_skeleton(joints_as)
    return [
        render_view(
            points,
            source,
            landmarks[:, LANDMARKS.index("pelvis")],
            solids,
            camera,
            labels=(subject, condition, view),
            frame_rate_hz=frame_rate_hz / every,
            rng=rng(walk, 2, _view_key(camera)),
            scene_rng=rng(walk, 1, _view_key(camera)),
            noise=_noise(noise, camera, everyday) if silhouettes else None,
            confidence=None if confidence is None else confidence[::every],
            skeleton=given_skeleton,
            joint_axes=joint_axes,
            frames=frames,
        )
        for view, camera in cameras.items()
    ]


def _noise(level: float, camera: Camera, everyday: EverydayWalk | None) -> SegmentationNoise:
    return SegmentationNoise(level=level) if everyday is None else everyday.noise(camera)


def _view_key(camera: Camera) -> int:
    return round(camera.view_deg * 1000) % 360_000


def stage(
    joints: NDArray[np.float32], skeleton: Skeleton, body: Body, frame_rate_hz: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Put a recorded walk on the spot: walking along +z, over the origin, feet on the floor.

    The Kinect and motion capture give right-handed axes, `GaitSequence` has left-handed ones. Toes point forward, so
    they tell which it is; a right-handed recording is mirrored in x. Without feet the axes are taken as left-handed.

    Args:
        joints: float32 [T, J, 3] in metres, y up.
        skeleton: of `joints`.
        body: lengths of what the skeleton lacks (feet, hands).
        frame_rate_hz: frames a second.

    Returns:
        joints float32 [T, J, 3] and landmarks float32 [T, joints of `LANDMARKS`, 3] on the stage.

    Raises:
        InvalidSequenceError: a part of the body cannot be derived from the skeleton.
    """
    points = joints.astype(np.float32)
    landmarks, seen = convert_joints(points, skeleton, LANDMARKS)
    has = dict(zip(LANDMARKS.joints, seen[0] > 0, strict=True))
    lacking = [
        name
        for name in (*_NEEDED, *(f"{side}_{part}" for side in ("left", "right") for part in _NEEDED_LIMBS))
        if not has[name]
    ]
    if lacking:
        raise InvalidSequenceError(f"skeleton '{skeleton.name}' cannot be given a body: no {', '.join(lacking)}")
    if has["left_foot"] and has["right_foot"] and _faces_backwards(landmarks):
        points = points * np.array([-1, 1, 1], np.float32)
        landmarks = landmarks * np.array([-1, 1, 1], np.float32)
    _complete(landmarks, has, body)

    window = max(1, round(_SMOOTHING_S * frame_rate_hz))
    legs = landmarks[:, [[LANDMARKS.index(f"{side}_{joint}") for joint in _LEG] for side in ("left", "right")]]
    yaw = walking_direction(legs, facing(landmarks), frame_rate_hz)
    sine, cosine = moving_average(np.stack([np.sin(yaw), np.cos(yaw)], axis=-1), window).T
    yaw = np.arctan2(sine, cosine).astype(np.float32)
    centre = moving_average(landmarks[:, LANDMARKS.index("pelvis")].astype(np.float64), window).astype(np.float32)
    feet = landmarks[:, [LANDMARKS.index(f"{side}_{part}") for side in ("left", "right") for part in ("heel", "foot")]]
    # Not the lowest point of all: one bad frame would lift the whole walk.
    centre[:, 1] = np.percentile(feet[..., 1].min(axis=1), 10)
    return _turned(points, centre, yaw), _turned(landmarks, centre, yaw)


def _faces_backwards(landmarks: NDArray[np.float32]) -> bool:
    """Whether toes point against the direction that hips and shoulders give, on average over all frames."""
    yaw = facing(landmarks)
    toes = sum(
        landmarks[:, LANDMARKS.index(f"{side}_foot")] - landmarks[:, LANDMARKS.index(f"{side}_ankle")]
        for side in ("left", "right")
    )
    return bool(np.median(toes[:, 0] * np.sin(yaw) + toes[:, 2] * np.cos(yaw)) < 0)  # type: ignore[index]


def _complete(landmarks: NDArray[np.float32], has: dict[str, np.bool_], body: Body) -> None:
    """Add heels, toes and hands that the skeleton lacks, in place."""
    yaw = facing(landmarks)
    ahead = np.stack([np.sin(yaw), 0 * yaw, np.cos(yaw)], axis=-1)
    for side in ("left", "right"):
        at = {
            part: LANDMARKS.index(f"{side}_{part}") for part in ("elbow", "wrist", "hand_tip", "ankle", "heel", "foot")
        }
        ankle = landmarks[:, at["ankle"]]
        down = np.array([0, body.ankle_height, 0], np.float32)
        if not has[f"{side}_foot"]:
            landmarks[:, at["foot"]] = ankle - down + ahead * np.float32(body.foot - body.heel)
        if not has[f"{side}_heel"]:
            landmarks[:, at["heel"]] = ankle - down - ahead * np.float32(body.heel)
        if not has[f"{side}_hand_tip"]:
            forearm = landmarks[:, at["wrist"]] - landmarks[:, at["elbow"]]
            forearm = forearm / np.maximum(np.linalg.norm(forearm, axis=1, keepdims=True), 1e-6)
            landmarks[:, at["hand_tip"]] = landmarks[:, at["wrist"]] + forearm * np.float32(0.95 * body.hand)


def _turned(points: NDArray[np.float32], centre: NDArray[np.float32], yaw: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move `centre` [T, 3] to the origin and turn the direction `yaw` [T] to +z."""
    x, y, z = np.moveaxis(points - centre[:, None], -1, 0)
    sine, cosine = np.sin(yaw)[:, None], np.cos(yaw)[:, None]
    return np.stack([x * cosine - z * sine, y, z * cosine + x * sine], axis=-1).astype(np.float32)
