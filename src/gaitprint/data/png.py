"""Reading greyscale PNG frames: checked to the last byte, and decoded fast.

OpenCV decodes the usual binary 320x240 silhouette in 0.1 to 0.3 ms, most of a walk's preparation, and says nothing
about a file that is cut short. This module walks through the chunks itself (which finds every truncation and every
flipped bit, by their checksums), and undoes the three simple PNG filters in NumPy; the rest goes to OpenCV.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError

# Limits that no frame of a walk comes near, so that a hostile file cannot exhaust memory.
_MAX_FILE_BYTES = 1 << 26
_MAX_PIXELS = 1 << 24

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {2: "RGB colour", 3: "palette colour", 4: "grey with transparency", 6: "RGBA colour"}


def read_file(path: str | os.PathLike[str], max_bytes: int = _MAX_FILE_BYTES) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        UnreadableFileError: missing, not permitted, a folder, a device or a pipe, empty, or above `max_bytes`.
    """
    try:
        # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFileError(f"{path}: is {'a folder' if stat.S_ISDIR(status.st_mode) else 'no regular file'}")
        if status.st_size > max_bytes:
            raise UnreadableFileError(f"{path}: {status.st_size} bytes, more than the {max_bytes} allowed")
        data = b""
        while part := os.read(descriptor, status.st_size + 1):  # one call, and one that finds the end
            data += part
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if not data:
        raise UnreadableFileError(f"{path}: empty file")
    return data


class PngReader:
    """Reads greyscale PNGs of 1 to 8 bits; use one for the frames of one walk.

    It remembers whether the frames so far had filters that are quicker in OpenCV, because the frames of a walk are
    written by one program.
    """

    def __init__(self) -> None:
        self._simple_filters = True

    def read(self, path: str | os.PathLike[str]) -> NDArray[np.uint8]:
        """Return a frame, uint8 [H, W], white = 255.

        Raises:
            UnreadableFileError: not a PNG, cut short, damaged, with colour, transparency or 16 bits, or too large.
        """
        data = read_file(path)
        try:
            return self._decode(data)
        except _DamagedError as error:
            raise UnreadableFileError(f"{path}: {error}") from None

    def _decode(self, data: bytes) -> NDArray[np.uint8]:
        header, compressed = _split(data)
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
        if colour in _COLOUR_TYPES:
            raise _DamagedError(f"{_COLOUR_TYPES[colour]} PNG; silhouettes are greyscale, convert it first")
        if depth == 16:
            raise _DamagedError("16-bit PNG; silhouettes have 8 bits, convert it first")
        if not 0 < width * height <= _MAX_PIXELS:
            raise _DamagedError(f"{width} x {height} pixels, allowed are 1 to {_MAX_PIXELS}")
        if self._simple_filters and depth in (1, 8) and not interlaced:
            frame = _decode_simple(compressed, width, height, depth)
            if frame is not None:
                return frame
            self._simple_filters = False
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        if decoded is None or decoded.shape != (height, width):
            raise _DamagedError("damaged PNG")
        return np.asarray(decoded, np.uint8)


class _DamagedError(Exception):
    """Why the bytes are no frame; `PngReader.read` adds the path."""


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Return the header and the compressed pixels of a PNG, with every checksum verified."""
    if not data.startswith(_SIGNATURE):
        raise _DamagedError("not a PNG")
    compressed: list[bytes] = []
    header = kind = b""
    start = len(_SIGNATURE)
    while kind != b"IEND":
        if start + 12 > len(data):
            raise _DamagedError("truncated PNG")
        (length,) = struct.unpack_from(">I", data, start)
        end = start + 8 + length
        if end + 4 > len(data):
            raise _DamagedError("truncated PNG")
        kind = data[start + 4 : start + 8]
        if zlib.crc32(memoryview(data)[start + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise _DamagedError(f"damaged PNG (checksum of its {kind.decode('latin-1')!r} part is wrong)")
        if kind == b"IHDR" and not header:
            header = data[start + 8 : end]
        elif kind == b"IDAT":
            compressed.append(data[start + 8 : end])
        start = end + 4
    if len(header) != 13:
        raise _DamagedError("damaged PNG (no header)")
    return header, b"".join(compressed)


def _decode_simple(compressed: bytes, width: int, height: int, depth: int) -> NDArray[np.uint8] | None:
    """Inflate and unfilter an image of 1 or 8 bits, or return None where it uses a filter that is not simple.

    A row is stored as it is (filter 0), as differences to the pixel at its left (1) or to the pixel above (2); all
    modulo 256. The other two filters depend on their own results pixel by pixel, which OpenCV does faster.
    """
    stride = (width * depth + 7) // 8
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(compressed, height * (stride + 1) + 1)
    except zlib.error:
        raise _DamagedError("damaged PNG") from None
    if len(raw) != height * (stride + 1):
        raise _DamagedError(f"damaged PNG ({len(raw)} bytes of pixels, need {height * (stride + 1)})")
    rows = np.frombuffer(raw, np.uint8).reshape(height, stride + 1)
    filters = rows[:, 0]
    if filters.max() > 2:
        return None
    pixels = rows[:, 1:].copy()
    leftwards = filters == 1
    if leftwards.any():
        # Only the columns between the first and the last difference need sums: a person fills few of them.
        columns = np.flatnonzero(pixels.any(axis=0))
        if len(columns):
            first, last = int(columns[0]), int(columns[-1])
            sums = np.cumsum(pixels[leftwards, first : last + 1], axis=1, dtype=np.uint8)
            pixels[leftwards, first : last + 1] = sums
            pixels[leftwards, last + 1 :] = sums[:, -1:]
    upwards = filters == 2
    if upwards.any():
        # Sums of all rows above, minus the sums before the last row that is not stored as differences.
        sums = np.zeros((height + 1, stride), np.uint8)
        np.cumsum(pixels, axis=0, dtype=np.uint8, out=sums[1:])
        starts = np.maximum.accumulate(np.where(upwards, 0, np.arange(height)))
        pixels = sums[1:] - sums[starts]
    if depth == 1:
        pixels = np.unpackbits(pixels, axis=1, count=width)
        np.negative(pixels, out=pixels)
    return pixels


def write_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Write uint8 [H, W] as an 8-bit greyscale PNG; the folder must exist.

    Raises:
        UnreadableFileError: the file cannot be written.
    """
    encoded, data = cv2.imencode(".png", np.ascontiguousarray(image))
    if not encoded:
        raise UnreadableFileError(f"{path}: OpenCV cannot encode an image of shape {image.shape}")
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from error
