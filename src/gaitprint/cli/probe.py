"""The walk that is searched in a gallery, and what of the gallery it may be compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from gaitprint.cli.terminal import output
from gaitprint.cli.walk import read_walk

if TYPE_CHECKING:
    from gaitprint.core.sequence import GaitSequence
    from gaitprint.data.store import Store


def read_probe(source: str, store: Store, positions: Sequence[int]) -> tuple[GaitSequence, list[int], list[str]]:
    """Read a probe, and leave its own recording out of the gallery, which it would find and prove nothing.

    Args:
        source: the word WALK of a command.
        store: holds the gallery.
        positions: the walks of the store that are the gallery.

    Returns:
        the walk; the positions to compare it with; ids of what is left out, which is also printed.

    Raises:
        UsageError, UnreadableFileError: as `cli.walk.read_walk`.
    """
    from gaitprint.data.walk_source import find_recording

    walk = read_walk(source)
    own = set(find_recording(store, walk))
    left_out = [store.infos[position].id for position in positions if position in own]
    if left_out:
        output.print(Text(f"left out of the gallery, being this very walk: {', '.join(left_out)}", style="dim"))
    return walk, [position for position in positions if position not in own], left_out
