"""Rendered videos of walkers for the tests of extraction."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.body import average_body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import recolour, sample_outfit
from gaitprint.synth.crowd import Crowd, Passer, appear, render_crowd
from gaitprint.synth.motion import place, walk
from gaitprint.synth.scene import Scene
from gaitprint.synth.style import GaitStyle

SCENE = Scene(light_from_deg=20.0, ambient=0.6, shadow=0.8, grain=3, clutter=6, texture=0.15)


def passer(
    seed: int,
    frames: int,
    first: int,
    seconds: float,
    rate_hz: float,
    heading_deg: float = 90.0,
    at: tuple[float, float] = (0.0, 0.0),
) -> Passer:
    rng = np.random.default_rng(seed)
    body = average_body(1.65 + 0.05 * (seed % 4))
    points = walk(body, GaitStyle(), round(seconds * rate_hz), frame_rate_hz=rate_hz).landmarks
    outfit = recolour(sample_outfit(rng), rng)
    return Passer(appear(place(points, heading_deg, at), first, frames), body, outfit)


def camera(height: int = 160, width: int = 240, distance_m: float = 7.0) -> Camera:
    return Camera(view_deg=0.0, distance_m=distance_m, height_m=1.2, focal_px=width * 1.0, height=height, width=width)


def picture(people: list[Passer], seen_by: Camera, seed: int = 5) -> Crowd:
    return render_crowd(people, seen_by, SCENE, np.random.default_rng(seed))


def write(path: Path, frames: NDArray[np.uint8], rate_hz: float) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate_hz, (frames.shape[2], frames.shape[1]))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


def grey(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(frames.mean(axis=3, keepdims=True).astype(np.uint8), 3, axis=3)
