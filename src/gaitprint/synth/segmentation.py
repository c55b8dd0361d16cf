"""What segmentation does to silhouettes: ragged edges, holes, missing feet and shins, patches beside the person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.raster import Outlines, Spans, hull_spans, pixels_of


@dataclass(frozen=True, kw_only=True)
class SegmentationNoise:
    """How badly a camera separates person from background; every figure scales with `level`.

    Args:
        level: 0 = perfect masks, 1 = as CASIA-B's background subtraction about does.
        edge_px: standard deviation of an edge's displacement, pixels.
        holes: mean number of holes in a frame.
        missing_feet: share of frames without feet, in runs.
        patches: share of frames with a patch beside the feet.
        weak_part: chance that a part of the body (of a colour like the background) is torn up in the whole walk.
    """

    level: float = 1.0
    edge_px: float = 0.55
    holes: float = 0.8
    missing_feet: float = 0.10
    patches: float = 0.12
    weak_part: float = 0.35


def ragged(spans: Spans, frames: int, height: int, noise: SegmentationNoise, rng: np.random.Generator) -> Spans:
    """Displace both ends of every row of the person, together for all solids of that row and unlike in every frame."""
    spread = np.float32(noise.level * noise.edge_px)
    bumps = rng.standard_normal((2, frames, height + 2), dtype=np.float32)
    # Neighbouring rows move together in part; the sum keeps unit variance.
    bumps = (bumps[..., :-2] + 1.5 * bumps[..., 1:-1] + bumps[..., 2:]) * np.float32(spread / np.sqrt(4.25))
    line = spans.frame * height + spans.row
    return Spans(
        spans.outline,
        spans.frame,
        spans.row,
        spans.left + bumps[0].reshape(-1)[line],
        spans.right + bumps[1].reshape(-1)[line],
    )


def damage(
    silhouettes: NDArray[np.uint8],
    outlines: Outlines,
    floor_row: NDArray[np.float32],
    noise: SegmentationNoise,
    rng: np.random.Generator,
) -> None:
    """Tear holes, cut feet off and add patches, in place.

    Args:
        silhouettes: uint8 [T, H, W], 0 or 255.
        outlines: the solids drawn in them.
        floor_row: float32 [T], picture row of the floor under the walker.
        noise: how much.
        rng: the source of all randomness.
    """
    frames, height, width = silhouettes.shape
    flat = silhouettes.reshape(-1)
    scale = _person_height(outlines)  # [T] pixels
    flat[_holes(outlines, scale, noise, rng).pixels(height, width)] = 0
    flat[_patches(outlines, floor_row, scale, noise, rng).pixels(height, width)] = 255

    cut = floor_row - scale * _feet_cut(frames, noise, rng)
    gone = np.arange(height)[None] + 0.5 > np.where(cut < floor_row, cut, np.inf)[:, None]
    silhouettes[gone] = 0


def _person_height(outlines: Outlines) -> NDArray[np.float32]:
    y = outlines.centres[..., 1]
    tall: NDArray[np.float32] = (y + outlines.radii).max(axis=(1, 2)) - (y - outlines.radii).min(axis=(1, 2))
    return tall


def _feet_cut(frames: int, noise: SegmentationNoise, rng: np.random.Generator) -> NDArray[np.float32]:
    """Share of the person's height that is missing from below, float32 [T]: runs of about five frames."""
    start = rng.random(frames) < noise.missing_feet * noise.level / 5
    run = np.convolve(start, np.ones(5))[:frames] > 0
    depth = np.repeat(rng.uniform(0.02, 0.07, frames // 5 + 1), 5)[:frames]
    return (run * depth).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Blobs:
    """Ellipses [T, n]: centres float32 [T, n, 2] pixels, vertical radii and horizontal stretch float32 [T, n]."""

    centres: NDArray[np.float32]
    radii: NDArray[np.float32]
    stretch: NDArray[np.float32]

    def pixels(self, height: int, width: int) -> NDArray[np.int64]:
        """Flat positions in [T, H, W] that they cover."""
        twice = np.repeat(self.centres[:, :, None], 2, axis=2), np.repeat(self.radii[:, :, None], 2, axis=2)
        return pixels_of(hull_spans(*twice, self.stretch, height), height, width)[0]


def _patches(
    outlines: Outlines,
    floor_row: NDArray[np.float32],
    scale: NDArray[np.float32],
    noise: SegmentationNoise,
    rng: np.random.Generator,
) -> _Blobs:
    """Shadows and reflections near the feet that are taken for a part of the person."""
    frames = len(scale)
    shown = rng.random(frames) < noise.patches * noise.level
    beside = (rng.random(frames, dtype=np.float32) - np.float32(0.5)) * np.float32(0.5) * scale
    centre = outlines.centres[..., 0].mean(axis=(1, 2)) + beside
    rows = floor_row - np.float32(0.02) * scale
    radii, stretch = _shapes(frames, 1, rng)
    radii *= (np.float32(0.018) * scale * shown)[:, None]
    return _Blobs(np.stack([centre, rows], axis=-1)[:, None], radii, np.float32(2) * stretch)


def _holes(
    outlines: Outlines, scale: NDArray[np.float32], noise: SegmentationNoise, rng: np.random.Generator
) -> _Blobs:
    """Ellipses to cut out: some anywhere on the body in each frame, and a cluster on the walk's weak part."""
    frames, solids = outlines.stretch.shape
    mean = noise.holes * noise.level
    anywhere, cluster = max(1, int(np.ceil(3 * mean))), 4
    count = anywhere + cluster
    hosts = rng.integers(solids, size=(frames, count))
    hosts[:, anywhere:] = rng.integers(solids)
    weak = rng.random() < noise.weak_part * noise.level
    shown = rng.random((frames, count)) < np.where(np.arange(count) < anywhere, mean / anywhere, 0.5 * weak)
    rows = np.arange(frames)[:, None]
    ends, thick = outlines.centres[rows, hosts], outlines.radii[rows, hosts].mean(axis=2)  # [T, n, 2, 2], [T, n]
    share = rng.random((frames, count, 1), dtype=np.float32)
    spot = ends[:, :, 0] * (1 - share) + ends[:, :, 1] * share
    spot += (rng.random(spot.shape, dtype=np.float32) - np.float32(0.5)) * (np.float32(1.2) * thick)[..., None]
    radii, stretch = _shapes(frames, count, rng)
    return _Blobs(spot, radii * np.float32(0.018) * scale[:, None] * shown, stretch)


def _shapes(frames: int, count: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Radii and stretches float32 [T, n], both scattered about 1."""
    radii, stretch = np.exp(np.float32(0.35) * rng.standard_normal((2, frames, count), dtype=np.float32))
    return radii, stretch
