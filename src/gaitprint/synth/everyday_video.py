"""Videos of one walker each, as somebody films them: a camera that stands still, and a person who crosses twice.

What finds people in videos makes errors of its own: a leg of the floor's colour is lost, a shadow is taken for a foot.
A network is measured, and its thresholds are found, on walks that have gone through all of that.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UsageError
from gaitprint.synth.camera import Camera
from gaitprint.synth.crowd import Passer, appear, render_crowd
from gaitprint.synth.motion import place, walk
from gaitprint.synth.scene import sample_scene
from gaitprint.synth.walkers import Walker, WalkSpec, walker_of

RATE_HZ = 25.0
# (height, width), pixels, one of which each video has; and how often it has no colours.
_SIZES = ((120, 160), (240, 320), (360, 480))
_GREY_SHARE = 0.4
# Focal length for one of the picture's width, from a telephone to a long lens; how many times farther away than just
# fits; metres over the floor.
_FOCAL, _FARTHER, _HEIGHT_M = (0.9, 3.0), (1.0, 1.6), (0.8, 1.4)
_SHADOW_EDGE = (0.2, 0.9)
# Degrees by which a way may depart from straight across, and seconds of the empty picture before, between and after.
_OBLIQUE_DEG, _MARGIN_S = 40.0, 0.8


@dataclass(frozen=True, eq=False)
class EverydayVideo:
    """A video and who is in it.

    Args:
        frames: uint8 [T, H, W, 3], RGB.
        frame_rate_hz: frames a second.
        silhouettes: uint8 [T, H, W], 0 or 255, of the walker.
    """

    frames: NDArray[np.uint8]
    frame_rate_hz: float
    silhouettes: NDArray[np.uint8]


def film(spec: WalkSpec) -> EverydayVideo:
    """Film one walk of a person (of `walkers.everyday_walks`), to the one side and back to the other.

    Scene, camera, size and the angle of the way are the walk's own; body and gait are the person's.

    Raises:
        UsageError: a walk of another kind.
    """
    everyday = spec.everyday
    if everyday is None:
        raise UsageError(f"condition '{spec.condition}': only everyday walks (ev) are filmed")
    rng = everyday.rng(1)
    camera = _camera(rng)
    walker = walker_of(spec)
    heading = 90.0 + rng.uniform(-_OBLIQUE_DEG, _OBLIQUE_DEG)
    there = _crossing(walker, camera, heading, rng)
    back = _crossing(walker, camera, heading + 180.0 + rng.uniform(-5, 5), rng)
    pause = round(_MARGIN_S * RATE_HZ)
    count = 3 * pause + len(there) + len(back)
    way = appear(there, pause, count)
    returning = slice(2 * pause + len(there), 2 * pause + len(there) + len(back))
    way[returning] = back
    scene = dataclasses.replace(sample_scene(rng), shadow_edge=float(rng.uniform(*_SHADOW_EDGE)))
    picture = render_crowd([Passer(way, walker.body, walker.outfit)], camera, scene, rng)
    frames = picture.frames
    if rng.random() < _GREY_SHARE:
        frames = np.repeat(frames.mean(axis=3, keepdims=True).astype(np.uint8), 3, axis=3)
    return EverydayVideo(frames, RATE_HZ, picture.silhouettes[0])


def _camera(rng: np.random.Generator) -> Camera:
    """Draw a camera that sees a standing person from head to foot."""
    height_px, width_px = _SIZES[int(rng.integers(len(_SIZES)))]
    height_m = float(rng.uniform(*_HEIGHT_M))
    focal = float(np.exp(rng.uniform(*np.log(_FOCAL)))) * width_px
    # Head (2.1 m) and feet lie within nine tenths of the picture's half height.
    nearest = max(height_m, 2.1 - height_m) * focal / (0.45 * height_px)
    distance = nearest * float(rng.uniform(*_FARTHER))
    return Camera(
        view_deg=0.0, distance_m=distance, height_m=height_m, focal_px=focal, height=height_px, width=width_px
    )


def _crossing(walker: Walker, camera: Camera, heading_deg: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Landmarks float32 [T, J, 3] of a way through the whole picture, from outside of it to outside of it."""
    metres = camera.width / camera.focal_px * camera.distance_m / abs(np.sin(np.deg2rad(heading_deg))) + 1.0
    speed = _speed(walker)
    motion = walk(
        walker.body,
        walker.style,
        int(np.ceil(metres / speed * RATE_HZ)),
        frame_rate_hz=RATE_HZ,
        start_phase=float(rng.random()),
        drift=0.015 * rng.standard_normal(4),
    )
    return place(motion.landmarks, heading_deg, (0.0, float(rng.uniform(-0.4, 0.4))))


def _speed(walker: Walker) -> float:
    """Metres a second of a walker."""
    motion = walk(walker.body, walker.style, 50, frame_rate_hz=RATE_HZ)
    progress = motion.landmarks.mean(axis=1)[:, 2]
    return float((progress[-1] - progress[0]) / 49 * RATE_HZ)
