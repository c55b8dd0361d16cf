"""Arrays that are expensive to compute and easy to compute again, kept between runs in the user's cache folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.files import atomic_path
from gaitprint.core.progress import console

# Beyond this, what cannot be written is computed again each time that it is needed.
KEPT_LIMIT_BYTES = 1 << 30


def cache_folder() -> Path:
    """Return where caches are: ``GAITPRINT_CACHE``, else ``gaitprint`` in the user's cache folder.

    Whatever is below it may be deleted at any time.
    """
    chosen = os.environ.get("GAITPRINT_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gaitprint"


class FeatureCache:
    """Float16 arrays under a key each, as memory-mapped files; in memory where files cannot be written.

    Args:
        folder: where the files are; made when the first one is written.

    Example:
        >>> import tempfile
        >>> cache = FeatureCache(Path(tempfile.mkdtemp()))
        >>> cache.get("ab12", (2, 3), lambda: np.ones((2, 3), np.float16)).shape
        (2, 3)
        >>> float(cache.get("ab12", (2, 3), lambda: np.zeros((2, 3), np.float16)).sum())
        6.0
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, NDArray[np.float16]] = {}
        self._kept_bytes = 0

    def get(self, key: str, shape: tuple[int, ...], compute: Callable[[], NDArray[np.float16]]) -> NDArray[np.float16]:
        """Return an array, which nobody may write to; computed now unless it was before.

        Args:
            key: letters and digits, at least three; says all that the array depends on.
            shape: of the array; a file that holds anything else was damaged, and is written anew.
            compute: gives it.
        """
        path = self._folder / key[:2] / f"{key[2:]}.npy"
        found = self._kept.get(key)
        if found is None:
            found = _map(path, shape)
        if found is None:
            found = self._keep(key, path, compute())
        return found

    def _keep(self, key: str, path: Path, values: NDArray[np.float16]) -> NDArray[np.float16]:
        try:
            with atomic_path(path) as temporary, temporary.open("wb") as stream:
                np.save(stream, values, allow_pickle=False)
        except OSError as error:
            if not self._kept:
                console.print(f"{self._folder}: {error.strerror}; features are kept in memory", highlight=False)
            if self._kept_bytes + values.nbytes <= KEPT_LIMIT_BYTES:
                self._kept[key] = values
                self._kept_bytes += values.nbytes
        return values


def _map(path: Path, shape: tuple[int, ...]) -> NDArray[np.float16] | None:
    """Map a file into memory; None where there is none, or not this array."""
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return values if values.dtype == np.float16 and values.shape == shape else None
