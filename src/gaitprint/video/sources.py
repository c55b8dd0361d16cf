"""Where frames come from: a video file, a folder of pictures, a webcam by its number, a stream by its address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import cv2

from gaitprint.core.errors import UsageError
from gaitprint.video.decode import ImageFiles, Video, open_pictures, quiet_opencv
from gaitprint.video.frame_source import Frame, FrameSource
from gaitprint.video.frame_times import FrameTimes
from gaitprint.video.live import LiveSource

__all__ = ["FileSource", "Frame", "FrameSource", "LiveSource", "open_source"]

_STREAM = re.compile(r"(?:rtsps?|rtmp|https?|udp|tcp)://", re.IGNORECASE)
_USUAL_RATE_HZ = 25.0
# Seconds after which an address that does not answer, or has fallen silent, is given up.
_ANSWER_SECONDS = 10.0


class FileSource(FrameSource):
    """A video file, or the pictures of a folder as one.

    Args:
        path: of the file or folder.
        frame_rate_hz: of the pictures of a folder; a video states its own, which this replaces where it is given.
        clocked: whether frames of a video are put where its clock says although a rate is given; without one they are.

    Raises:
        UnreadableFileError: nothing there that can be read.
        UsageError: a single picture.
    """

    def __init__(self, path: Path, frame_rate_hz: float | None = None, *, clocked: bool = False) -> None:
        self.path, self.name = path, path.stem or path.name
        self._pictures = open_pictures(path)
        if isinstance(self._pictures, ImageFiles) and not self._pictures.is_folder:
            raise UsageError(f"{path}: is one picture; a walk takes a video, or a folder of pictures")
        stated = self._pictures.frame_rate_hz if isinstance(self._pictures, Video) else _USUAL_RATE_HZ
        self.frame_rate_hz, self.total = frame_rate_hz or stated, self._pictures.total
        # Who says how fast the frames are to be shown knows better than the file's clock.
        self._clocked = isinstance(self._pictures, Video) and (clocked or frame_rate_hz is None)

    def __iter__(self) -> Iterator[Frame]:
        """See `FrameSource.__iter__`; pictures of another size than the first are left out."""
        size, others = None, 0
        times = FrameTimes(self.frame_rate_hz)
        for picture in self._pictures:
            number = times.number(picture.seconds if self._clocked else None)
            size = size or picture.frame.shape
            if picture.frame.shape != size:
                others += 1
            elif number is not None:
                yield Frame(number, picture.frame)
        lines = [self._pictures.warning] if self._pictures.warning else []
        if times.varies:
            lines.append(f"{self.path}: {times.varies}")
        if self._pictures.left_out:
            lines.append(f"{self.path}: {len(self._pictures.left_out)} pictures cannot be read")
        if others:
            lines.append(f"{self.path}: {others} pictures have another size than the first, and were left out")
        self.warning = "; ".join(lines)


def open_source(word: str, *, frame_rate_hz: float | None = None, seconds: float | None = None) -> FrameSource:
    """Open what a word of the command line stands for.

    Args:
        word: a file, a folder of pictures, a number (a webcam), or an address (rtsp://, http://, ...).
        frame_rate_hz: replaces what a file states.
        seconds: when a live source stops.

    Raises:
        UnreadableFileError: cannot be opened or read, or does not answer in time.
        UsageError: a single picture; `seconds` for a file.
    """
    if _STREAM.match(word):
        return LiveSource(_without_secrets(word), lambda: _open_stream(word), seconds)
    if re.fullmatch(r"\d{1,2}", word) and not Path(word).exists():
        return LiveSource(f"webcam {word}", lambda: _open_webcam(int(word)), seconds, reconnects=False)
    if seconds is not None:
        raise UsageError(f"--seconds is for webcams and streams; {word} is a file and ends by itself")
    return FileSource(Path(word), frame_rate_hz)


def _without_secrets(address: str) -> str:
    """Leave out of an address where cameras take passwords: names and reports must not hold them.

    >>> _without_secrets("rtsp://me:p@ss@10.0.0.7:554/live?user=me&password=pass")
    'rtsp://10.0.0.7:554/live'
    """
    scheme, _, rest = address.partition("://")
    host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _open_stream(address: str) -> cv2.VideoCapture:
    milliseconds = round(1000 * _ANSWER_SECONDS)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
    with quiet_opencv():
        return cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)


def _open_webcam(number: int) -> cv2.VideoCapture:
    with quiet_opencv():
        return cv2.VideoCapture(number)
