"""MATLAB files, read without anything of them being run, and where a damaged one can do no harm."""

from __future__ import annotations

import io
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.png import read_file

_MAX_FILE_BYTES = 1 << 29

T = TypeVar("T")


def read_apart(read: Callable[[Path], T], path: Path) -> T:
    """Return ``read(path)``, from a process of its own: scipy's reader crashes on some damaged files.

    Args:
        read: a function of a module, which calls `read_variable`; its result must be picklable.
        path: the file.

    Raises:
        UnreadableFileError: as `read_variable`; or the process died.
    """
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(read, path).result()
        except BrokenProcessPool:
            raise UnreadableFileError(f"{path}: a damaged MATLAB file (the process that read it died)") from None


def read_variable(path: Path, name: str) -> Any:
    """Return one variable of a .mat file: an array, or a structure whose fields are attributes.

    Arrays lose axes of length one; structures and what is in them, too.

    Raises:
        UnreadableFileError: no such file, no MATLAB file up to version 7.2, a damaged one, or no such variable.
    """
    data = read_file(path, _MAX_FILE_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # duplicate variables and the like
            variables = loadmat(io.BytesIO(data), variable_names=[name], struct_as_record=False, squeeze_me=True)
    except NotImplementedError as error:
        raise UnreadableFileError(f"{path}: of MATLAB 7.3; save it with -v7") from error
    # What scipy raises for damaged files, depending on where the damage is.
    except (
        *(MatReadError, ValueError, TypeError, LookupError, OSError, EOFError, AttributeError, AssertionError),
        *(NameError, SystemError, ArithmeticError, MemoryError, RecursionError, zlib.error),
    ) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise UnreadableFileError(f"{path}: no MATLAB file, or a damaged one ({reason})") from error
    if name not in variables:
        raise UnreadableFileError(f"{path}: holds no variable '{name}'")
    return variables[name]


def field(structure: Any, name: str) -> Any:
    """Return a field of a structure, None where it has none or an empty one."""
    value = getattr(structure, name, None)
    return None if value is None or (isinstance(value, np.ndarray) and not value.size) else value


def elements(value: Any) -> list[Any]:
    """Return the structures of an array of them, which is none for an empty one and a bare one for a single one."""
    return [] if value is None else list(np.atleast_1d(value).ravel())
