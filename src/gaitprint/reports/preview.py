"""Small pictures of walks: gait energy image, strip of skeletons, sheet of silhouettes."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gaitprint.core.errors import InvalidSequenceError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import Skeleton
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess_to_draw
from gaitprint.evaluation.metrics import means_of_known
from gaitprint.reports.style import INK, PAPER, plain_text

# RGB on black: left limbs blue, right limbs orange, the trunk light grey.
_LEFT, _RIGHT, _MIDDLE = (86, 180, 233), (230, 159, 0), (215, 220, 226)
# The shortest and longest time between two steps of the same foot, in seconds.
_STRIDE_SECONDS = (0.7, 1.8)


def walk_preview(walk: GaitSequence) -> NDArray[np.uint8]:
    """Return a picture of a walk, whatever was recorded: uint8 [h, w] or [h, w, 3].

    Silhouettes give a gait energy image, joints a strip of skeletons, plain frames the one in the middle.
    """
    if walk.silhouettes is not None:
        return gei_preview(walk.silhouettes)
    if walk.joints is not None and walk.skeleton is not None:
        return skeleton_strip(walk.joints, walk.skeleton, walk.confidence, frame_rate_hz=walk.frame_rate_hz)
    if walk.frames is None:
        raise InvalidSequenceError(f"{walk.id}: nothing to draw")
    middle: NDArray[np.uint8] = walk.frames[walk.num_frames // 2]
    return middle


def gei_preview(silhouettes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the gait energy image, the mean of silhouettes uint8 [T, H, W], as uint8 [H, W].

    Han & Bhanu, "Individual recognition using gait energy image", TPAMI 2006.
    """
    mean: NDArray[np.float32] = silhouettes.mean(axis=0, dtype=np.float32)
    return np.rint(mean).astype(np.uint8)


def skeleton_strip(
    joints: NDArray[np.float32],
    skeleton: Skeleton,
    confidence: NDArray[np.float32] | None = None,
    *,
    frame_rate_hz: float = 30.0,
    poses: int = 6,
    height: int = 128,
) -> NDArray[np.uint8]:
    """Draw key poses of one stride side by side.

    Joints in space are seen from the walker's right, whichever way it turns; as recorded where the legs do not tell
    where it goes. Jerks and short gaps are smoothed as for a model.

    Args:
        joints: float32 [T, J, 2] (y down) or [T, J, 3] (y up), as `GaitSequence` has them.
        skeleton: which joints these are.
        confidence: float32 [T, J]; bones of joints that were not seen for long are left out.
        frame_rate_hz: of the walk, to find the stride.
        poses: how many to draw, evenly spaced over the stride in the middle of the walk.
        height: of the picture, in pixels.

    Returns:
        uint8 [height, about height / 2 x poses, 3], RGB on black.
    """
    known = np.ones(joints.shape[:2], np.float32) if confidence is None else confidence
    plane, seen = _poses(joints, skeleton, known, frame_rate_hz)
    frames = _key_frames(plane, skeleton, frame_rate_hz, poses)
    plane, seen = plane[frames], seen[frames]
    visible = plane[seen] if seen.any() else plane.reshape(-1, 2)
    # The same scale for all poses; percentiles, so that one stray joint does not shrink everybody.
    low, high = np.percentile(visible, [1, 99], axis=0)
    scale = 0.86 * height / max(float(high[1] - low[1]), 1e-6)
    width = int(np.clip(scale * (high[0] - low[0]) + 0.14 * height, 0.3 * height, height))
    offsets = np.arange(len(frames))[:, None] * width
    centre = (low + high) / 2
    pixels = (plane - centre) * scale + np.array([width / 2, height / 2])
    pixels[..., 0] += offsets
    image = np.zeros((height, width * len(frames), 3), np.uint8)
    # Four fractional bits, as `cv2.polylines` takes them with shift=4; clipped to what 16 bits of pixels can hold.
    points = np.rint(np.clip(pixels, -4096, 4096) * 16).astype(np.int32)
    thickness = max(1, round(height / 48))
    for (parent, child), colour in zip(skeleton.bone_indices, _bone_colours(skeleton), strict=True):
        drawn = seen[:, parent] & seen[:, child]
        lines = np.ascontiguousarray(points[drawn][:, [parent, child]])  # [poses, 2 ends, 2]
        cv2.polylines(image, list(lines), isClosed=False, color=colour, thickness=thickness, lineType=16, shift=4)
    return image


def silhouette_strip(silhouettes: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Lay `columns` silhouettes, evenly spaced in time, side by side: uint8 [T, H, W] -> [H, columns x W].

    A walk shorter than `columns` frames repeats some.
    """
    chosen = np.linspace(0, len(silhouettes) - 1, columns).round().astype(np.int64)
    height, width = silhouettes.shape[1:]
    return silhouettes[chosen].transpose(1, 0, 2).reshape(height, columns * width)


def contact_sheet(rows: Mapping[str, NDArray[np.uint8]], *, columns: int = 10, title: str = "") -> Figure:
    """Draw walks as rows of silhouettes, each with its name at the left.

    Args:
        rows: name (for example the view) -> silhouettes uint8 [T, H, W]; the same H and W throughout.
        columns: silhouettes in each row.
        title: above the sheet.

    Raises:
        InvalidSequenceError: no rows, or silhouettes of different sizes.
    """
    sizes = {silhouettes.shape[1:] for silhouettes in rows.values()}
    if len(sizes) != 1:
        raise InvalidSequenceError(f"a sheet needs silhouettes of one size, got {sorted(sizes) or 'none'}")
    height = sizes.pop()[0]
    sheet = np.concatenate([silhouette_strip(silhouettes, columns) for silhouettes in rows.values()])
    # The names at the left take about half an inch, the title a third.
    figure = Figure(
        figsize=(9.0, 8.5 * sheet.shape[0] / sheet.shape[1] + (0.35 if title else 0.1)),
        layout="constrained",
        facecolor=PAPER,
        dpi=120,
    )
    axes = figure.add_subplot()
    axes.imshow(sheet, cmap="gray", vmin=0, vmax=255, aspect="equal", interpolation="antialiased")
    axes.set_yticks((np.arange(len(rows)) + 0.5) * height - 0.5, [plain_text(name) for name in rows])
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, labelsize=10, labelcolor=INK)
    axes.spines[:].set_visible(False)
    for row in range(1, len(rows)):
        axes.axhline(row * height - 0.5, color="#404a57", linewidth=0.6)
    if title:
        axes.set_title(plain_text(title), loc="left", fontsize=11, color=INK)
    return figure


def _poses(
    joints: NDArray[np.float32], skeleton: Skeleton, confidence: NDArray[np.float32], frame_rate_hz: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Prepare a walk as models take it and project it: [T, J, 2], y down, in space x ahead; and what can be drawn."""
    config = PreprocessingConfig(rate_hz=None)
    poses, trusted, faces_forward = preprocess_to_draw(joints, confidence, skeleton, frame_rate_hz, config)
    seen = trusted > 0
    if not faces_forward:
        middle = means_of_known(np.where(seen[..., None], poses, np.nan), axis=1)[:, None]
        poses = (poses - np.nan_to_num(middle)).astype(np.float32)
    across = 2 if faces_forward else 0
    plane = poses if poses.shape[2] == 2 else poses[..., [across, 1]] * np.array([1, -1], np.float32)
    return plane, seen


def _key_frames(plane: NDArray[np.float32], skeleton: Skeleton, frame_rate_hz: float, poses: int) -> NDArray[np.int64]:
    """Return `poses` frame numbers, evenly spaced over one stride in the middle; over all frames of a short walk."""
    frames = len(plane)
    shortest, longest = (round(seconds * frame_rate_hz) for seconds in _STRIDE_SECONDS)
    if frames < 2 * longest or not {"left_ankle", "right_ankle"} <= set(skeleton.joints):
        return np.linspace(0, frames - 1, poses).round().astype(np.int64)
    ankles = plane[:, skeleton.index("left_ankle"), 0] - plane[:, skeleton.index("right_ankle"), 0]
    ankles = ankles - ankles.mean()
    likeness = np.correlate(ankles, ankles, mode="full")[frames - 1 :]
    stride = shortest + int(np.argmax(likeness[shortest : longest + 1]))
    start = (frames - stride) // 2
    return (start + np.arange(poses) * stride / poses).round().astype(np.int64)


def _bone_colours(skeleton: Skeleton) -> list[tuple[int, int, int]]:
    """Return the colour of each bone by the side of its outer joint."""
    sides = {"left": _LEFT, "right": _RIGHT}
    return [sides.get(child.partition("_")[0], _MIDDLE) for _, child in skeleton.bones]
