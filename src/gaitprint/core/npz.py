"""Reading .npz archives that anybody may have written: nothing is unpickled, nothing grows without bound."""

from __future__ import annotations

import zipfile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

# Arrays that an archive may unpack to in all; a small file can claim to hold any number of bytes.
_MAX_BYTES = 1 << 32


def read_npz(stream: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Read all arrays of an archive.

    Args:
        stream: the archive, from its first byte on; seekable.

    Returns:
        name -> array.

    Raises:
        ValueError: it is none, is damaged, holds objects, or unpacks to more than 4 GiB or than fits in memory; the
            text gives the cause in one line, without the file's name.
    """
    try:
        if not zipfile.is_zipfile(stream):
            raise ValueError("no .npz archive, or one that is cut short")
        with zipfile.ZipFile(stream) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > _MAX_BYTES:
            raise ValueError(f"unpacks to {size} bytes, more than the {_MAX_BYTES} allowed")
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except MemoryError as error:
        raise ValueError(str(error) or "more than fits in memory") from error
    except Exception as error:
        # Five ways of packing, and headers that Python parses, are damaged in more ways than could be listed here.
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error
