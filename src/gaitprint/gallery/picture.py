"""A small picture of a walk, so that people recognise whom they enrolled."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.sequence import GaitSequence

_SIDE = 128


def picture_of(walk: GaitSequence) -> bytes:
    """Return a PNG, at most 128 pixels high and wide, of the middle of a walk: its frame, silhouette, or skeleton."""
    middle = walk.num_frames // 2
    if walk.frames is not None:
        image = cv2.cvtColor(walk.frames[middle], cv2.COLOR_RGB2BGR)
    elif walk.silhouettes is not None:
        image = walk.silhouettes[middle]
    else:
        image = _skeleton(walk, middle)
    scale = _SIDE / max(image.shape[:2])
    size = tuple(max(1, round(scale * side)) for side in image.shape[1::-1])
    _, encoded = cv2.imencode(".png", cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    return bytes(encoded)


def _skeleton(walk: GaitSequence, frame: int) -> NDArray[np.uint8]:
    """Bones as white lines, seen along the last axis."""
    if walk.joints is None or walk.skeleton is None:
        raise AssertionError("a walk has frames, silhouettes or joints")
    places = walk.joints[frame, :, :2] * (1 if walk.joints.shape[2] == 2 else (1, -1))  # y down
    image = np.zeros((_SIDE, _SIDE), np.uint8)
    seen = np.ones(len(places), np.bool_) if walk.confidence is None else walk.confidence[frame] > 0
    if not seen.any():
        return image
    # A joint that was not seen may lie anywhere.
    low, extent = places[seen].min(axis=0), max(float(np.ptp(places[seen], axis=0).max()), 1e-6)
    points = np.rint((places - low) / extent * (_SIDE - 9) + 4).astype(int)
    joints = {name: place for place, name in enumerate(walk.skeleton.joints)}
    for one, other in walk.skeleton.bones:
        first, second = joints[one], joints[other]
        if seen[first] and seen[second]:
            cv2.line(image, points[first].tolist(), points[second].tolist(), (255.0,), 2)
    return image
