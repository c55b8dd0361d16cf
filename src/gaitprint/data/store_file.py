"""The LMDB file of a store: its header, its JSON values, and transactions, in whichever process asks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import lmdb

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.data.encoding import ENCODINGS, Encoding
from gaitprint.data.environment import Environment, open_environment

FORMAT = "gaitprint-store"
FORMAT_VERSION = 1
_FORMAT_KEY = b"!format"


class StoreFile:
    """A file of a store that is there; can be pickled and used after a fork, for each process opens it for itself.

    Args:
        folder: the folder of the store, absolute.

    Attributes:
        encoding: how silhouettes are kept.
        writable: whether `write` may be called; not unless somebody says so.

    Raises:
        UnreadableFileError: no store there, one of a newer format, or one that is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writable = False
        self._environment: Environment | None = None
        self.encoding = self._read_header()

    def read(self) -> lmdb.Transaction:
        """Begin to read; values are views of the memory map, valid until the end of the transaction."""
        return self._lmdb.begin(buffers=True)

    @contextmanager
    def write(self) -> Iterator[lmdb.Transaction]:
        """Write in one transaction: after a crash at any moment, or an exception inside, all of it is there or nothing.

        Raises:
            UsageError: the store was opened for reading.
            UnreadableFileError: the file cannot be written, for example because the disk is full.
        """
        if not self.writable:
            raise UsageError(f"{self.folder}: opened for reading; use Store.create to write")
        with _told(self.folder), self._lmdb.begin(write=True) as transaction:
            yield transaction

    def values(self, kind: bytes) -> Iterator[bytes]:
        """Yield the values of all keys whose first byte is `kind`, in the order of their keys."""
        with self._lmdb.begin() as transaction, transaction.cursor() as cursor:
            if cursor.set_range(kind):
                for key, value in cursor:
                    if key[:1] != kind:
                        break
                    yield value

    def get_json(self, key: bytes) -> dict[str, Any]:
        """Return a mapping that `put_json` kept, or an empty one."""
        with self.read() as transaction:
            return read_json(transaction, key)

    def put_json(self, key: bytes, values: Mapping[str, Any]) -> None:
        """Keep a mapping of plain values that JSON can hold; errors as `write`."""
        with self.write() as transaction:
            transaction.put(key, json.dumps(dict(values), allow_nan=False).encode())

    def _read_header(self) -> Encoding:
        try:
            header = self.get_json(_FORMAT_KEY)
        except (lmdb.Error, ValueError) as error:
            raise UnreadableFileError(f"{self.folder}: damaged store ({error})") from error
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise UnreadableFileError(f"{self.folder}: an LMDB folder, but no gaitprint store")
        if header.get("version") != FORMAT_VERSION:
            raise UnreadableFileError(
                f"{self.folder}: store format {header.get('version')}, this gaitprint reads format {FORMAT_VERSION}"
            )
        encoding: Any = header.get("encoding")
        if encoding not in ENCODINGS:
            raise UnreadableFileError(f"{self.folder}: damaged store (it keeps silhouettes as {encoding!r})")
        return cast("Encoding", encoding)

    @property
    def _lmdb(self) -> lmdb.Environment:
        """The environment of this process, opened on first use in it."""
        if self._environment is None or self._environment.pid != os.getpid():
            self._environment = open_environment(self.folder)
        return self._environment.lmdb

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_environment": None}


def create_store_file(folder: Path, encoding: Encoding, exist_ok: bool) -> None:
    """Make the file of an empty store where there is none; arguments and errors as `Store.create`."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; a store is a folder")
    if folder.is_dir() and not (folder / "data.mdb").exists() and any(folder.iterdir()):
        raise UsageError(f"{folder}: holds other files and no store; name a new or empty folder")
    environment = open_environment(folder, create=True)
    with _told(folder), environment.lmdb.begin(write=True) as transaction:
        # A crash can leave a data file without an entry: that is still an empty folder to us.
        if transaction.stat()["entries"] == 0:
            header = {"format": FORMAT, "version": FORMAT_VERSION, "encoding": encoding}
            transaction.put(_FORMAT_KEY, json.dumps(header).encode())
        elif not exist_ok:
            raise UsageError(f"{folder}: is a store already")


def read_json(transaction: lmdb.Transaction, key: bytes) -> dict[str, Any]:
    """Return a mapping that `StoreFile.put_json` kept, or an empty one."""
    value = transaction.get(key)
    values: dict[str, Any] = {} if value is None else json.loads(bytes(value))
    return values


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what LMDB raises into one line with the folder."""
    try:
        yield
    except lmdb.Error as error:
        raise UnreadableFileError(f"{folder}: cannot be written ({error})") from error
