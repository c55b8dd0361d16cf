"""Variables of a TensorFlow checkpoint as arrays, of both formats that TensorFlow 0.x to 2.x wrote."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError, UsageError, one_line
from gaitprint.core.extras import needs_extra

# The file in a folder of checkpoints that says which of them is the latest.
_STATE_FILE = "checkpoint"
_STATE_LINE = re.compile(r'^model_checkpoint_path:\s*"(.+)"\s*$', re.MULTILINE)

# What the files of one checkpoint add to its name.
_ENDING = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$|-\d{5}-of-\d{5}$")


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read all numeric variables of a checkpoint.

    Args:
        path: its name as TensorFlow was given it (``model.ckpt``), one of its files (``model.ckpt.index``, or the one
            file of the first format), or a folder whose file ``checkpoint`` names the latest one.

    Returns:
        variable name -> array, in the order of names.

    Raises:
        UsageError: no checkpoint there.
        UnreadableFileError: not a checkpoint, or a damaged one.
        MissingExtraError: TensorFlow is not installed.
    """
    name = find_checkpoint(Path(path))
    tensorflow = _import_tensorflow()
    try:
        reader = tensorflow.train.load_checkpoint(str(name))
        types = reader.get_variable_to_dtype_map()
        numeric = sorted(variable for variable, kind in types.items() if kind.is_floating or kind.is_integer)
        return {variable: np.asarray(reader.get_tensor(variable)) for variable in numeric}
    # A damaged file surfaces as whichever of these the layer that met it has.
    except (tensorflow.errors.OpError, LookupError, ValueError, RuntimeError, OSError) as error:
        raise UnreadableFileError(f"{name}: not readable as a checkpoint ({one_line(error)[:300]})") from error


def find_checkpoint(path: Path) -> Path:
    """Return the name of the checkpoint that a path means, as TensorFlow takes it; see `read_checkpoint`.

    Raises:
        UsageError: no checkpoint there.
        UnreadableFileError: a folder whose file ``checkpoint`` cannot be read, or names no checkpoint.
    """
    if path.is_dir():
        return _latest(path)
    name = path.with_name(_ENDING.sub("", path.name))
    # Of the second format, of the first in one file, of the first in several.
    files = (name.with_name(f"{name.name}.index"), name)
    if any(file.is_file() for file in files):
        return name
    if any(name.parent.glob(f"{glob.escape(name.name)}-?????-of-?????")):
        return name.with_name(f"{name.name}-?????-of-?????")
    if path.is_file():
        raise UsageError(f"{path}: a part of a checkpoint whose {files[0].name} is missing")
    raise UsageError(f"{path}: no checkpoint there (neither {files[0].name} nor {name.name})")


def _latest(folder: Path) -> Path:
    state = folder / _STATE_FILE
    try:
        found = _STATE_LINE.search(state.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{folder}: a folder without a file '{_STATE_FILE}'; give one checkpoint in it") from None
    except OSError as error:
        raise UnreadableFileError(one_line(error)) from error
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{state}: no text in UTF-8 ({error.reason})") from error
    if found is None:
        raise UnreadableFileError(f"{state}: names no checkpoint")
    # A folder that was moved still names the old place.
    latest = folder / found[1]
    latest = latest if latest.parent.is_dir() else folder / Path(found[1]).name
    if latest.is_dir():
        raise UnreadableFileError(f"{state}: names a folder, {found[1]}, not a checkpoint")
    return find_checkpoint(latest)


def _import_tensorflow() -> Any:
    # Its start would fill the terminal with lines about processors and accelerators.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with needs_extra("tensorflow", "reading checkpoints"), _silent_standard_error():
        import tensorflow
    return tensorflow


@contextmanager
def _silent_standard_error() -> Iterator[None]:
    """Send what native code writes to standard error nowhere while the context is open."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
