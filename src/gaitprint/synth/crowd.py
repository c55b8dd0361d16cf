"""Several walkers before one camera that stands still: wide pictures in which people come, cross and go.

What a system that finds people in videos is measured on: of every person the complete mask and all joints are known,
also where another one hides them, and what is empty is known to be empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.body import Body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import Outfit
from gaitprint.synth.raster import project_solids
from gaitprint.synth.render import joints_in_picture, paint_bodies, render_silhouettes
from gaitprint.synth.scene import Scene, add_grain, paint_background
from gaitprint.synth.solids import Solids, dress

# Frames that are painted at once, to bound memory.
_FRAMES_AT_ONCE = 32
# Where nobody is pictured, metres to the side.
_AWAY_M = 1e4


@dataclass(frozen=True, eq=False)
class Passer:
    """One person of a crowd.

    Args:
        landmarks: float32 [T, J, 3], world metres, joints of `LANDMARKS`.
        body: breadths and depths.
        outfit: clothes.
    """

    landmarks: NDArray[np.float32]
    body: Body
    outfit: Outfit


@dataclass(frozen=True, eq=False)
class Crowd:
    """What a camera sees of P people.

    Args:
        frames: uint8 [T, H, W, 3], RGB.
        silhouettes: uint8 [P, T, H, W], 0 or 255: each person as if alone.
        joints: float32 [P, T, J, 2], pixels, joints of `LANDMARKS`.
    """

    frames: NDArray[np.uint8]
    silhouettes: NDArray[np.uint8]
    joints: NDArray[np.float32]


def appear(landmarks: NDArray[np.float32], first: int, frames: int) -> NDArray[np.float32]:
    """Let a walk [t, J, 3] begin at frame `first` of `frames`; before and after it nobody is in any picture."""
    whole = np.zeros((frames, *landmarks.shape[1:]), np.float32)
    whole[...] = landmarks[:1]
    whole[..., 0] += np.float32(_AWAY_M)
    last = min(frames, first + len(landmarks))
    whole[first:last] = landmarks[: last - first]
    return whole


def render_crowd(people: Sequence[Passer], camera: Camera, scene: Scene, rng: np.random.Generator) -> Crowd:
    """Picture people in one scene.

    Args:
        people: at least one, all over the same T frames.
        camera: where from, and the size of the pictures; it stands still.
        scene: what there is besides them.
        rng: draws the background and the sensor's noise.
    """
    count = len(people[0].landmarks)
    dressed = [dress(person.landmarks, person.body, person.outfit) for person in people]
    background = paint_background(scene, camera, 1, None, rng)
    frames = np.repeat(background, count, axis=0)
    for start in range(0, count, _FRAMES_AT_ONCE):
        part = slice(start, start + _FRAMES_AT_ONCE)
        outlines = [project_solids(_cut(solids, part), camera) for solids in dressed]
        painted = frames[part]
        paint_bodies(painted, outlines, [solids.colours for solids in dressed], camera, scene)
        add_grain(painted, scene, rng)
    return Crowd(
        frames,
        np.stack([render_silhouettes(solids, camera) for solids in dressed]),
        np.stack([joints_in_picture(person.landmarks, camera) for person in people]),
    )


def _cut(solids: Solids, part: slice) -> Solids:
    """Take some frames of solids."""
    return Solids(solids.ends[part], solids.radii, solids.stretch, solids.yaw[part], solids.parts, solids.colours)
