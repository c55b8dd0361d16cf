"""Gaps: joints that were not seen for some frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Confidence of a joint that was filled in, as a share of the confidence of those that it was interpolated from.
FILLED_CONFIDENCE = 0.5


def fill_gaps(
    joints: NDArray[np.float64], confidence: NDArray[np.float32], longest: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Fill in what was not seen, joint by joint, by linear interpolation in time.

    Args:
        joints: float64 [T, J, A], finite.
        confidence: float32 [T, J] in 0..1, 0 where a joint was not seen.
        longest: gaps of up to this many frames, seen on both sides, become seen.

    Returns:
        joints float64 [T, J, A]: seen ones as they were; unseen ones interpolated between the nearest frames that show
        them, or as in the only one of these at both ends of the walk; those that no frame shows lie in the middle of
        the others. So that what follows (filters, above all) finds a continuous path everywhere.
        confidence float32 [T, J]: half of the interpolated confidence (`FILLED_CONFIDENCE`) where a gap is short
        enough; 0 still in longer gaps and at both ends.
    """
    seen = confidence > 0
    if seen.all():
        return joints, confidence
    frames = len(joints)
    time = np.arange(frames)[:, None]
    before = np.maximum.accumulate(np.where(seen, time, -1), axis=0)  # [T, J] last frame that shows it, or -1
    after = np.minimum.accumulate(np.where(seen, time, frames)[::-1], axis=0)[::-1]  # the next one, or T
    inside = (before >= 0) & (after < frames)
    start = np.clip(np.where(before < 0, after, before), 0, frames - 1)
    end = np.clip(np.where(after >= frames, before, after), 0, frames - 1)
    share = np.where(inside, (time - start) / np.maximum(end - start, 1), 0.0)[..., None]
    from_start, from_end = (np.take_along_axis(joints, at[..., None], axis=0) for at in (start, end))
    filled = np.where(seen[..., None], joints, (1 - share) * from_start + share * from_end)
    never = ~seen.any(axis=0)
    if never.any() and not never.all():
        filled[:, never] = filled[:, ~never].mean(axis=1, keepdims=True)
    start_confidence, end_confidence = (np.take_along_axis(confidence, at, axis=0) for at in (start, end))
    between = (1 - share[..., 0]) * start_confidence + share[..., 0] * end_confidence
    short = inside & (after - before - 1 <= longest)
    trusted = np.where(seen, confidence, np.where(short, FILLED_CONFIDENCE * between, 0))
    return filled, trusted.astype(np.float32)
