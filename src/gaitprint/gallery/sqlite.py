"""The embedded engine: one folder with an SQLite database, and an exact search over vectors in eight bits.

Durability is SQLite's: a write-ahead log that is flushed to disk before a transaction is acknowledged (`synchronous`
FULL), any number of readers beside one writer. What `Screen` keeps beside it is derived, and made anew where it is
missing or older than the last removal.

Removal is complete: freed bytes are overwritten (`secure_delete`), the database is rebuilt without them (VACUUM), its
log is emptied, and the derived files are removed. A marker in the database says that this is still to be done, so that
a process which is killed in between leaves it to the next one that opens the gallery.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.gallery.engine import GalleryError
from gaitprint.gallery.index import ScreenScores
from gaitprint.gallery.ranking import Nearest, ProbeScores, nearest_people
from gaitprint.gallery.rows import TEMPLATES, VECTORS, is_model, key_values, people_and_vectors, template_of
from gaitprint.gallery.screens import Screens
from gaitprint.gallery.sql_engine import SqlEngine
from gaitprint.gallery.template import ModelKey, Template

DATABASE_FILE = "gallery.sqlite"

_APPLICATION = 0x67616974
_VERSION = 1
_WAIT_S = 120.0

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE people (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE);
CREATE TABLE models (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, weights_hash TEXT NOT NULL,
    distance TEXT NOT NULL, parts INTEGER NOT NULL, size INTEGER NOT NULL,
    templates INTEGER NOT NULL DEFAULT 0, UNIQUE (name, weights_hash, distance, parts, size));
CREATE TABLE templates (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, model INTEGER NOT NULL REFERENCES models,
    modality TEXT NOT NULL, walk TEXT NOT NULL, condition TEXT NOT NULL, view TEXT NOT NULL, quality REAL,
    enrolled_at TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX templates_of_person ON templates (person, model);
CREATE INDEX templates_of_model ON templates (model);
CREATE TABLE files (template INTEGER PRIMARY KEY REFERENCES templates ON DELETE CASCADE, picture BLOB, walk BLOB);
CREATE TRIGGER template_added AFTER INSERT ON templates BEGIN
    UPDATE models SET templates = templates + 1 WHERE number = new.model; END;
CREATE TRIGGER template_removed AFTER DELETE ON templates BEGIN
    UPDATE models SET templates = templates - 1 WHERE number = old.model; END;
CREATE TRIGGER person_added AFTER INSERT ON people BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'people'; END;
CREATE TRIGGER person_removed AFTER DELETE ON people BEGIN
    UPDATE meta SET value = value - 1 WHERE key = 'people'; END;
"""


class SqliteEngine(SqlEngine):
    """Templates in a folder; see the module's text.

    Args:
        folder: of the gallery; made where it is missing, for its owner alone.
    """

    MARK = "?"
    AMONG = "IN (SELECT value FROM json_each(?))"

    def __init__(self, folder: Path) -> None:
        self.location = str(folder)
        self._folder = folder
        self._process = os.getpid()
        self._screens = Screens(folder)
        with self._errors():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection: sqlite3.Connection | None = self._connect()
            try:
                self._prepare(self._connection)
            except BaseException:
                self.close()
                raise
        if self._meta("unwiped") != "0":
            with suppress(GalleryError):  # whoever reads now keeps it from being done; the marker stays
                self._wipe(wait_s=1.0)

    @classmethod
    def open(cls, location: str, *, create: bool = True) -> Self:
        """See `Engine.open`; `location` is a folder."""
        folder = Path(location.removeprefix("sqlite://")).expanduser()
        if not create and not folder.exists():
            raise UnreadableFileError(f"{folder}: no such folder; gaitprint enroll makes a gallery")
        if not create and folder.is_dir() and not (folder / DATABASE_FILE).is_file():
            raise UsageError(f"{folder}: no gallery here; gaitprint enroll makes one")
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder}: a gallery is a folder, and this is none")
        return cls(folder)

    def add(self, templates: Sequence[Template]) -> None:
        """See `Engine.add`."""
        with self._writing() as database:
            self._insert(database, templates)

    def replace(self, name: str, gone: Sequence[str], templates: Sequence[Template]) -> None:
        """See `Engine.replace`."""
        with self._writing() as database:
            person = self._number(database, name)
            database.execute(f"DELETE FROM templates WHERE person = ? AND id {self.AMONG}", (person, self._array(gone)))
            database.execute("UPDATE meta SET value = value + 1 WHERE key = 'epoch'")
            self._insert(database, templates)

    def rename(self, old: str, new: str) -> None:
        """See `Engine.rename`."""
        with self._writing() as database:
            person = self._number(database, old)
            if database.execute("SELECT 1 FROM people WHERE name = ? AND number <> ?", (new, person)).fetchone():
                raise UsageError(f"{self.location}: somebody is enrolled as '{new}' already")
            database.execute("UPDATE people SET name = ? WHERE number = ?", (new, person))

    def delete(self, name: str) -> int:
        """See `Engine.delete`; no byte of the person is left in the folder."""
        with self._writing() as database:
            person = self._number(database, name)
            gone = database.execute("DELETE FROM templates WHERE person = ?", (person,)).rowcount
            database.execute("DELETE FROM people WHERE number = ?", (person,))
            database.execute("UPDATE meta SET value = value + 1 WHERE key = 'epoch'")
            database.execute(
                "UPDATE meta SET value = (SELECT value FROM meta WHERE key = 'epoch') WHERE key = 'unwiped'"
            )
        try:
            self._wipe(wait_s=_WAIT_S)
        except GalleryError as error:
            raise GalleryError(
                f"{error}; the person is removed, but not every trace: opening the gallery again finishes that"
            ) from error
        return int(gone)

    def models(self) -> dict[ModelKey, int]:
        """See `Engine.models`."""
        columns = "name, weights_hash, distance, parts, size, templates"
        rows = self._rows(f"SELECT {columns} FROM models WHERE templates > 0 ORDER BY number")
        return {ModelKey(*row[:-1]): row[-1] for row in rows}

    def size(self) -> int:
        """See `Engine.size`."""
        return int(self._meta("people"))

    def search(self, key: ModelKey, probes: NDArray[np.float32], count: int) -> list[list[tuple[Nearest, Template]]]:
        """See `Engine.search`; exact."""
        with self._reading() as database:
            screen = self._screens.current(database, key)
            found = []
            for probe in probes:
                scores = ProbeScores.of(key, probe)
                scored = _Scored(database, key, screen.score(scores))
                nearest = nearest_people(probe, scores, scored, count) if len(screen) else []
                found.append(nearest)
            numbers = sorted({int(entry.template) for entries in found for entry in entries})
            rows = database.execute(f"{TEMPLATES} WHERE t.number {self.AMONG}", (self._array(numbers),))
            known = {row[0]: template_of(row) for row in rows}
        if self._screens.has_grown(key):
            self._database.execute("PRAGMA busy_timeout = 0")
            try:
                # While somebody else writes, the next search does it.
                with suppress(GalleryError), self._writing() as writer:
                    self._screens.save(writer, key)
            finally:
                self._database.execute(f"PRAGMA busy_timeout = {int(1000 * _WAIT_S)}")
        return [[(entry, known[int(entry.template)]) for entry in entries] for entries in found]

    def close(self) -> None:
        """See `Engine.close`."""
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None
        self._screens.forget()

    def _connect(self) -> sqlite3.Connection:
        path = self._folder / DATABASE_FILE
        if not path.exists():
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
        database = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON", "trusted_schema = OFF"):
            database.execute(f"PRAGMA {pragma}")
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Make the tables of a new gallery, or see that these are ours."""
        application = database.execute("PRAGMA application_id").fetchone()[0]
        if application not in (0, _APPLICATION):
            raise GalleryError(f"{self._folder / DATABASE_FILE}: the database of another program")
        database.execute("PRAGMA journal_mode = WAL")
        with self._writing() as writer:
            version = writer.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise GalleryError(f"{self.location}: made by a later release (version {version}, known {_VERSION})")
            if version == 0:
                if writer.execute("SELECT 1 FROM sqlite_master").fetchone():
                    raise GalleryError(f"{self._folder / DATABASE_FILE}: the database of another program")
                for statement in _SCHEMA.split(";\n"):
                    writer.execute(statement)
                values = {"epoch": "0", "unwiped": "0", "people": "0", "gallery": uuid.uuid4().hex}
                writer.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
                writer.execute(f"PRAGMA application_id = {_APPLICATION}")
                writer.execute(f"PRAGMA user_version = {_VERSION}")

    @property
    def _database(self) -> sqlite3.Connection:
        if self._process != os.getpid():
            # A connection must not be used in a process that was forked from the one that opened it.
            self._process, self._connection = os.getpid(), self._connect()
            self._screens.forget()
        if self._connection is None:
            raise GalleryError(f"{self.location}: the gallery was closed")
        return self._connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise GalleryError(f"{self.location}: {error}") from error
        except OSError as error:
            raise GalleryError(f"{self.location}: {error.strerror or error}") from error

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        with self._errors():
            database = self._database
            database.execute(f"BEGIN {kind}")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:  # or whatever comes next would be part of it
                    database.execute("ROLLBACK")
                raise

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._transaction("IMMEDIATE")

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._transaction("DEFERRED")

    @staticmethod
    def _array(values: Sequence[Any]) -> str:
        return json.dumps(list(values))

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._errors():
            return self._database.execute(query, values).fetchall()

    def _meta(self, key: str) -> str:
        return str(self._rows("SELECT value FROM meta WHERE key = ?", (key,))[0][0])

    def _number(self, database: sqlite3.Connection, name: str) -> int:
        row = database.execute("SELECT number FROM people WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise self.nobody(name)
        return int(row[0])

    def _insert(self, database: sqlite3.Connection, templates: Sequence[Template]) -> None:
        people: dict[tuple[str, str], int] = {}
        models: dict[ModelKey, int] = {}
        for template in templates:
            who = template.person, template.person_id
            if who not in people:
                people[who] = _person_number(database, *who)
            if template.model not in models:
                columns = "name, weights_hash, distance, parts, size"
                values = key_values(template.model)
                database.execute(f"INSERT OR IGNORE INTO models ({columns}) VALUES (?, ?, ?, ?, ?)", values)
                found = database.execute(f"SELECT m.number FROM models m WHERE {is_model(self.MARK)}", values)
                models[template.model] = found.fetchone()[0]
            added = database.execute(
                "INSERT INTO templates (id, person, model, modality, walk, condition, view, quality, enrolled_at, "
                "vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (
                    *(template.template_id, people[who], models[template.model], template.modality, template.walk),
                    *(template.condition, template.view, template.quality, template.enrolled_at),
                    template.vector.tobytes(),
                ),
            )
            if added.rowcount and (template.picture is not None or template.walk_file is not None):
                files = added.lastrowid, template.picture, template.walk_file
                database.execute("INSERT INTO files VALUES (?, ?, ?)", files)

    def _wipe(self, wait_s: float) -> None:
        """Leave no trace of what was removed; see the module's text."""
        until = time.monotonic() + wait_s
        self._screens.forget()
        with self._errors():
            epoch = self._meta("unwiped")
            with self._writing():  # nobody writes a screen meanwhile
                self._screens.remove_files()
            self._database.execute("VACUUM")
            while self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > until:
                    log = self._folder / f"{DATABASE_FILE}-wal"
                    raise GalleryError(f"{log}: another process still reads what the gallery was, and keeps its log")
                time.sleep(0.05)
            with self._writing() as database:
                database.execute("UPDATE meta SET value = '0' WHERE key = 'unwiped' AND value = ?", (epoch,))


class _Scored:
    """Scores of one probe beside the exact vectors; see `ranking.Scored`."""

    def __init__(self, database: sqlite3.Connection, key: ModelKey, scores: ScreenScores) -> None:
        self._database = database
        self._key = key
        self._scores = scores

    def best(self, count: int) -> list[int | str]:
        return list(self._scores.best(count).tolist())

    def at_least(self, score: float) -> list[int | str]:
        return list(self._scores.at_least(score).tolist())

    def load(self, templates: list[int | str]) -> tuple[list[str], NDArray[np.float32]]:
        query = f"{VECTORS} WHERE t.number {SqliteEngine.AMONG}"
        return people_and_vectors(self._key, self._database.execute(query, (json.dumps(templates),)), templates)


def _person_number(database: sqlite3.Connection, name: str, person_id: str) -> int:
    """Number of a person by id, else by name; made where there is none."""
    for column, value in (("id", person_id), ("name", name)):
        if row := database.execute(f"SELECT number FROM people WHERE {column} = ?", (value,)).fetchone():
            return int(row[0])
    made = database.execute("INSERT INTO people (id, name) VALUES (?, ?)", (person_id or uuid.uuid4().hex, name))
    return int(made.lastrowid or 0)
