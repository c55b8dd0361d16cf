"""Where what belongs to one user of this machine is kept."""

from __future__ import annotations

import os
from pathlib import Path


def user_data_folder() -> Path:
    """The folder ``gaitprint`` among the user's data: below ``XDG_DATA_HOME``."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "gaitprint"
