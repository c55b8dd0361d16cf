"""Gait energy images: the mean silhouette of a walk (Han & Bhanu, IEEE TPAMI 2006)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import GaitprintError, InvalidSequenceError, UnreadableFileError, UsageError
from gaitprint.core.progress import track
from gaitprint.data.datasets.reader import Reject
from gaitprint.data.datasets.tree import TreeReader, read_frames
from gaitprint.data.export import make_folder, store_modalities
from gaitprint.data.png import write_png
from gaitprint.data.store import Store

# Height and width of the GEI of a PNG tree.
GEI_SIZE = (128, 88)


@dataclass(frozen=True)
class GeiSummary:
    """What was written.

    Args:
        written: the number of images.
        rejects: (path, reason) of walks and frames that could not be used.
    """

    written: int
    rejects: list[tuple[str, str]] = field(default_factory=list)


def gait_energy_image(silhouettes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the mean of aligned silhouettes.

    Args:
        silhouettes: uint8 [T, H, W], 0 background to 255 person, T >= 1.

    Returns:
        float32 [H, W] in 0..1.

    Raises:
        InvalidSequenceError: not uint8 of rank 3, or no frames.

    >>> frames = np.zeros((4, 2, 2), np.uint8); frames[:3, 0, 0] = 255
    >>> gait_energy_image(frames).tolist()
    [[0.75, 0.0], [0.0, 0.0]]
    """
    _check(silhouettes)
    total = silhouettes.sum(axis=0, dtype=np.int64)
    energy: NDArray[np.float32] = (total / (255 * len(silhouettes))).astype(np.float32)
    return energy


def gei_of_frames(raw: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the GEI of unaligned frames: resize each to 128 x 88, nearest neighbour; ``pixel > 1``; mean.

    Pixels are picked as OpenCV's ``INTER_NEAREST`` picks them.

    Args:
        raw: uint8 [T, H, W], T >= 1.

    Returns:
        float32 [128, 88] in 0..1.

    Raises:
        InvalidSequenceError: not uint8 of rank 3, or no frames.
    """
    _check(raw)
    rows, columns = (_nearest(length, wanted) for length, wanted in zip(raw.shape[1:], GEI_SIZE, strict=True))
    energy: NDArray[np.float32] = (raw[:, rows[:, None], columns] > 1).mean(axis=0, dtype=np.float64).astype(np.float32)
    return energy


def _nearest(length: int, wanted: int) -> NDArray[np.int64]:
    """Which of `length` pixels each of `wanted` takes: the floor of its place, in OpenCV's order of divisions."""
    indices: NDArray[np.int64] = np.floor(np.arange(wanted) * (1.0 / (wanted / length))).astype(np.int64)
    return np.minimum(indices, length - 1)


def _check(silhouettes: NDArray[np.uint8]) -> None:
    if silhouettes.dtype != np.uint8 or silhouettes.ndim != 3 or 0 in silhouettes.shape:
        raise InvalidSequenceError(
            f"silhouettes are {silhouettes.dtype} of shape {silhouettes.shape}, need uint8 [T, H, W] with T >= 1"
        )


def write_gei_tree(source: str | os.PathLike[str], out: str | os.PathLike[str]) -> GeiSummary:
    """Write the GEI of every walk of a PNG tree, ``subject/condition/view/*.png``, by `gei_of_frames`.

    Args:
        source: the tree.
        out: the folder that gets ``subject/condition/view.png``, 8-bit, 255 = person in every frame.

    Returns:
        The count, and what could not be used.

    Raises:
        UnreadableFileError: `source` cannot be listed, holds nothing usable, or a file cannot be written.
    """
    listing = TreeReader().list_walks(Path(source))
    rejects = list(listing.rejects)
    written = 0
    for item in track(listing.items, "averaging"):
        try:
            frames, left_out = read_frames(Path(item.path))
        except GaitprintError as error:
            rejects.append(Reject.of(item.path, error))
            continue
        rejects += left_out
        _write(Path(out), item.subject, item.condition, item.view, gei_of_frames(frames))
        written += 1
    if not written:
        cause = f"; {rejects[0].path}: {rejects[0].reason}" if rejects else ""
        raise UnreadableFileError(f"{source}: holds no walk of PNGs, subject/condition/view/*.png{cause}")
    return GeiSummary(written, [(reject.path, reject.reason) for reject in rejects])


def write_store_geis(store: Store, out: str | os.PathLike[str]) -> GeiSummary:
    """Write the GEI of every walk of a store, by `gait_energy_image`; files as `write_gei_tree`.

    Raises:
        UsageError: no walk of the store has silhouettes.
        UnreadableFileError: a file cannot be written.
    """
    written = 0
    for position, info in track(enumerate(store.infos), "averaging", total=len(store)):
        if "silhouettes" in info.modalities:
            energy = gait_energy_image(store.read_silhouettes(position))
            _write(Path(out), info.subject, info.condition, info.view, energy)
            written += 1
    if not written:
        raise UsageError(f"{store.path}: no walk has silhouettes, only {sorted(store_modalities(store))}")
    return GeiSummary(written)


def _write(out: Path, subject: str, condition: str, view: str, energy: NDArray[np.float32]) -> None:
    folder = make_folder(out / subject / condition)
    write_png(folder / f"{view}.png", np.rint(energy * 255).astype(np.uint8))
