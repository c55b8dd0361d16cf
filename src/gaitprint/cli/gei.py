"""`gaitprint gei`: gait energy images of a PNG tree or of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from gaitprint.cli.rejects import print_rejects, rejects_to_json
from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted


def gei(
    source: Positional[Annotated[Path, arg(metavar="SOURCE")]], /, *, out: Annotated[Path, arg(metavar="DIR")]
) -> dict[str, Any]:
    """Write one gait energy image for each walk, subject/condition/view.png.

    Of a PNG tree (subject/condition/view/*.png): each frame is resized to 128 x 88 by nearest neighbour, binarised and
    averaged over the walk, without alignment. Of a store: the mean of its aligned silhouettes.

    Args:
        source: A tree of PNGs, or a store.
        out: The folder to write to.

    Returns:
        How many images were written, and the rejects.
    """
    from gaitprint.data.gei import write_gei_tree, write_store_geis
    from gaitprint.data.store import Store

    is_store = (source / "data.mdb").is_file()
    summary = write_store_geis(Store.open(source), out) if is_store else write_gei_tree(source, out)
    print_rejects(summary.rejects)
    output.print(f"{counted(summary.written, 'image')} written, {len(summary.rejects)} files or frames left out: {out}")
    return {"written": summary.written, "rejects": rejects_to_json(summary.rejects), "path": str(out)}
