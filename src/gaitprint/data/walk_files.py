"""A walk as one .npz file: arrays, labels and the whole definition of its skeleton."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import IO, Any

import numpy as np

from gaitprint.core.errors import GaitprintError, UnreadableFileError
from gaitprint.core.files import atomic_path
from gaitprint.core.npz import read_npz
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import get_skeleton

_LABELS = ("subject", "condition", "view")
_ARRAYS = ("silhouettes", "joints", "confidence", "frames")


def save_walk(path: str | os.PathLike[str], sequence: GaitSequence) -> None:
    """Write a walk as one compressed .npz; atomic.

    The file holds `subject`, `condition`, `view` (strings), `frame_rate_hz`, `view_deg` where it is known, those of
    `silhouettes`, `joints`, `confidence` and `frames` that the walk has, and `skeleton`, JSON text of its name,
    joints, bones and left_right.

    Example:
        >>> import tempfile
        >>> walk = GaitSequence("001", "nm-01", "090", 25.0, silhouettes=np.zeros((9, 64, 44), np.uint8))
        >>> path = Path(tempfile.mkdtemp()) / "walk.npz"
        >>> save_walk(path, walk)
        >>> load_walk(path).id
        '001/nm-01/090'
    """
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        _write(stream, sequence)


def walk_to_bytes(sequence: GaitSequence) -> bytes:
    """Return what `save_walk` would write."""
    stream = io.BytesIO()
    _write(stream, sequence)
    return stream.getvalue()


def load_walk(path: str | os.PathLike[str]) -> GaitSequence:
    """Read what `save_walk` wrote; nothing is unpickled.

    Raises:
        UnreadableFileError: no such file, damaged, too large, or not such a file; the text starts with the path.
    """
    try:
        with Path(path).open("rb") as stream:
            return _read(stream, path)
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror or error}") from error


def walk_from_bytes(data: bytes, label: str) -> GaitSequence:
    """Read what `walk_to_bytes` returned; errors as `load_walk`, with `label` in place of the path."""
    return _read(io.BytesIO(data), label)


def _write(stream: IO[bytes], sequence: GaitSequence) -> None:
    values: dict[str, Any] = {
        name: getattr(sequence, name) for name in (*_LABELS, "frame_rate_hz", "view_deg", *_ARRAYS)
    }
    if sequence.skeleton is not None:
        values["skeleton"] = json.dumps(sequence.skeleton.definition)
    np.savez_compressed(stream, **{name: value for name, value in values.items() if value is not None})


def _read(stream: IO[bytes], path: str | os.PathLike[str]) -> GaitSequence:
    try:
        return _walk(read_npz(stream))
    except KeyError as error:
        raise UnreadableFileError(f"{path}: not a walk file, it holds no {error.args[0]}") from error
    except GaitprintError as error:
        raise UnreadableFileError(f"{path}: {error}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableFileError(f"{path}: not a walk file ({' '.join(str(error).split())})") from error


def _walk(values: dict[str, Any]) -> GaitSequence:
    """Put a walk together from the arrays of a file."""
    given: dict[str, Any] = {name: str(values[name]) for name in _LABELS}
    given["frame_rate_hz"] = float(values["frame_rate_hz"])
    if "view_deg" in values:
        given["view_deg"] = float(values["view_deg"])
    if "skeleton" in values:
        given["skeleton"] = get_skeleton(json.loads(str(values["skeleton"])))
    return GaitSequence(**given, **{name: values[name] for name in _ARRAYS if name in values})
