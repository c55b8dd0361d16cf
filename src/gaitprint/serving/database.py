"""The service's own database: tokens and the audit log, never a name."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gaitprint.core.errors import UnreadableFileError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    token_id TEXT PRIMARY KEY, label TEXT NOT NULL, secret_hash TEXT NOT NULL, rights TEXT NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, token_id TEXT NOT NULL, action TEXT NOT NULL,
    person_id TEXT, outcome TEXT NOT NULL
) STRICT;
"""


class ServiceDatabase:
    """One SQLite file in the service's folder, for any number of threads; other processes may use it at once.

    Args:
        folder: made where there is none, readable by its owner alone.

    Raises:
        UnreadableFileError: there is something else.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        path = folder / "service.db"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise UnreadableFileError(f"{path}: no database of a service ({error})") from error

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection within one transaction, which an exception undoes."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # or whatever comes next would be part of it
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
