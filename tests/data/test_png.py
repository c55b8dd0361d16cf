"""PNG frames: the same pixels as OpenCV for every filter and depth, and no damage unnoticed."""

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.png import PngReader, read_file, write_png


def person(height: int = 60, width: int = 81) -> NDArray[np.uint8]:
    frame = np.zeros((height, width), np.uint8)
    cv2.ellipse(frame, (width // 2, height // 2), (width // 5, height // 3), 10, 0, 360, 255, -1)
    frame[height // 3 : height // 2, width // 2 :] = 200  # up to the right border
    return frame


def encode(frame: NDArray[np.uint8], filters: NDArray[np.int64], depth: int = 8) -> bytes:
    """A PNG with chosen row filters (0 none, 1 left, 2 above), written by hand."""
    rows = np.packbits(frame > 127, axis=1) if depth == 1 else frame
    left, above = np.zeros_like(rows), np.zeros_like(rows)
    left[:, 1:], above[1:] = rows[:, :-1], rows[:-1]
    body = np.choose(filters[:, None], [rows, rows - left, rows - above])
    raw = np.concatenate([filters[:, None].astype(np.uint8), body], axis=1).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", frame.shape[1], frame.shape[0], depth, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("depth", [1, 8])
def test_all_simple_filters(tmp_path: Path, depth: int) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (33, 50), dtype=np.uint8)
    for frame in (person(), noise, np.zeros((5, 7), np.uint8), np.full((6, 9), 255, np.uint8)):
        for trial in range(10):
            data = encode(frame, random.integers(0, 3, len(frame)) if trial > 2 else np.full(len(frame), trial), depth)
            path = tmp_path / "x.png"
            path.write_bytes(data)
            read = PngReader().read(path)
            np.testing.assert_array_equal(read, frame if depth == 8 else np.where(frame > 127, 255, 0))
            np.testing.assert_array_equal(read, cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


@pytest.mark.parametrize("strategy", range(5))
def test_whatever_opencv_writes(tmp_path: Path, strategy: int) -> None:
    reader = PngReader()
    for frame in (person(), cv2.GaussianBlur(person(), (5, 5), 0)):
        for level in (0, 1, 9):
            options = [cv2.IMWRITE_PNG_STRATEGY, strategy, cv2.IMWRITE_PNG_COMPRESSION, level]
            cv2.imwrite(str(tmp_path / "x.png"), frame, options)
            np.testing.assert_array_equal(reader.read(tmp_path / "x.png"), frame)


def test_every_truncation_and_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    data = encode(person(20, 30), np.ones(20, np.int64))
    path = tmp_path / "x.png"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(UnreadableFileError, match=r"x\.png: (empty file|not a PNG|truncated PNG)"):
            PngReader().read(path)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(UnreadableFileError):
            PngReader().read(path)


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    data = bytearray(encode(np.zeros((2000, 2000), np.uint8), np.zeros(2000, np.int64)))
    for width, reason in ((1, "bytes of pixels, need 4000"), (1 << 30, "pixels, allowed are")):
        data[16:20] = struct.pack(">I", width)
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
        (tmp_path / "x.png").write_bytes(data)
        with pytest.raises(UnreadableFileError, match=reason):
            PngReader().read(tmp_path / "x.png")


def test_read_file_refuses_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "large.png").write_bytes(bytes(10))
    for name, reason in (
        ("pipe.png", "is no regular file"),
        ("folder.png", "is a folder"),
        ("dangling.png", "No such file or directory"),
        ("large.png", "10 bytes, more than the 9 allowed"),
    ):
        with pytest.raises(UnreadableFileError, match=reason):
            read_file(tmp_path / name, 9)


def test_write_and_read_back(tmp_path: Path) -> None:
    write_png(tmp_path / "x.png", person())
    np.testing.assert_array_equal(PngReader().read(tmp_path / "x.png"), person())
    with pytest.raises(UnreadableFileError, match="No such file or directory"):
        write_png(tmp_path / "missing" / "x.png", person())
