"""Arrays of every pickle protocol come back; the rest is in test_malformed.py."""

import contextlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.datasets.array_pickle import read_arrays


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8", ">f4", "i8", "?"])
def test_every_protocol(tmp_path: Path, protocol: int, dtype: str) -> None:
    values = np.random.default_rng(0).integers(0, 200, (5, 8, 3)).astype(dtype)
    for array in (values, np.asfortranarray(values), values[::2], values[:0]):
        (tmp_path / "x.pkl").write_bytes(pickle.dumps(array, protocol))
        read = read_arrays(tmp_path / "x.pkl")
        np.testing.assert_array_equal(read, array)
        assert read.dtype == array.dtype
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(list(values), protocol))
    np.testing.assert_array_equal(read_arrays(tmp_path / "x.pkl"), values)


def test_what_numpy_1_wrote(tmp_path: Path) -> None:
    data = pickle.dumps(np.arange(12, dtype=np.uint8).reshape(3, 4), 2).replace(b"numpy._core", b"numpy.core")
    (tmp_path / "x.pkl").write_bytes(data)
    assert read_arrays(tmp_path / "x.pkl").tolist() == np.arange(12).reshape(3, 4).tolist()


def test_one_array_named_often_is_not_multiplied(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(pickle.dumps([np.zeros(100_000, np.uint8)] * 10_000))
    with pytest.raises(UnreadableFileError, match="less data than it claims"):
        read_arrays(tmp_path / "x.pkl")


def test_one_text_encoded_often_is_not_multiplied(tmp_path: Path) -> None:
    text = b"X" + (1 << 20).to_bytes(4, "little") + b"a" * (1 << 20) + b"q\x00X\x06\x00\x00\x00latin1q\x01"
    encoded = b"c_codecs\nencode\nh\x00h\x01\x86R"
    (tmp_path / "x.pkl").write_bytes(b"\x80\x02" + text + encoded * 1000 + b".")
    with pytest.raises(UnreadableFileError, match="less data than it claims"):
        read_arrays(tmp_path / "x.pkl")


@pytest.mark.parametrize("asks", [b"K\x01\x93.", b"cnumpy\ndtype\n" + b"h\x3b\x85R."], ids=["a global", "a type"])
def test_tuples_within_tuples_are_refused_at_once(tmp_path: Path, asks: bytes) -> None:
    """Each of 60 holds the one before it twice: whoever writes or hashes the last one never ends."""
    nested = b"N" + b"".join(b"q" + bytes([depth]) + b"h" + bytes([depth]) + b"\x86" for depth in range(60))
    (tmp_path / "x.pkl").write_bytes(b"\x80\x04" + nested + b"q\x3b" + asks)
    with pytest.raises(UnreadableFileError, match=r"damaged pickle|type no name"):
        read_arrays(tmp_path / "x.pkl")


def test_random_damage_is_an_error_or_an_array(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    original = pickle.dumps(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))
    for _ in range(500):
        data = bytearray(original)
        for _ in range(int(random.integers(1, 4))):
            data[int(random.integers(len(data)))] = int(random.integers(256))
        (tmp_path / "x.pkl").write_bytes(data)
        with contextlib.suppress(UnreadableFileError):
            assert isinstance(read_arrays(tmp_path / "x.pkl"), np.ndarray)
