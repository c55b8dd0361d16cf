"""LMDB environments, one for each data file and process.

LMDB must not be opened twice by one process, nor carried through a fork. Stores therefore share what this module
opens, keyed by process and inode, and ask again whenever they find themselves in another process.
"""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path

import lmdb

from gaitprint.core.errors import UnreadableFileError

# Address space that is reserved, not memory or disk: the file is only as long as what was written.
_MAP_SIZES = (1 << 40, 1 << 36, 1 << 32)
_MAX_READERS = 4096

_lock = threading.Lock()


class Environment:
    """An open LMDB environment; closed when the last store that uses it is gone."""

    def __init__(self, lmdb_environment: lmdb.Environment) -> None:
        self.lmdb = lmdb_environment
        self.pid = os.getpid()

    def __del__(self) -> None:
        if self.pid == os.getpid():
            self.lmdb.close()


# (process, device, inode) of the data file -> its environment
_environments: weakref.WeakValueDictionary[tuple[int, int, int], Environment] = weakref.WeakValueDictionary()


def _forget_after_fork() -> None:
    """Let go, in a child, of what its parent has open; lmdb refuses to open the same file again until then."""
    global _lock
    _lock = threading.Lock()  # another thread of the parent may have held it
    for environment in list(_environments.values()):
        environment.lmdb.close()
    _environments.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


def open_environment(folder: Path, create: bool = False) -> Environment:
    """Return this process's environment of a store folder.

    Args:
        folder: the folder of the store.
        create: make the folder and an empty data file where there is none.

    Raises:
        UnreadableFileError: no such folder, no data file in it, not an LMDB file, cut short, or not permitted.
    """
    data_file = folder / "data.mdb"
    try:
        if create:
            folder.mkdir(parents=True, exist_ok=True)
        elif not folder.is_dir():
            raise UnreadableFileError(f"{folder}: no such folder")
        elif not data_file.is_file():
            raise UnreadableFileError(f"{folder}: not a gaitprint store (it holds no data.mdb)")
        with _lock:
            if data_file.exists() and (found := _environments.get(_key(data_file))) is not None:
                return found
            environment = Environment(_open(folder, data_file))
            _environments[_key(data_file)] = environment
            return environment
    except (OSError, lmdb.Error) as error:
        raise UnreadableFileError(f"{folder}: cannot be opened as a store ({error})") from error


def _key(data_file: Path) -> tuple[int, int, int]:
    status = data_file.stat()
    return os.getpid(), status.st_dev, status.st_ino


def _open(folder: Path, data_file: Path) -> lmdb.Environment:
    # Opened for writing wherever that is allowed: a process may both read and write one store, and has one
    # environment for both. `Store` refuses to write what was opened for reading.
    writable = not data_file.exists() or os.access(data_file, os.W_OK)
    last_error: Exception | None = None
    for map_size in _MAP_SIZES:  # a process with limited address space cannot map the largest
        try:
            environment = lmdb.open(
                str(folder),
                map_size=map_size,
                readonly=not writable,
                lock=writable or os.access(folder, os.W_OK),
                max_readers=_MAX_READERS,
                readahead=False,  # clips are read at random
                meminit=False,
            )
        except lmdb.MemoryError as error:
            last_error = error
            continue
        needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        present = data_file.stat().st_size
        if environment.stat()["entries"] and present < needed:
            environment.close()
            raise UnreadableFileError(f"{data_file}: cut short ({present} bytes of {needed})")
        return environment
    assert last_error is not None
    raise last_error
