"""Rendered videos that extraction is measured on, and what spoils pictures in practice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.body import average_body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import recolour, sample_outfit
from gaitprint.synth.crowd import Crowd, Passer, appear, render_crowd
from gaitprint.synth.motion import place, walk
from gaitprint.synth.scene import sample_scene
from gaitprint.synth.style import sample_style


@dataclass(frozen=True, eq=False)
class Scene:
    """One walker before one camera.

    Args:
        crowd: frames, silhouettes and joints in the picture.
        landmarks: float32 [T, J, 3], metres, as the camera sees them: x right, y up, z away; joints of `LANDMARKS`.
        rate_hz: frames a second.
    """

    crowd: Crowd
    landmarks: NDArray[np.float32]
    rate_hz: float


def scene(
    seed: int,
    *,
    size: tuple[int, int] = (240, 320),
    tall_px: float = 78.0,
    heading_deg: float | None = None,
    rate_hz: float = 25.0,
    seconds: float = 5.0,
    margin_s: float = 0.8,
    at: tuple[float, float] = (0.0, 0.0),
) -> Scene:
    """Render somebody who walks through the picture.

    Args:
        seed: of body, gait, clothes and place.
        size: H and W, pixels.
        tall_px: about how tall the person is.
        heading_deg: as `crowd.place`; None for something near to straight across.
        rate_hz: frames a second.
        seconds: of the walk.
        margin_s: seconds of the empty picture before and after.
        at: as `crowd.place`.
    """
    rng = np.random.default_rng([77, seed])
    height, width = size
    focal = 0.9 * width
    distance = 1.7 * focal / tall_px
    camera = Camera(view_deg=0, distance_m=distance, height_m=1.2, focal_px=focal, height=height, width=width)
    heading = heading_deg if heading_deg is not None else float(rng.choice([90, 270]) + rng.uniform(-25, 25))
    body = average_body(float(rng.uniform(1.55, 1.9)))
    steps, margin = round(seconds * rate_hz), round(margin_s * rate_hz)
    motion = walk(body, sample_style(rng), steps, frame_rate_hz=rate_hz, start_phase=float(rng.random()))
    placed = place(motion.landmarks, heading, at)
    way = appear(placed, margin, steps + 2 * margin) if margin else placed
    crowd = render_crowd([Passer(way, body, recolour(sample_outfit(rng), rng))], camera, sample_scene(rng), rng)
    return Scene(crowd, camera.to_camera(way), rate_hz)


def write(path: Path, frames: NDArray[np.uint8], rate_hz: float) -> Path:
    """Write frames uint8 [T, H, W, 3], RGB, as a video that loses little."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate_hz, (frames.shape[2], frames.shape[1]))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


def grey(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the colours away."""
    return np.asarray(np.repeat(frames.mean(axis=3, keepdims=True).astype(np.uint8), 3, axis=3))


def brightness(
    frames: NDArray[np.uint8], share: float = 0.08, seconds: float = 3.0, rate_hz: float = 25.0
) -> NDArray[np.uint8]:
    """Let the light go up and down."""
    gain = 1 + share * np.sin(2 * np.pi * np.arange(len(frames)) / rate_hz / seconds)
    return np.asarray(np.clip(frames * gain[:, None, None, None], 0, 255), np.uint8)


def noise(frames: NDArray[np.uint8], deviation: float = 12.0) -> NDArray[np.uint8]:
    """Add noise of a dark room."""
    rng = np.random.default_rng(0)
    return np.stack([np.clip(f + rng.normal(0, deviation, f.shape), 0, 255).astype(np.uint8) for f in frames])


def hard_floor(
    frames: NDArray[np.uint8], silhouettes: NDArray[np.uint8], shadow: float = 0.6, reflection: float = 0.25
) -> NDArray[np.uint8]:
    """Let a polished floor throw a person back, and a lamp throw a long soft shadow.

    Args:
        frames: uint8 [T, H, W, 3].
        silhouettes: uint8 [T, H, W] of the person.
        shadow: brightness of the floor in the shadow's middle.
        reflection: share of the reflected person where it is clearest.
    """
    spoilt = frames.astype(np.float32)
    height, width = frames.shape[1:3]
    for picture, frame, mask in zip(spoilt, frames, silhouettes, strict=True):
        rows = np.nonzero(mask)[0]
        if len(rows) == 0:
            continue
        feet = float(rows.max())
        soft = max(1.0, float(np.ptp(rows)) / 60)
        outside = (mask == 0).astype(np.float32)
        # Upside down below the feet: of the floor's brightness the more, the farther from them.
        mirror = np.array([[1, 0, 0], [0, -1, 2 * feet + 1]], np.float32)
        thrown = cv2.warpAffine(mask, mirror, (width, height)).astype(np.float32) / 255
        seen = cv2.warpAffine(frame, mirror, (width, height)).astype(np.float32)
        fading = np.clip(1 - (np.arange(height) - feet) / (0.6 * np.ptp(rows)), 0, 1)[:, None]
        share = cv2.GaussianBlur(thrown * fading, (0, 0), soft) * reflection * outside
        picture += share[..., None] * (seen - picture)
        # Lying on the floor to one side, a quarter as high as the person.
        lying = np.array([[1, -0.9, 0.9 * feet], [0, -0.25, 1.25 * feet]], np.float32)
        dark = cv2.warpAffine(mask, lying, (width, height)).astype(np.float32) / 255
        dark = cv2.GaussianBlur(dark, (0, 0), 1.5 * soft) * outside
        picture *= (1 - (1 - shadow) * dark)[..., None]
    return np.clip(spoilt, 0, 255).astype(np.uint8)


def torn(
    frames: NDArray[np.uint8], bare: NDArray[np.uint8], silhouettes: NDArray[np.uint8], band: float
) -> NDArray[np.uint8]:
    """Give a band about the belt, a share of the person's height, the colours of what is behind it, and some noise."""
    rng = np.random.default_rng(0)
    spoilt = frames.copy()
    for picture, behind, mask in zip(spoilt, bare, silhouettes, strict=True):
        rows = np.flatnonzero(mask.any(axis=1))
        if len(rows) == 0:
            continue
        first, tall = rows[0], rows[-1] + 1 - rows[0]
        belt = np.zeros(mask.shape, bool)
        belt[round(first + (0.47 - band / 2) * tall) : round(first + (0.47 + band / 2) * tall)] = True
        belt &= mask > 0
        values = behind[belt].astype(np.int64) + rng.integers(-3, 4, (np.count_nonzero(belt), 3))
        picture[belt] = np.clip(values, 0, 255).astype(np.uint8)
    return spoilt


def pan(frames: NDArray[np.uint8], width: int, travel: int) -> NDArray[np.uint8]:
    """Look at a part of wide frames that moves on by so many pixels in all."""
    starts = np.linspace(0, travel, len(frames)).round().astype(int)
    return np.stack([frame[:, start : start + width] for frame, start in zip(frames, starts, strict=True)])


def zoom(frames: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Come nearer by so many times from the first frame to the last."""
    height, width = frames.shape[1:3]
    factors = np.linspace(1, factor, len(frames))
    moves = [np.array([[f, 0, (1 - f) * width / 2], [0, f, (1 - f) * height / 2]]) for f in factors]
    return np.stack(
        [np.asarray(cv2.warpAffine(f, m, (width, height)), np.uint8) for f, m in zip(frames, moves, strict=True)]
    )
