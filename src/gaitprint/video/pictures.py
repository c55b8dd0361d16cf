"""Reading photographs: any usual file in, upright uint8 RGB out."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.png import read_file

PICTURE_SUFFIXES = frozenset(
    (".bmp", ".jfif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

# Named one by one: of the other formats, some start a program of their own to be read.
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "PPM")
# The largest photographs that cameras take; more would be a file made to exhaust memory.
_MAX_FILE_BYTES = 1 << 29
_MAX_PIXELS = 1 << 28

# What Pillow raises where a file is damaged, depending on the format and on the place of the damage.
_DAMAGES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    ArithmeticError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def read_picture(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Return a photograph as uint8 [H, W, 3], RGB, upright as its camera held it (EXIF).

    Grey becomes RGB, 16 bits become 8, and what is transparent lies on black, as the networks' padding is.

    Raises:
        UnreadableFileError: missing, no regular file, empty, cut short, damaged, too large, or of another format.
    """
    data = read_file(path, _MAX_FILE_BYTES)
    try:
        with warnings.catch_warnings():
            # Large pictures, for which there is a limit here, and oddities of tags that nobody asked for.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.width * picture.height > _MAX_PIXELS:
                    raise ValueError(f"{picture.width} x {picture.height} pixels, allowed are {_MAX_PIXELS}")
                upright = ImageOps.exif_transpose(picture)
            return np.array(_eight_bits(upright))
    except UnidentifiedImageError as error:
        raise UnreadableFileError(f"{path}: no picture ({', '.join(_FORMATS)} are read)") from error
    except _DAMAGES as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableFileError(f"{path}: damaged picture ({reason})") from error


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Turn a picture of any mode into RGB."""
    if picture.mode == "F":
        raise ValueError("its pixels are floating point numbers; save it with 8 or 16 bits")
    if picture.mode.startswith("I"):
        values = np.asarray(picture).astype(np.int64)
        picture = Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture).convert("RGB")
    return picture.convert("RGB")
