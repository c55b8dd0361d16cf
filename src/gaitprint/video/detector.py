"""People in one picture, by BlazePose's detector: where the camera moves, and nothing stands out by its motion."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.video.litert import LiteNetwork

# Side of the network's input; (cells across, anchors a cell) of its three grids, coarsest last.
_SIDE, _GRIDS = 224, ((28, 2), (14, 2), (7, 6))
_LEAST_SCORE, _OVERLAP = 0.5, 0.4
# The circle around the hips that the network draws has this many radii of height and of width of a body in it.
_TALL, _WIDE = 1.75, 0.75


class PersonDetector:
    """Finds people who fill a good part of a picture."""

    def __init__(self) -> None:
        self._network = LiteNetwork("detector")
        centres = []
        for across, count in _GRIDS:
            cells = np.stack(np.meshgrid(np.arange(across), np.arange(across)), axis=-1).reshape(-1, 2)
            centres.append(np.repeat((cells + 0.5) / across, count, axis=0))
        self._anchors = np.concatenate(centres).astype(np.float32)  # [N, 2], x and y in 0..1

    def find(self, frame: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return boxes float64 [N, 4], x, y, width, height in pixels, of people in a frame uint8 [H, W, 3], RGB."""
        height, width = frame.shape[:2]
        scale = _SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        square = np.zeros((_SIDE, _SIDE, 3), np.float32)
        left, top = (_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2
        square[top : top + size[1], left : left + size[0]] = small
        found, logits = self._network(square / 127.5 - 1)
        # Box (centre, size) and four key points (hips, circle of the body, shoulders, circle of the upper body).
        sure = logits[:, 0] > np.log(_LEAST_SCORE / (1 - _LEAST_SCORE))
        if not sure.any():
            return np.zeros((0, 4))
        points = found[sure, 4:8].reshape(-1, 2, 2) + self._anchors[sure, None] * _SIDE
        hips = points[:, 0]
        radius = np.linalg.norm(points[:, 1] - hips, axis=1)
        wide, tall = _WIDE * radius, _TALL * radius
        boxes = np.stack([hips[:, 0] - wide / 2, hips[:, 1] - tall / 2, wide, tall], axis=1).astype(np.float64)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), (logits[sure, 0] + 100).tolist(), 0.0, _OVERLAP)
        boxes = boxes[np.asarray(kept).reshape(-1)]
        boxes[:, :2] -= (left, top)
        return np.asarray(boxes / scale, np.float64)
