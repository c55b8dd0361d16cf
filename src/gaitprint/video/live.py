"""Webcams and streams: frames as they happen, read by a thread of its own into a bounded buffer."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.video.decode import quiet_opencv
from gaitprint.video.frame_source import Frame, FrameSource

_USUAL_RATE_HZ, _RATES_HZ = 25.0, (1.0, 240.0)
# Frames of so many seconds, and of so many bytes, are kept for whoever is slower than the camera for a while.
_BUFFERED_SECONDS, _BUFFERED_BYTES = 8.0, 1 << 28
# Seconds between attempts to open a stream again, and attempts in a row before it is given up.
_RETRY_SECONDS, _RETRIES = 2.0, 5
# The frame rate is measured in the second of so many seconds; streams begin with frames that had piled up. It counts
# where it differs from the stated one by more than this share.
_MEASURED_SECONDS, _OFF = 2.0, 0.15


class LiveSource(FrameSource):
    """A webcam, a stream, or a recording at a stream's address.

    Whoever is slower than the camera for long gets the latest frames; how many were let go is in `warning`. A stream
    that breaks is opened again, a recording that ends is not. Iterated over once.

    Args:
        name: for people.
        open_capture: opens the camera, as ``cv2.VideoCapture`` does.
        seconds: when to stop; None for never.
        reconnects: whether it is worth another try when it breaks.

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
    ) -> None:
        self.name = name
        self._open, self._seconds = open_capture, seconds
        self._capture = open_capture()
        if not self._capture.isOpened():
            raise UnreadableFileError(f"{name}: cannot be opened, or does not answer")
        self._is_recording = 0 < float(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)) < 1e9
        self._retries = _RETRIES if reconnects and not self._is_recording else 0
        self._buffer: deque[tuple[float, NDArray[np.uint8]]] = deque()
        self._room = 2
        self._wake, self._stopped = threading.Condition(), False
        self._lost = self._broken = 0
        self._gone = False
        stated_hz = float(self._capture.get(cv2.CAP_PROP_FPS))
        self._stated_hz = stated_hz if _RATES_HZ[0] <= stated_hz <= _RATES_HZ[1] else _USUAL_RATE_HZ
        self.frame_rate_hz = self._stated_hz if self._is_recording else self._measure()

    def stop(self) -> None:
        """End the iteration after the frame at hand; may be called from a signal handler."""
        with self._wake:
            self._stopped = True
            self._buffer.clear()
            self._wake.notify_all()

    def __iter__(self) -> Iterator[Frame]:
        """See `FrameSource.__iter__`; ends after `seconds`, with `stop`, or when it cannot be opened again."""
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
                    self._wake.notify_all()
                start = moment if start is None else start
                # Numbers follow the clock; two frames that came at once still are two.
                clock = last + 1 if self._is_recording else round((moment - start) * self.frame_rate_hz)
                number = max(last + 1, clock)
                if self._seconds is not None and number > self._seconds * self.frame_rate_hz:
                    break
                size = size or pixels.shape
                if pixels.shape == size:
                    last = number
                    yield Frame(number, pixels)
        finally:
            self.stop()
            # Blocked in a read, it ends by itself when that times out.
            thread.join(timeout=5)
            self.warning = self._warning(last + 1)

    def _measure(self) -> float:
        """Read for a moment, and see how fast frames come: cameras in the dark are slower than they say."""
        start = time.monotonic()
        while time.monotonic() - start < _MEASURED_SECONDS and self._take():
            pass
        moments = [moment for moment, _ in self._buffer if moment - start > _MEASURED_SECONDS / 2]
        if len(moments) < 4:
            return self._stated_hz
        measured_hz = float(np.clip((len(moments) - 1) / max(moments[-1] - moments[0], 1e-3), *_RATES_HZ))
        return self._stated_hz if abs(measured_hz / self._stated_hz - 1) < _OFF else round(measured_hz, 1)

    def _take(self) -> bool:
        """Read one frame into the buffer; says whether there was one."""
        try:
            read, pixels = self._capture.read()
            if not read:
                return False
            frame = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
        except cv2.error:  # no picture in colours
            return False
        self._room = max(2, min(round(_BUFFERED_SECONDS * self._stated_hz), _BUFFERED_BYTES // frame.nbytes))
        with self._wake:
            if self._is_recording:
                self._wake.wait_for(lambda: self._stopped or len(self._buffer) < self._room)
            elif len(self._buffer) >= self._room:
                self._buffer.popleft()
                self._lost += 1
            if not self._stopped:
                self._buffer.append((time.monotonic(), frame))
            self._wake.notify_all()
        return True

    def _read(self) -> None:
        """Fill the buffer until somebody says stop; the camera belongs to this thread from now on."""
        try:
            with quiet_opencv():
                self._keep_reading()
                self._capture.release()
        finally:  # whatever happened: somebody waits for frames
            with self._wake:
                self._stopped = True
                self._wake.notify_all()

    def _keep_reading(self) -> None:
        tries = 0
        while not self._stopped:
            if self._take():
                tries = 0
                continue
            self._capture.release()
            if tries >= self._retries or self._stopped:
                self._gone = self._retries > 0 and not self._stopped
                break
            self._broken += tries == 0
            tries += 1
            time.sleep(_RETRY_SECONDS)
            self._capture = self._open()

    def _warning(self, frames: int) -> str:
        lines = []
        if abs(self.frame_rate_hz / self._stated_hz - 1) >= _OFF:
            lines.append(f"gives {self.frame_rate_hz:g} frames a second, not {self._stated_hz:g} as it says")
        if self._lost:
            lines.append(f"{self._lost} frames were let go: slower than the camera")
        if self._gone:
            lines.append(f"broke off after {frames / self.frame_rate_hz:.1f} s, and did not come back")
        elif self._broken:
            lines.append(f"broke {self._broken} times, and was opened again")
        return f"{self.name}: {'; '.join(lines)}" if lines else ""
