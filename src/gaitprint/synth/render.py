"""Solids seen by a camera -> silhouettes and shaded RGB frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.camera import Camera
from gaitprint.synth.raster import Outlines, Spans, fill, hull_spans, join_outlines, pixels_of, project_solids, spans_of
from gaitprint.synth.scene import Scene, add_grain, paint_background, sample_scene
from gaitprint.synth.segmentation import SegmentationNoise, damage, ragged
from gaitprint.synth.solids import Solids

# Ellipses that make the soft edge of a shadow.
_PENUMBRA_RINGS = 4


def render_silhouettes(
    solids: Solids,
    camera: Camera,
    shift: NDArray[np.float32] | None = None,
    noise: SegmentationNoise | None = None,
    rng: np.random.Generator | None = None,
) -> NDArray[np.uint8]:
    """Picture solids as masks.

    Args:
        solids: S solids over T frames.
        camera: where from, and the size of the picture.
        shift: float32 [T] as `Camera.follow` gives it.
        noise: segmentation errors; None or level 0 for perfect masks.
        rng: their randomness; required with `noise`.

    Returns:
        uint8 [T, H, W], 0 or 255.
    """
    frames = len(solids.yaw)
    outlines = project_solids(solids, camera, shift)
    spans = spans_of(outlines, camera.height)
    if noise is None or noise.level <= 0:
        return fill(spans, frames, camera.height, camera.width)
    if rng is None:
        rng = np.random.default_rng(0)
    silhouettes = fill(ragged(spans, frames, camera.height, noise, rng), frames, camera.height, camera.width)
    floor = camera.height / 2 + camera.height_m * camera.focal_px / outlines.depth.mean(axis=(1, 2))
    damage(silhouettes, outlines, floor.astype(np.float32), noise, rng)
    return silhouettes


def render_frames(
    solids: Solids,
    camera: Camera,
    rng: np.random.Generator,
    shift: NDArray[np.float32] | None = None,
) -> NDArray[np.uint8]:
    """Picture solids in colour in a scene of their own.

    The nearest solid shows at every pixel; each is shaded as a cylinder, lit by the scene's lamp.

    Args:
        solids: S solids over T frames.
        camera: where from, and the size of the picture.
        rng: draws the scene and the sensor's noise.
        shift: float32 [T] as `Camera.follow` gives it; the background moves with it.

    Returns:
        uint8 [T, H, W, 3], RGB.
    """
    scene = sample_scene(rng)
    picture = paint_background(scene, camera, len(solids.yaw), shift, rng)
    paint_bodies(picture, [project_solids(solids, camera, shift)], [solids.colours], camera, scene)
    add_grain(picture, scene, rng)
    return picture


def paint_bodies(
    picture: NDArray[np.uint8],
    bodies: Sequence[Outlines],
    colours: Sequence[NDArray[np.uint8]],
    camera: Camera,
    scene: Scene,
) -> None:
    """Paint bodies and their shadows over a background, in place; of several the nearest shows.

    Args:
        picture: uint8 [T, H, W, 3], RGB; no value is nearer to 0 or 255 than the scene's grain.
        bodies: one or several, each over T frames.
        colours: of each body uint8 [S, 3].
        camera: which pictured them.
        scene: its lamp and shadow.
    """
    for body in bodies:
        _cast_shadow(picture, body, camera, scene)
    outlines = join_outlines(bodies)
    spans = spans_of(outlines, camera.height)
    flat, span = pixels_of(spans, camera.height, camera.width)
    half = np.maximum((spans.right - spans.left) / 2, np.float32(0.5))
    column = (flat % camera.width).astype(np.float32) + np.float32(0.5)
    across = np.clip((column - (spans.left + half)[span]) / half[span], -1, 1)
    facing = np.sqrt(1 - across**2)

    # The nearest solid shows: depth buffer over all pixels of all spans at once.
    middle, bulge = _span_depth(outlines, spans)
    depth = middle[span] - bulge[span] * facing
    nearest = np.full(picture.size // 3, np.inf, np.float32)
    np.minimum.at(nearest, flat, depth)
    shown = depth <= nearest[flat]
    flat, span, across, facing = flat[shown], span[shown], across[shown], facing[shown]

    lamp = np.deg2rad(scene.light_from_deg)
    light = scene.ambient + (1 - scene.ambient) * np.maximum(across * np.sin(lamp) + facing * np.cos(lamp), 0)
    painted = np.concatenate(colours).astype(np.float32)
    tint = painted[spans.outline % len(painted)]  # [N, 3]
    picture.reshape(-1, 3)[flat] = np.clip(tint[span] * light[:, None], scene.grain, 255 - scene.grain)


def _cast_shadow(picture: NDArray[np.uint8], outlines: Outlines, camera: Camera, scene: Scene) -> None:
    """Darken the floor under the walker, in place: an ellipse as broad as the body, or several for a soft edge."""
    x = outlines.centres[..., 0]
    middle = (x.min(axis=(1, 2)) + x.max(axis=(1, 2))) / 2  # [T]
    floor = camera.height / 2 + camera.height_m * camera.focal_px / outlines.depth.mean(axis=(1, 2))
    centres = np.stack([middle, floor], axis=-1)[:, None, None].repeat(2, axis=2).astype(np.float32)  # [T, 1, 2, 2]
    radius = np.full((len(x), 1, 2), 0.018 * camera.height, np.float32)
    breadth = (np.ptp(x, axis=(1, 2)) / 2 / radius[:, 0, 0] + 2)[:, None].astype(np.float32)
    lit = picture.reshape(-1, 3)
    edge = scene.shadow_edge
    rings = np.linspace(1 - edge, 1 + edge, _PENUMBRA_RINGS, dtype=np.float32) if edge else np.ones(1, np.float32)
    for size in rings:
        spans = hull_spans(centres, size * radius, breadth, camera.height)
        flat, _ = pixels_of(spans, camera.height, camera.width)
        lit[flat] = np.maximum(lit[flat] * scene.shadow ** (1 / len(rings)), scene.grain)


def _span_depth(outlines: Outlines, spans: Spans) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Depth of a solid's axis at each of its rows, and how far its surface stands out of it, float32 [N] metres."""
    ends, radii = outlines.centres.reshape(-1, 2, 2)[spans.outline], outlines.radii.reshape(-1, 2)[spans.outline]
    depths = outlines.depth.reshape(-1, 2)[spans.outline]
    rise = ends[:, 1, 1] - ends[:, 0, 1]
    steep = np.abs(rise) > np.float32(1.0)
    share = (spans.row + np.float32(0.5) - ends[:, 0, 1]) / np.where(steep, rise, np.float32(1))
    share = np.where(steep, np.clip(share, 0, 1), np.float32(0.5))
    middle = depths[:, 0] * (1 - share) + depths[:, 1] * share
    radius = radii[:, 0] * (1 - share) + radii[:, 1] * share
    metres_per_pixel = middle / np.float32(outlines.focal_px)
    bulge = radius * metres_per_pixel * outlines.bulge.reshape(-1)[spans.outline]
    return middle.astype(np.float32), bulge.astype(np.float32)


def joints_in_picture(
    points: NDArray[np.float32], camera: Camera, shift: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """World metres [T, J, 3] -> pixels float32 [T, J, 2] of the same pictures that `render_silhouettes` makes."""
    return camera.project(camera.to_camera(points), shift)
