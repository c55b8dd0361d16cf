"""Solids -> rows of pixels: the scanline method.

A solid's outline in the picture is the convex hull of two discs, stretched sideways. In each pixel row that it meets,
it covers one span, whose ends follow in closed form from two arcs and two tangents. All frames, solids and rows are
computed at once; nothing is evaluated per pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.camera import Camera
from gaitprint.synth.solids import Solids

Floats = NDArray[np.float32]
_NOWHERE = 1e9  # a row that no picture has


@dataclass(frozen=True, eq=False)
class Outlines:
    """S solids in T pictures of one camera: hulls of two discs, stretched by `stretch` in x.

    Args:
        centres: float32 [T, S, 2 ends, 2], pixels (x right, y down).
        radii: float32 [T, S, 2 ends], pixels, measured vertically.
        stretch: float32 [T, S], horizontal over vertical extent, > 0.
        depth: float32 [T, S, 2 ends], metres from the camera.
        bulge: float32 [T, S], extent along the line of sight over vertical extent.
        focal_px: focal length of the camera.
    """

    centres: Floats
    radii: Floats
    stretch: Floats
    depth: Floats
    bulge: Floats
    focal_px: float


@dataclass(frozen=True, eq=False)
class Spans:
    """N rows of outlines.

    Args:
        outline: int64 [N], position on the flattened [T * S] axis, ascending.
        frame: int64 [N].
        row: int64 [N], picture row.
        left: float32 [N], pixels; a pixel belongs to the span where its centre (column + 0.5) is in [left, right).
        right: float32 [N].
    """

    outline: NDArray[np.int64]
    frame: NDArray[np.int64]
    row: NDArray[np.int64]
    left: Floats
    right: Floats


def project_solids(solids: Solids, camera: Camera, shift: Floats | None = None) -> Outlines:
    """Picture solids with a camera; `shift` float32 [T] as in `Camera.project`.

    A sphere is taken to look like a circle; at the distances used here the ellipse that it is differs by under 1 %.
    """
    seen = camera.to_camera(solids.ends)  # [T, S, 2, 3]
    depth = np.maximum(seen[..., 2], np.float32(0.1))
    radii = solids.radii * (np.float32(camera.focal_px) / depth)
    # Extent across the line of sight to each solid, of the axes right = (cos, 0, -sin) and forward = (sin, 0, cos).
    sight = np.arctan2(seen[..., 0].mean(axis=2), depth.mean(axis=2))  # [T, S]
    turn = solids.yaw[:, None] + np.float32(np.deg2rad(camera.view_deg)) - sight
    broad, deep = solids.stretch.T
    stretch = np.hypot(np.cos(turn) * broad, np.sin(turn) * deep).astype(np.float32)
    bulge = np.hypot(np.sin(turn) * broad, np.cos(turn) * deep).astype(np.float32)
    return Outlines(camera.project(seen, shift), radii.astype(np.float32), stretch, depth, bulge, camera.focal_px)


def join_outlines(bodies: Sequence[Outlines]) -> Outlines:
    """Put bodies in the same T pictures of one camera together, one after the other along S."""

    def joined(name: str) -> Floats:
        whole: Floats = np.concatenate([getattr(body, name) for body in bodies], axis=1)
        return whole

    return Outlines(
        joined("centres"), joined("radii"), joined("stretch"), joined("depth"), joined("bulge"), bodies[0].focal_px
    )


def spans_of(outlines: Outlines, height: int) -> Spans:
    """Cut outlines into the pixel rows 0..height-1 that they meet."""
    return hull_spans(outlines.centres, outlines.radii, outlines.stretch, height)


def hull_spans(centres: Floats, radii: Floats, stretch: Floats, height: int) -> Spans:
    """Cut hulls of two discs into pixel rows; arguments as the fields of `Outlines`."""
    solids = stretch.shape[1]
    stretch = stretch.reshape(-1)
    x = centres[..., 0].reshape(-1, 2) / stretch[:, None]  # the stretched picture, where the ends are discs
    y = centres[..., 1].reshape(-1, 2)
    radius = radii.reshape(-1, 2)

    first = np.clip(np.ceil((y - radius).min(axis=1) - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil((y + radius).max(axis=1) - 0.5), 0, height).astype(np.int64)
    count = np.maximum(last - first, 0)
    outline = np.repeat(np.arange(len(count)), count)
    starts = np.cumsum(count) - count
    row = np.arange(len(outline)) + np.repeat(first - starts, count)

    # Everything that a row needs, gathered in one pass: [outlines, 15].
    table = np.concatenate([x, y, radius**2, *_tangents(x, y, radius), stretch[:, None]], axis=1).T
    (x0, x1, y0, y1, s0, s1, *lines, scale) = np.repeat(table, count, axis=1)
    level = row.astype(np.float32) + np.float32(0.5)
    left = np.full(len(row), np.inf, np.float32)
    right = np.full(len(row), -np.inf, np.float32)
    for centre, middle, square in ((x0, y0, s0), (x1, y1, s1)):
        below = square - (level - middle) ** 2
        reach = np.sqrt(np.maximum(below, 0))
        # A row that misses this disc adds nothing.
        reach[below < 0] = -np.inf
        np.minimum(left, centre - reach, out=left)
        np.maximum(right, centre + reach, out=right)
    for top, bottom, foot, slope in (lines[:4], lines[4:]):
        meets = (level >= top) & (level <= bottom)
        edge = foot + (level - top) * slope
        np.minimum(left, edge, out=left, where=meets)
        np.maximum(right, edge, out=right, where=meets)
    left *= scale
    right *= scale
    return Spans(outline, outline // solids, row, left, right)


def _tangents(x: Floats, y: Floats, radius: Floats) -> list[Floats]:
    """The two outer tangents of each pair of discs.

    Args:
        x: float32 [N, 2].
        y: float32 [N, 2].
        radius: float32 [N, 2].

    Returns:
        for each tangent float32 [N, 4]: upper y, lower y, x at the upper y, dx/dy. Where one disc holds the other there
        is no tangent: upper y lies under every picture.
    """
    dx, dy = x[:, 1] - x[:, 0], y[:, 1] - y[:, 0]
    length = np.hypot(dx, dy)
    apart = length > np.abs(radius[:, 0] - radius[:, 1])
    safe = np.where(apart, length, np.float32(1))
    dx, dy = dx / safe, dy / safe
    # The normal n of a tangent satisfies n . (c1 - c0) = r0 - r1, as both discs touch it from the same side.
    along = np.where(apart, (radius[:, 0] - radius[:, 1]) / safe, np.float32(0))
    across = np.sqrt(np.maximum(1 - along**2, 0))
    tangents = []
    for sign in (np.float32(-1), np.float32(1)):
        nx = along * dx - sign * across * dy
        ny = along * dy + sign * across * dx
        touch_x, touch_y = x + radius * nx[:, None], y + radius * ny[:, None]
        rise = touch_y[:, 1] - touch_y[:, 0]
        steep = np.where(np.abs(rise) > 1e-6, rise, np.float32(1))
        slope = (touch_x[:, 1] - touch_x[:, 0]) / steep
        upper = touch_y.min(axis=1)
        at_upper = np.where(touch_y[:, 0] <= touch_y[:, 1], touch_x[:, 0], touch_x[:, 1])
        usable = apart & (np.abs(rise) > 1e-6)
        tangents.append(
            np.stack([np.where(usable, upper, np.float32(_NOWHERE)), touch_y.max(axis=1), at_upper, slope], axis=1)
        )
    return tangents


def columns_of(spans: Spans, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First column and one past the last, int64 [N] each, clipped to 0..width."""
    first = np.clip(np.ceil(spans.left - np.float32(0.5)), 0, width).astype(np.int64)
    past = np.clip(np.ceil(spans.right - np.float32(0.5)), 0, width).astype(np.int64)
    return first, np.maximum(past, first)


def fill(spans: Spans, frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """Union of spans as pictures uint8 [T, H, W], 0 or 255.

    Each span adds +1 where it starts and -1 where it ends; the running sum along the picture counts the solids over a
    pixel.
    """
    first, past = columns_of(spans, width)
    line = (spans.frame * height + spans.row) * (width + 1)
    # More than 127 solids over one pixel would overflow; walkers have about 40 in all.
    change = np.zeros(frames * height * (width + 1), np.int8)
    np.add.at(change, line + first, np.int8(1))
    np.add.at(change, line + past, np.int8(-1))
    depth = np.cumsum(change, dtype=np.int8).reshape(frames, height, width + 1)  # every row sums to 0
    return (depth[..., :width] > 0).astype(np.uint8) * np.uint8(255)


def pixels_of(spans: Spans, height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Enumerate the pixels of spans, in span order.

    Returns:
        flat positions in [T, H, W] int64 [M], and the span that each belongs to, int64 [M].
    """
    first, past = columns_of(spans, width)
    count = past - first
    span = np.repeat(np.arange(len(count)), count)
    starts = np.cumsum(count) - count
    line = (spans.frame * height + spans.row) * width + first
    return np.arange(len(span)) + np.repeat(line - starts, count), span
