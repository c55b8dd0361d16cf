"""Writing whole folders so that a process killed at any moment leaves a complete one, old or new."""

from __future__ import annotations

import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty temporary folder; on success it is flushed to disk and takes the place of the folder `path`.

    A folder cannot replace another in one step, so for a moment the old one is called ``.NAME.previous``;
    `surviving_folder` finds the complete one whatever happened. On an exception `path` stays as it was. One writer
    at a time; what a killed writer left behind is removed.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Eight characters, no more: what is being written for `target.name` and more names is others' business.
    for abandoned in target.parent.glob(f".{glob.escape(target.name)}.????????.tmp"):
        shutil.rmtree(abandoned)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        for file in temporary.rglob("*"):
            _flush(file)
        _flush(temporary)
        previous = _previous(target)
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)
            target.rename(previous)
        temporary.rename(target)
        _flush(target.parent)
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def surviving_folder(path: str | os.PathLike[str]) -> Path | None:
    """Return where the latest complete version of an `atomic_folder` is, or None if there never was one."""
    target = Path(path)
    return next((folder for folder in (target, _previous(target)) if folder.is_dir()), None)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
