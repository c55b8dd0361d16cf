"""Pictures one after the other, from an image, a folder of images or a video, in bounded memory."""

from __future__ import annotations

import math
import os
import re
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.video.pictures import PICTURE_SUFFIXES, read_picture

# FFmpeg writes what it thinks of damaged videos to the terminal by itself; -8 is AV_LOG_QUIET.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

# Pictures of a batch, and their bytes in all, at most.
BATCH_PICTURES = 16
_BATCH_BYTES = 1 << 27

_USUAL_RATE_HZ = 25.0
# Beyond these, a container states its clock and not the frames.
_RATES_HZ = (0.5, 1000.0)
# Containers that only estimate their length are off by a few frames, which is no fault of the file.
_FEWER_FRAMES = 0.05


class Picture(NamedTuple):
    """One picture of a source.

    Args:
        name: of its file; of a frame of a video, its number from 0.
        frame: uint8 [H, W, 3], RGB, upright.
        seconds: when it is shown, as its video states; None where nothing does.
    """

    name: str
    frame: NDArray[np.uint8]
    seconds: float | None = None


class Pictures(ABC):
    """Pictures in their order; each iteration reads them afresh, one at a time.

    Attributes:
        path: where they come from.
        total: how many there are said to be; None where the file does not say.
        left_out: (path, reason) of what the latest iteration that came to its end could not read.
        warning: what was wrong with the source as a whole, one line; empty where nothing was.
    """

    path: Path
    total: int | None
    left_out: list[tuple[str, str]]
    warning: str = ""

    @abstractmethod
    def __iter__(self) -> Iterator[Picture]:
        """Yield the pictures; `UnreadableFileError` where there is none."""


class ImageFiles(Pictures):
    """Image files; of several, those that cannot be read are left out.

    Args:
        path: of the image or of the folder.
        files: the images.
    """

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        self.path, self.files, self.total = path, tuple(files), len(files)
        self.left_out = []

    @property
    def is_folder(self) -> bool:
        """Whether these are the images of a folder."""
        return self.files != (self.path,)

    def __iter__(self) -> Iterator[Picture]:
        """Yield what can be read; `UnreadableFileError` where that is nothing."""
        left_out: list[tuple[str, str]] = []  # of this iteration: another one may go on meanwhile
        for file in self.files:
            try:
                picture = Picture(file.name, read_picture(file))
            except UnreadableFileError as error:
                if not self.is_folder:
                    raise
                left_out.append((str(file), str(error).removeprefix(f"{file}: ")))
            else:
                yield picture
        self.left_out = left_out
        if len(left_out) == len(self.files):
            (first, reason), number = left_out[0], len(self.files)
            raise UnreadableFileError(f"{self.path}: none of its {number} images can be read; first {first}: {reason}")


class Video(Pictures):
    """A video file, decoded by FFmpeg within OpenCV; rotated as its camera was held.

    Args:
        path: of the file.

    Raises:
        UnreadableFileError: missing, no regular file, empty, or nothing in it that can be decoded.
    """

    # Frames of more pixels are refused: a small file can claim to hold any number.
    MAX_PIXELS: ClassVar[int] = 1 << 26

    def __init__(self, path: Path) -> None:
        self.path, self.left_out = path, []
        _check_regular(path)
        capture = self._open()
        rate_hz, count = float(capture.get(cv2.CAP_PROP_FPS)), float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        decodes = capture.read()[0]
        capture.release()
        if not decodes:
            raise UnreadableFileError(f"{path}: no frame of it can be decoded")
        self.total = int(count) if math.isfinite(count) and 1 <= count < 1e9 else None
        self.frame_rate_hz = rate_hz
        if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
            self.frame_rate_hz = _USUAL_RATE_HZ
            self.warning = f"{path}: states no usable frame rate; {_USUAL_RATE_HZ:g} frames a second are assumed"
        self._said_before = self.warning

    def __iter__(self) -> Iterator[Picture]:
        """Yield the frames up to the end or to the first that cannot be decoded, which `warning` then tells."""
        capture, number = self._open(), 0
        try:
            while (decoded := capture.read())[0]:
                frame = np.asarray(cv2.cvtColor(decoded[1], cv2.COLOR_BGR2RGB), np.uint8)
                yield Picture(str(number), frame, float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000)
                number += 1
        finally:
            capture.release()
        lines = [self._said_before] if self._said_before else []
        if self.total is not None and self.total - number > max(1, _FEWER_FRAMES * self.total):
            lines.append(f"{self.path}: cut short or damaged; {number} of its {self.total} frames could be decoded")
        self.warning = "; ".join(lines)

    def _open(self) -> cv2.VideoCapture:
        # An absolute path starts no protocol of FFmpeg, and no other backend takes a name for a pattern of images.
        with quiet_opencv():
            capture = cv2.VideoCapture(str(self.path.absolute()), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise UnreadableFileError(f"{self.path}: no video that can be decoded, or a damaged one")
        # Some builds of OpenCV turn videos by themselves, and some only when they are told to.
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        pixels = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if pixels > self.MAX_PIXELS:
            capture.release()
            raise UnreadableFileError(f"{self.path}: frames of {pixels:.0f} pixels, allowed are {self.MAX_PIXELS}")
        return capture


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Let OpenCV say nothing while the context is open: what cannot be opened is told once, by us."""
    before = cv2.getLogLevel()
    cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(before)


def open_pictures(path: Path) -> ImageFiles | Video:
    """Open an image, a folder of images (in natural order: 2 before 10) or, else, a video.

    Raises:
        UnreadableFileError: nothing there, nothing in it that is read, or damaged; the text starts with the path.
    """
    if path.is_dir():
        try:
            files = [file for file in path.iterdir() if _is_image(file)]
        except OSError as error:
            raise UnreadableFileError(f"{path}: {error.strerror}") from error
        if not files:
            raise UnreadableFileError(f"{path}: holds no image ({', '.join(sorted(PICTURE_SUFFIXES))})")
        return ImageFiles(path, natural_order(files))
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return ImageFiles(path, [path])
    return Video(path)


def batches(pictures: Iterable[Picture], at_most: int = BATCH_PICTURES) -> Iterator[list[Picture]]:
    """Yield pictures in lists of at most `at_most`, fewer where they are large."""
    batch: list[Picture] = []
    for picture in pictures:
        batch.append(picture)
        if len(batch) == at_most or sum(one.frame.nbytes for one in batch) >= _BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def natural_order(paths: Iterable[Path]) -> list[Path]:
    """Sort files as people count.

    >>> [path.name for path in natural_order([Path("walk10.png"), Path("walk9.png"), Path("Walk1.png")])]
    ['Walk1.png', 'walk9.png', 'walk10.png']
    """

    def key(path: Path) -> tuple[list[str | int], str]:
        words = re.split(r"(\d+)", path.stem.casefold())
        # Every second word is a number, so that like is always compared with like.
        return [int(word) if number % 2 else word for number, word in enumerate(words)], path.name

    return sorted(paths, key=key)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _check_regular(path: Path) -> None:
    """Raise `UnreadableFileError` unless a path is a file with something in it that may be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFileError(f"{path}: is no regular file")
        if status.st_size == 0:
            raise UnreadableFileError(f"{path}: empty file")
        with path.open("rb"):
            pass
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from error
