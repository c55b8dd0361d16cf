"""`FolderLock`: one service a folder, since each removes at its start what another one left behind."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gaitprint.core.errors import UsageError


class FolderLock:
    """Held until `close`, or until the process ends in whatever way.

    Args:
        folder: which is there.

    Raises:
        UsageError: another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise UsageError(f"{folder}: another service runs in this folder; --folder names another one") from error

    def close(self) -> None:
        """Let go of the folder."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
