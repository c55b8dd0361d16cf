"""`Screens`: the screen of each model of an embedded gallery, kept up to date, and written beside the database.

A screen file says which removals (`epoch`) it knows of. One that is older is not used: it would bring back what was
removed. So files are written only while nobody else writes to the database, and removed by whoever wipes traces.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gaitprint.core.errors import UnreadableFileError
from gaitprint.gallery.index import Screen, Segment
from gaitprint.gallery.ranking import search_length, search_vectors
from gaitprint.gallery.rows import is_model, key_values, vectors_of
from gaitprint.gallery.template import ModelKey

_OF_MODEL = f"FROM templates t JOIN models m ON m.number = t.model WHERE {is_model('?')}"
_READ_AT_ONCE = 8192
# A screen is written once so many templates are not in the file yet, and these are a quarter of it.
_LEAST_TO_SAVE = 20_000


@dataclass
class _Known:
    """A screen, the removals that it knows of, and how many of its templates its file holds."""

    screen: Screen
    epoch: int
    saved: int


class Screens:
    """The screens of a gallery's models.

    Args:
        folder: of the gallery.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, _Known] = {}

    def current(self, database: sqlite3.Connection, key: ModelKey) -> Screen:
        """Return the screen of a model as the transaction that `database` is in sees the gallery."""
        state = _state(database, key)
        epoch = int(state["epoch"])
        known = self._known.get(key.digest) or self._load(key, state)
        if known.epoch != epoch:
            numbers = [row[0] for row in database.execute(f"SELECT t.number {_OF_MODEL} ORDER BY 1", key_values(key))]
            known.screen.keep(np.array(numbers, np.int64))
            known.epoch, known.saved = epoch, 0
        newer = f"SELECT t.number, t.vector {_OF_MODEL} AND t.number > ? ORDER BY 1"
        rows = database.execute(newer, (*key_values(key), known.screen.last_number))
        while chunk := rows.fetchmany(_READ_AT_ONCE):
            vectors = vectors_of(key, [row[1] for row in chunk])
            numbers_of_chunk = np.array([row[0] for row in chunk], np.int64)
            known.screen.add(Segment.of(numbers_of_chunk, *search_vectors(key, vectors)))
        self._known[key.digest] = known
        return known.screen

    def has_grown(self, key: ModelKey) -> bool:
        """Whether the screen of a model, once it was asked for, is worth writing."""
        known = self._known[key.digest]
        return len(known.screen) - known.saved >= max(_LEAST_TO_SAVE, known.saved // 4)

    def save(self, database: sqlite3.Connection, key: ModelKey) -> None:
        """Write the screen of a model, in a transaction that keeps everybody else from writing."""
        known = self._known[key.digest]
        state = _state(database, key)
        if int(state["epoch"]) == known.epoch:
            known.screen.save(self._file(key), state)
            self._known[key.digest] = self._load(key, state)

    def forget(self) -> None:
        """Drop what is in memory."""
        self._known = {}

    def remove_files(self) -> None:
        """Remove all files, also those that were never finished; a process that has one mapped keeps it."""
        for path in (*self._folder.glob("screen-*.bin"), *self._folder.glob(".screen-*.bin.*.tmp")):
            path.unlink(missing_ok=True)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # the removal itself must survive a loss of power
        finally:
            os.close(descriptor)

    def _load(self, key: ModelKey, state: dict[str, Any]) -> _Known:
        screen = None
        with suppress(UnreadableFileError):  # it is made anew
            screen = Screen.load(self._file(key), state)
        saved = 0 if screen is None else len(screen)
        return _Known(screen or Screen(search_length(key)), int(state["epoch"]), saved)

    def _file(self, key: ModelKey) -> Path:
        return self._folder / f"screen-{key.digest}.bin"


def _state(database: sqlite3.Connection, key: ModelKey) -> dict[str, Any]:
    meta = dict(database.execute("SELECT key, value FROM meta"))
    return {"gallery": meta["gallery"], "model": key.digest, "epoch": int(meta["epoch"])}
