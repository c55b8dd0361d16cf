"""Alignment of silhouettes: the person at one height, centred on the median column, in a small frame.

The rule is the one that the field has shared since GaitSet (Chao et al., AAAI 2019) and that OpenGait's data sets are
made with, so that figures can be compared; grey values at the edges agree with theirs to the bit.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import InvalidSequenceError, UsageError

# (height, width) that can be asked for. The person is centred in a square; narrower frames lose the same number of
# columns at both sides: 10 of 64, 20 of 128.
SIZES: tuple[tuple[int, int], ...] = ((64, 64), (64, 44), (128, 88))

# A frame whose pixel values add up to no more than this shows nobody: 39 white pixels.
MINIMUM_MASS = 10_000

# Resized frames wait in a canvas of at most about this many bytes until they are centred together.
_CANVAS_BYTES = 1 << 24


def align_silhouettes(
    raw: NDArray[np.uint8], size: tuple[int, int] = (64, 64)
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Crop each frame to the person's rows, scale it to the target height, centre it, pad or cut to the width.

    Rows without a single non-zero pixel above and below the person are cut; the rest is resized to `size[0]` rows by
    bicubic interpolation, keeping the ratio of the uncropped width; the column in which the running sum of all pixel
    values first exceeds half of the total becomes column ``size[1] // 2``.

    Args:
        raw: uint8 [T, H, W], 0 background to 255 person.
        size: (height, width), one of `SIZES`.

    Returns:
        The aligned frames, uint8 [t, height, width], and which frames of `raw` they are, bool [T]. A frame is not
        kept when its values add up to `MINIMUM_MASS` or less, or when it has no median column (one that is too
        narrow to be resized, or has its median in column 0).

    Raises:
        UsageError: a size that is not in `SIZES`.
        InvalidSequenceError: not uint8 of rank 3, or empty frames.

    Example:
        >>> raw = np.zeros((2, 240, 320), np.uint8)
        >>> raw[0, 50:178, 100:132] = 255
        >>> aligned, kept = align_silhouettes(raw)
        >>> aligned.shape, kept.tolist(), np.flatnonzero(aligned[0].any(axis=0))[[0, -1]].tolist()
        ((1, 64, 64), [True, False], [24, 39])
    """
    check_size(size)
    if raw.dtype != np.uint8 or raw.ndim != 3 or 0 in raw.shape[1:]:
        raise InvalidSequenceError(f"silhouettes are {raw.dtype} of shape {raw.shape}, need uint8 [T, H, W]")
    square, num_frames, width = size[0], len(raw), raw.shape[2]
    rows: NDArray[np.bool_] = np.asarray(raw.any(axis=2))  # [T, H]
    top = rows.argmax(axis=1)
    bottom = rows.shape[1] - rows[:, ::-1].argmax(axis=1)
    heights = bottom - top
    # The same order of operations as in the field's scripts: the truncated width depends on it.
    widths = (square * (width / heights)).astype(np.int64)
    kept = np.fromiter((cv2.sumElems(frame)[0] > MINIMUM_MASS for frame in raw), np.bool_, num_frames)
    kept &= widths > 0

    aligned = np.empty((num_frames, square, square), np.uint8)
    frames = np.flatnonzero(kept)
    widest = int(widths[frames].max(initial=1)) + square
    step = max(1, _CANVAS_BYTES // (square * widest))
    for start in range(0, len(frames), step):
        chunk = frames[start : start + step]
        canvas = np.zeros((len(chunk), square, widest), np.uint8)  # a margin of half a square at either side
        for place, frame in zip(canvas, chunk.tolist(), strict=True):
            person = raw[frame, top[frame] : bottom[frame]]
            new_width = int(widths[frame])
            place[:, square // 2 : square // 2 + new_width] = cv2.resize(
                person, (new_width, square), interpolation=cv2.INTER_CUBIC
            )
        mass = canvas.sum(axis=1, dtype=np.int64).cumsum(axis=1)  # [t, widest], running from the left
        beyond_half = 2 * mass > mass[:, -1:]
        left = beyond_half.argmax(axis=1) - square // 2  # of the square, in columns of the canvas
        centred = beyond_half[:, -1] & (left > 0)
        kept[chunk] = centred
        windows = np.lib.stride_tricks.sliding_window_view(canvas, square, axis=2)  # [t, square, offsets, square]
        aligned[chunk[centred]] = windows[np.flatnonzero(centred), :, left[centred]]
    margin = (square - size[1]) // 2
    return np.ascontiguousarray(aligned[kept][:, :, margin : square - margin]), kept


def check_size(size: tuple[int, int]) -> None:
    """Raise `UsageError` unless `size` is one that silhouettes can be aligned to."""
    if tuple(size) not in SIZES:
        known = ", ".join(f"{height}x{width}" for height, width in SIZES)
        raise UsageError(f"silhouette size {'x'.join(map(str, size))}; known: {known}")
