"""Looking at one video from a stranger, within limits: what is found becomes files in a folder and values for JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.walk_files import save_walk
from gaitprint.serving.extraction import Progress, VideoLimits, VideoRefusedError
from gaitprint.video.decode import quiet_opencv
from gaitprint.video.front_ends import FrontEnds
from gaitprint.video.passage import Passage, without_pictures
from gaitprint.video.passage_pictures import write_passage
from gaitprint.video.pipeline import Extraction
from gaitprint.video.sources import FileSource, Frame, FrameSource
from gaitprint.video.together import first_together

# Beyond these, a container states its clock and not the frames.
_RATES_HZ = (1.0, 240.0)
# By how much a stated frame rate may be off what the frames' times say, as a share.
_BELIEVED = 0.2
_PROGRESS_SECONDS = 0.2
_FIGURES = ("frames", "cycles", "height_px", "complete", "sharpness")


def look_at(
    video: Path, folder: Path, limits: VideoLimits, front_ends: FrontEnds, on_progress: Progress
) -> dict[str, Any]:
    """Find everybody in a video; writes walks and pictures into `folder`, and returns values for JSON.

    Args:
        video: the file.
        folder: takes ``passage-N.gif``, ``passage-N.png`` and, of what is usable, ``passage-N.npz``.
        limits: beyond them a video is refused.
        front_ends: what finds silhouettes and joints.
        on_progress: called with the frames seen and all there are, now and then.

    Raises:
        VideoRefusedError, UnreadableFileError: it is beyond the limits, or cannot be read.
    """
    total, rate_hz = measure(video, limits)
    source = _Watched(FileSource(video, rate_hz, clocked=True), total, on_progress)
    extraction = Extraction(source, front_ends)
    found: list[Passage] = []
    for passage in extraction:
        if len(passage.crops):
            write_passage(passage, folder, f"passage-{len(found) + 1}", rate_hz)
        found.append(without_pictures(passage))
    for number, passage in enumerate(found, start=1):
        if passage.walk is not None:
            save_walk(folder / f"passage-{number}.npz", passage.walk)
    return {
        "frames": extraction.frames,
        "seconds": round(extraction.frames / rate_hz, 2),
        "several_at_once": first_together(found) is not None,
        "warnings": [line.replace(f"{video}: ", "") for line in (source.warning, *extraction.warnings) if line],
        "passages": [_values(number, passage, folder, rate_hz) for number, passage in enumerate(found, start=1)],
    }


def measure(video: Path, limits: VideoLimits) -> tuple[int, float]:
    """Decode a video once, and return how many frames it has, and how many a second.

    What a container states of either is a claim, and recordings of browsers state neither.

    Raises:
        VideoRefusedError: too long, too large frames, or a single frame.
        UnreadableFileError: it cannot be read.
    """
    with quiet_opencv():
        capture = cv2.VideoCapture(str(video.absolute()), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise UnreadableFileError(f"{video}: no video that can be decoded, or a damaged one")
        width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > limits.pixels:
            raise VideoRefusedError(f"frames of {width} x {height} pixels, allowed are {limits.pixels} pixels")
        stated_hz = float(capture.get(cv2.CAP_PROP_FPS))
        frames, first, last = 0, 0.0, 0.0
        while capture.grab():
            last = float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
            first = last if frames == 0 else first
            frames += 1
            if frames > limits.frames:
                raise VideoRefusedError(f"more than {limits.frames} frames")
            if last - first > limits.seconds:
                raise VideoRefusedError(f"longer than {limits.seconds:g} seconds")
    finally:
        capture.release()
    if frames == 0:
        raise UnreadableFileError(f"{video}: no frame of it can be decoded")
    if frames == 1:
        raise VideoRefusedError("a single frame, in which nobody walks")
    rate_hz = _rate_hz(stated_hz, (frames - 1) / (last - first) if last > first else None)
    if frames / rate_hz > limits.seconds:
        raise VideoRefusedError(f"longer than {limits.seconds:g} seconds")
    return frames, rate_hz


def _rate_hz(stated_hz: float, timed_hz: float | None) -> float:
    """Choose between the frame rate that a container states and that of the frames' times.

    >>> _rate_hz(25.0, 24.9), _rate_hz(1000.0, 29.8), _rate_hz(25.0, None)
    (25.0, 29.8, 25.0)
    """
    lowest, highest = _RATES_HZ
    stated = lowest <= stated_hz <= highest
    timed = timed_hz is not None and lowest <= timed_hz <= highest
    if stated and not (timed and timed_hz is not None and abs(stated_hz - timed_hz) > _BELIEVED * timed_hz):
        return stated_hz
    if timed and timed_hz is not None:
        return timed_hz
    raise VideoRefusedError(f"{stated_hz:.3g} frames a second, must be {lowest:g} to {highest:g}")


class _Watched(FrameSource):
    """A source that tells how far it is."""

    def __init__(self, source: FrameSource, total: int, on_progress: Progress) -> None:
        self._source, self.total, self._count, self._on_progress = source, total, total, on_progress
        self.name, self.frame_rate_hz = source.name, source.frame_rate_hz

    def __iter__(self) -> Iterator[Frame]:
        """See `FrameSource.__iter__`."""
        told = 0.0
        for frame in self._source:
            now = time.monotonic()
            if now - told > _PROGRESS_SECONDS:
                told = now
                self._on_progress(min(frame.number, self._count), self._count)
            yield frame
        self.warning = self._source.warning

    def sample(self, count: int, seconds: float) -> Iterator[NDArray[np.uint8]]:
        """See `FrameSource.sample`."""
        return self._source.sample(count, seconds)


def _values(number: int, passage: Passage, folder: Path, rate_hz: float) -> dict[str, Any]:
    quality = passage.quality
    return {
        "number": number,
        "person": passage.track,
        "refused": passage.refused,
        "direction": passage.direction,
        "view_deg": None if passage.view_deg is None else round(passage.view_deg, 1),
        "start_seconds": round(float(passage.numbers[0]) / rate_hz, 2),
        "seconds": round(quality.seconds, 2),
        "score": quality.score,
        "figures": {name: round(float(getattr(quality, name)), 3) for name in _FIGURES},
        "pictures": (folder / f"passage-{number}.gif").exists(),
    }
