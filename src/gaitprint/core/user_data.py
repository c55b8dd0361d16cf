"""Where what belongs to one user of this machine is kept."""

from __future__ import annotations

import os
from pathlib import Path


def user_data_folder() -> Path:
    """The folder ``gaitprint`` among the user's data: below ``XDG_DATA_HOME``, on Windows below ``LOCALAPPDATA``."""
    home = Path.home()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "gaitprint"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "gaitprint"
