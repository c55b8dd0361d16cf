"""Where frames come from: a video file, a folder of pictures, a webcam by its number, a stream by its address."""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.video.decode import ImageFiles, Video, open_pictures

_STREAM = re.compile(r"(?:rtsps?|rtmp|https?|udp|tcp)://", re.IGNORECASE)
_USUAL_RATE_HZ = 25.0
# A live source keeps frames of so many seconds for whoever is slower than it; older ones are let go.
_BUFFERED_SECONDS = 2.0
# Seconds between attempts to open a stream again, and attempts in a row before it is given up.
_RETRY_SECONDS, _RETRIES = 2.0, 5


class Frame(NamedTuple):
    """One frame.

    Args:
        number: from 0, in steps of the frame rate: of a live source, frames that were let go are missing.
        pixels: uint8 [H, W, 3], RGB; all frames of a source have one size.
    """

    number: int
    pixels: NDArray[np.uint8]


class FrameSource(ABC):
    """Frames in their order.

    Attributes:
        name: for people and for labels.
        frame_rate_hz: frames a second.
        total: how many frames there are said to be; None where nobody knows.
        is_live: whether frames come as they happen, and only once.
        warning: what was wrong, one line; empty where nothing was. Complete when the iteration has ended.
    """

    name: str
    frame_rate_hz: float
    total: int | None = None
    is_live: bool = False
    warning: str = ""

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; `UnreadableFileError` where there is none."""

    def sample(self, count: int, seconds: float) -> Iterator[NDArray[np.uint8]]:
        """Yield so many frames in advance, evenly from the first seconds; none of a live source."""
        if self.is_live:
            return
        within = min(seconds * self.frame_rate_hz, self.total or np.inf)
        step = max(1, int(within / count))
        for frame in islice(iter(self), 0, count * step, step):
            yield frame.pixels


class FileSource(FrameSource):
    """A video file, or the pictures of a folder as one.

    Args:
        path: of the file or folder.
        frame_rate_hz: of the pictures of a folder; a video states its own, which this replaces where it is given.

    Raises:
        UnreadableFileError: nothing there that can be read.
        UsageError: a single picture.
    """

    def __init__(self, path: Path, frame_rate_hz: float | None = None) -> None:
        self.path, self.name = path, path.stem or path.name
        self._pictures = open_pictures(path)
        if isinstance(self._pictures, ImageFiles) and not self._pictures.is_folder:
            raise UsageError(f"{path}: is one picture; a walk takes a video, or a folder of pictures")
        stated = self._pictures.frame_rate_hz if isinstance(self._pictures, Video) else _USUAL_RATE_HZ
        self.frame_rate_hz, self.total = frame_rate_hz or stated, self._pictures.total

    def __iter__(self) -> Iterator[Frame]:
        """See `FrameSource.__iter__`; pictures of another size than the first are left out."""
        size, others = None, 0
        for number, picture in enumerate(self._pictures):
            size = size or picture.frame.shape
            if picture.frame.shape == size:
                yield Frame(number, picture.frame)
            else:
                others += 1
        lines = [self._pictures.warning] if self._pictures.warning else []
        if self._pictures.left_out:
            lines.append(f"{self.path}: {len(self._pictures.left_out)} pictures cannot be read")
        if others:
            lines.append(f"{self.path}: {others} pictures have another size than the first, and were left out")
        self.warning = "; ".join(lines)


class LiveSource(FrameSource):
    """A webcam or a stream, read by a thread of its own into a bounded buffer.

    Whoever is slower than the camera gets the latest frames; how many were let go is in `warning`. A stream that breaks
    is opened again.

    Args:
        name: for people.
        open_capture: opens the camera, as ``cv2.VideoCapture`` does.
        seconds: when to stop; None for never.
        reconnects: whether it is worth another try when it breaks.
        retry_seconds: between the tries.

    Raises:
        UnreadableFileError: it cannot be opened.
    """

    is_live = True

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Any],
        seconds: float | None = None,
        *,
        reconnects: bool = True,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self.name = name
        self._open, self._seconds, self._retry_seconds = open_capture, seconds, retry_seconds
        self._retries = _RETRIES if reconnects else 0
        self._capture = open_capture()
        if not self._capture.isOpened():
            raise UnreadableFileError(f"{name}: cannot be opened")
        rate_hz = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.frame_rate_hz = rate_hz if 1 <= rate_hz <= 240 else _USUAL_RATE_HZ
        self._buffer: deque[tuple[float, NDArray[np.uint8]]] = deque(
            maxlen=max(2, round(_BUFFERED_SECONDS * self.frame_rate_hz))
        )
        self._wake, self._stopped = threading.Condition(), False
        self._lost = self._broken = 0

    def __iter__(self) -> Iterator[Frame]:
        """See `FrameSource.__iter__`; ends after `seconds`, or when the source cannot be opened again."""
        thread = threading.Thread(target=self._read, name="camera", daemon=True)
        thread.start()
        start, last, size = None, -1, None
        try:
            while True:
                with self._wake:
                    self._wake.wait_for(lambda: self._buffer or self._stopped)
                    if not self._buffer:
                        break
                    moment, pixels = self._buffer.popleft()
                start = moment if start is None else start
                if self._seconds is not None and moment - start > self._seconds:
                    break
                # Numbers follow the clock; two frames that came at once still are two.
                number = max(last + 1, round((moment - start) * self.frame_rate_hz))
                size = size or pixels.shape
                if pixels.shape == size:
                    last = number
                    yield Frame(number, pixels)
        finally:
            self._stopped = True
            thread.join(timeout=5)
            self._capture.release()
        lines = [f"{self._lost} frames were let go: slower than the camera"] if self._lost else []
        lines += [f"broke {self._broken} times"] if self._broken else []
        self.warning = f"{self.name}: {'; '.join(lines)}" if lines else ""

    def _read(self) -> None:
        """Fill the buffer until somebody says stop."""
        tries = 0
        while not self._stopped:
            read, pixels = self._capture.read()
            if read:
                tries = 0
                frame = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
                with self._wake:
                    self._lost += len(self._buffer) == self._buffer.maxlen
                    self._buffer.append((time.monotonic(), frame))
                    self._wake.notify()
                continue
            self._capture.release()
            if tries >= self._retries:
                break
            self._broken += tries == 0
            tries += 1
            time.sleep(self._retry_seconds)
            self._capture = self._open()
        with self._wake:
            self._stopped = True
            self._wake.notify()


def open_source(word: str, *, frame_rate_hz: float | None = None, seconds: float | None = None) -> FrameSource:
    """Open what a word of the command line stands for.

    Args:
        word: a file, a folder of pictures, a number (a webcam), or an address (rtsp://, http://, ...).
        frame_rate_hz: replaces what a file states.
        seconds: when a live source stops.

    Raises:
        UnreadableFileError: cannot be opened or read.
        UsageError: a single picture; `seconds` for a file.
    """
    if _STREAM.match(word):
        # Addresses hold passwords, which names and reports must not.
        name = re.sub(r"//[^/@]*@", "//", word)
        return LiveSource(name, lambda: cv2.VideoCapture(word, cv2.CAP_FFMPEG), seconds)
    if re.fullmatch(r"\d{1,2}", word) and not Path(word).exists():
        return LiveSource(f"webcam {word}", lambda: cv2.VideoCapture(int(word)), seconds, reconnects=False)
    if seconds is not None:
        raise UsageError(f"--seconds is for webcams and streams; {word} is a file and ends by itself")
    return FileSource(Path(word), frame_rate_hz)
