"""Writing videos that play elsewhere: MPEG-4 in an .mp4 file, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.files import atomic_path


@contextmanager
def write_video(path: Path, frame_rate_hz: float) -> Iterator[Callable[[NDArray[np.uint8]], None]]:
    """Yield what adds one frame, uint8 [H, W, 3] RGB, to a video; it takes its name when the context ends well.

    The first frame sets the size, less one row or column where that is odd: the encoder takes even sizes alone.

    Args:
        path: of the .mp4.
        frame_rate_hz: frames a second.

    Raises:
        UnreadableFileError: the video cannot be written.
    """
    with atomic_path(path) as temporary:
        # The encoder knows the kind of file by its name.
        draft = temporary.with_suffix(".mp4")
        writer: cv2.VideoWriter | None = None

        def add(frame: NDArray[np.uint8]) -> None:
            nonlocal writer
            even = frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2]
            if writer is None:
                kind = cv2.VideoWriter.fourcc(*"mp4v")
                size = (even.shape[1], even.shape[0])
                writer = cv2.VideoWriter(str(draft.absolute()), cv2.CAP_FFMPEG, kind, frame_rate_hz, size)
                if not writer.isOpened():
                    raise UnreadableFileError(f"{path}: OpenCV cannot write a video of {size[0]} x {size[1]} pixels")
            writer.write(cv2.cvtColor(even, cv2.COLOR_RGB2BGR))

        try:
            yield add
            if writer is None:
                raise UnreadableFileError(f"{path}: a video without a frame")
            writer.release()
            draft.replace(temporary)
        finally:
            if writer is not None:
                writer.release()
            draft.unlink(missing_ok=True)
