"""Silhouettes back out of a store, as a tree of PNGs that any other tool reads."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.core.progress import track
from gaitprint.data.png import write_png
from gaitprint.data.store import Store


def export_tree(store: Store, out: str | os.PathLike[str]) -> tuple[int, int]:
    """Write ``out/subject/condition/view/0000.png`` and on: 8-bit greyscale, as the store holds them.

    Args:
        store: walks without silhouettes are passed over.
        out: the folder; it may exist, and files of the same names are replaced.

    Returns:
        The numbers of walks and of frames written.

    Raises:
        UsageError: no walk of the store has silhouettes.
        UnreadableFileError: a file cannot be written.
    """
    positions = [position for position, info in enumerate(store.infos) if "silhouettes" in info.modalities]
    if not positions:
        raise UsageError(f"{store.path}: no walk has silhouettes, only {sorted(store_modalities(store))}")
    frames = 0
    for position in track(positions, "exporting"):
        info = store.infos[position]
        write_frames(Path(out) / info.id, store.read_silhouettes(position))
        frames += info.num_frames
    return len(positions), frames


def write_frames(folder: Path, silhouettes: NDArray[np.uint8]) -> None:
    """Write the frames of one walk, uint8 [T, H, W], as ``0000.png`` and on; errors as `export_tree`."""
    make_folder(folder)
    for number, silhouette in enumerate(silhouettes):
        write_png(folder / f"{number:04d}.png", silhouette)


def store_modalities(store: Store) -> set[str]:
    """Return every modality that some walk of the store has."""
    return {modality for info in store.infos for modality in info.modalities}


def make_folder(folder: Path) -> Path:
    """Make a folder and those above it; `UnreadableFileError` where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnreadableFileError(f"{folder}: {error.strerror}") from error
    return folder
