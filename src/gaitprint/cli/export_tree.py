"""`gaitprint export-tree`: the silhouettes of a store as PNGs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted


def export_tree(
    store: Positional[Annotated[Path, arg(metavar="STORE")]], /, *, out: Annotated[Path, arg(metavar="DIR")]
) -> dict[str, Any]:
    """Write the silhouettes of a store as a tree of PNGs, subject/condition/view/0000.png.

    Args:
        store: The store.
        out: The folder to write to.

    Returns:
        The numbers of walks and frames written, and the folder.
    """
    from gaitprint.data.export import export_tree as write_tree
    from gaitprint.data.store import Store

    walks, frames = write_tree(Store.open(store), out)
    output.print(f"{counted(walks, 'walk')}, {counted(frames, 'frame')}: {out}")
    return {"walks": walks, "frames": frames, "path": str(out)}
