import io
import struct
import zipfile

import numpy as np
import pytest

from gaitprint.core.npz import read_npz

HEADER = b"{'descr':'<f4','fortran_order':False,'shape':(2,)}"


def archive(header: bytes, method: int = zipfile.ZIP_STORED) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        file.writestr("a.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(8))
    return stream


def test_arrays_are_read() -> None:
    np.testing.assert_array_equal(read_npz(archive(HEADER))["a"], np.zeros(2, np.float32))


@pytest.mark.parametrize(
    "header",
    [b"{'a': (", b"(" * 9000, b"{}", b"\0", HEADER.replace(b"(2,)", b"(99999999999999999999,)")],
)
def test_damaged_headers_are_refused_in_one_line(header: bytes) -> None:
    with pytest.raises(ValueError, match=r"^.+$"):
        read_npz(archive(header))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_contents_are_refused_in_one_line(method: int) -> None:
    content = bytearray(archive(HEADER, method).getvalue())
    start = content.index(b"a.npy") + 14
    content[start : start + 20] = bytes(255 - value for value in content[start : start + 20])
    with pytest.raises(ValueError, match=r"^.+$"):
        read_npz(io.BytesIO(content))
