"""What the tests of videos share: a walker, rendered, who crosses a wide picture."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def make_video() -> Callable[..., Path]:
    def make(path: Path, frames: NDArray[np.uint8], kind: str = "MJPG", rate_hz: float = 20.0) -> Path:
        size = (frames.shape[2], frames.shape[1])
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*kind), rate_hz, size)
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[..., ::-1]))
        writer.release()
        return path

    return make


@pytest.fixture
def flat_frames() -> NDArray[np.uint8]:
    """Ten frames, 48 x 64: red, and brighter from one to the next; the upper left quarter is blue."""
    frames = np.zeros((10, 48, 64, 3), np.uint8)
    frames[..., 0] = (np.arange(10) * 20 + 30)[:, None, None]
    frames[:, :24, :32] = (0, 0, 200)
    return frames
