"""Scenes for RGB frames: a wall or clutter over a floor, a lamp, a shadow, and the noise of the sensor.

No two walks are filmed in the same place, so that nothing learnt from frames can be learnt from the background. The
idea, and what is varied, follow domain randomisation (Tobin et al. 2017, *Domain Randomization for Transferring Deep
Neural Networks from Simulation to the Real World*).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.camera import Camera

_LARGEST_GRAIN = 8


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a camera sees besides the walker.

    Args:
        light_from_deg: where the lamp stands, 0 = at the camera, positive to its right.
        ambient: brightness of what the lamp does not reach, in 0..1.
        shadow: brightness of the floor under the walker, in 0..1; 1 = no shadow.
        shadow_edge: how soft its edge is, as a share of its size, 0..1; 0 = sharp.
        grain: largest sensor noise, grey levels, 1..8.
        clutter: how many things stand before the wall.
        texture: contrast of the stains on wall and floor, in 0..1.
    """

    light_from_deg: float
    ambient: float
    shadow: float
    grain: int
    clutter: int
    texture: float
    shadow_edge: float = 0.0


def sample_scene(rng: np.random.Generator) -> Scene:
    """Draw a scene; half of them are tidy."""
    tidy = rng.random() < 0.5
    return Scene(
        light_from_deg=float(rng.uniform(-60, 60)),
        ambient=float(rng.uniform(0.45, 0.8)),
        shadow=float(rng.uniform(0.45, 1.0)),
        grain=int(rng.integers(1, _LARGEST_GRAIN + 1)),
        clutter=0 if tidy else int(rng.integers(4, 25)),
        texture=float(rng.uniform(0.0, 0.1 if tidy else 0.35)),
    )


def paint_background(
    scene: Scene, camera: Camera, frames: int, shift: NDArray[np.float32] | None, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Paint the background of all frames: a window into one wide picture that moves by `shift`.

    Args:
        scene: what there is.
        camera: size of the picture, and where the floor ends.
        frames: T.
        shift: float32 [T] as `Camera.follow` gives it; None for a picture that stands still.
        rng: colours, places and shapes.

    Returns:
        uint8 [T, H, W, 3], at least `scene.grain` away from 0 and from 255.
    """
    moves = np.zeros(frames, np.int64) if shift is None else -shift.astype(np.int64)
    wide = int(np.ptp(moves)) + camera.width
    # The floor meets the wall where it is twice as far as the walker.
    edge = int(camera.height / 2 + camera.height_m * camera.focal_px / (2 * camera.distance_m))
    picture = np.empty((camera.height, wide, 3), np.float32)
    wall, floor = rng.uniform(60, 225, 3), rng.uniform(50, 170, 3)
    panel = int(rng.integers(35, 70))
    columns = np.arange(wide) + int(rng.integers(panel))
    picture[:edge] = wall * (1.0 - 0.10 * (columns // panel % 2))[None, :, None]
    picture[:edge] *= np.where(columns % panel == 0, 0.8, 1.0)[None, :, None]
    picture[edge:] = floor * np.linspace(0.75, 1.1, camera.height - edge)[:, None, None]
    for _ in range(scene.clutter):
        _add_thing(picture, edge, rng)
    picture *= 1 + scene.texture * _stains(camera.height, wide, rng)[..., None]
    position = (moves - moves.min())[:, None] + np.arange(camera.width)[None]  # [T, W]
    painted = np.clip(picture, scene.grain, 255 - scene.grain).astype(np.uint8)
    return np.ascontiguousarray(painted[:, position].transpose(1, 0, 2, 3))


def _add_thing(picture: NDArray[np.float32], edge: int, rng: np.random.Generator) -> None:
    """A window, a cupboard, a post or a bush: a filled rectangle or ellipse that stands on the floor or hangs."""
    height, wide = picture.shape[:2]
    half_width, half_height = rng.uniform(2, 30), rng.uniform(4, 45)
    middle = rng.uniform(0, wide), rng.uniform(0, edge + 0.1 * height)
    colour = tuple(float(value) for value in rng.uniform(20, 235, 3))
    if rng.random() < 0.6:
        first = round(middle[0] - half_width), round(middle[1] - half_height)
        last = round(middle[0] + half_width), round(middle[1] + half_height)
        cv2.rectangle(picture, first, last, colour, cv2.FILLED)
    else:
        centre, radii = (round(middle[0]), round(middle[1])), (round(half_width), round(half_height))
        cv2.ellipse(picture, centre, radii, float(rng.uniform(0, 180)), 0, 360, colour, cv2.FILLED)


def _stains(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of three sizes, float32 [H, W] in about -1..1."""
    total = np.zeros((height, width), np.float32)
    for cell in (40, 16, 6):
        coarse = rng.uniform(-1, 1, (height // cell + 2, width // cell + 2)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return total / np.float32(2)


def add_grain(picture: NDArray[np.uint8], scene: Scene, rng: np.random.Generator) -> None:
    """Add the sensor's noise in place; no value of `picture` may be nearer to 0 or 255 than `scene.grain`."""
    grain = rng.integers(-scene.grain, scene.grain + 1, picture.shape, dtype=np.int8)
    picture += grain.view(np.uint8)  # modulo 256, which nothing reaches
