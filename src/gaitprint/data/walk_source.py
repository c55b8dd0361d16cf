"""What the word WALK of a command stands for: a walk of a store, a Kinect .txt, or a .npz."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import GaitprintError, UnreadableFileError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.datasets.kinect_gait import KinectGaitReader
from gaitprint.data.datasets.reader import WalkItem
from gaitprint.data.store import Store
from gaitprint.data.walk_files import load_walk

_ACCEPTED = "give a video, STORE::subject/condition/view, a Kinect .txt, or a .npz of a walk"

_VIDEOS = frozenset((".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"))


def is_video(source: str) -> bool:
    """Say whether a word names a file that is there and, by its suffix, a video."""
    path = Path(source)
    return "::" not in source and path.suffix.lower() in _VIDEOS and path.is_file()


def read_walk(source: str) -> GaitSequence:
    """Read the walk that a word stands for.

    Args:
        source: ``STORE::subject/condition/view``; the path of a Kinect v1 text file (``PersonNNN/K.txt`` becomes
            PersonNNN/walk-K/free, any other NAME.txt unknown/NAME/free); or that of a .npz that `save_walk` wrote.

    Raises:
        UsageError: no such walk in the store (the nearest id is named), or something else than the three.
        UnreadableFileError: no such file, or one that is damaged.
    """
    store, separator, sequence_id = source.rpartition("::")
    if separator:
        return Store.open(store).read(sequence_id)
    path = Path(source)
    suffix = path.suffix.lower()
    if path.is_dir():
        raise UsageError(f"{path}: {_about_folder(path)}")
    if not path.exists():
        known = suffix in _VIDEOS or suffix in (".npz", ".txt")
        raise UnreadableFileError(f"{path}: no such file{'' if known else f'; {_ACCEPTED}'}")
    if suffix == ".npz":
        return load_walk(path)
    if suffix == ".txt":
        return KinectGaitReader().read_walk(_labelled(path)).sequence
    if suffix in _VIDEOS:
        raise UsageError(f"{path}: a video's silhouettes or joints have to be found first; gaitprint extract does")
    raise UsageError(f"{path}: '{suffix}' is no kind of walk; {_ACCEPTED}")


def find_recording(store: Store, walk: GaitSequence) -> list[int]:
    """Return the positions of a store's walks that are the recording `walk`, under its name or another one.

    They have its id, or just its joints, or just its silhouettes as the store keeps them.
    """
    return [
        position
        for position, info in enumerate(store.infos)
        if info.id == walk.id or (info.num_frames == walk.num_frames and _is_copy(store, position, walk))
    ]


def _is_copy(store: Store, position: int, walk: GaitSequence) -> bool:
    info = store.infos[position]
    if walk.joints is not None and "joints" in info.modalities:
        return np.array_equal(store.read_joints(position)[0], walk.joints)
    if walk.silhouettes is None or info.silhouette_size != walk.silhouettes.shape[1:]:
        return False
    # The middle frame tells nearly all walks apart, and costs little to read.
    return all(
        np.array_equal(store.read_silhouettes(position, frames), _as_kept(walk.silhouettes[frames], store))
        for frames in ([walk.num_frames // 2], slice(None))
    )


def _as_kept(silhouettes: NDArray[np.uint8], store: Store) -> NDArray[np.uint8]:
    """Silhouettes as the store gives them back."""
    return silhouettes if store.encoding == "grey" else np.where(silhouettes > 127, np.uint8(255), np.uint8(0))


def _labelled(path: Path) -> WalkItem:
    """Name a Kinect text file as `KinectGaitReader` does, where it lies as the data set has it."""
    path = path.absolute()
    if re.fullmatch(r"Person\d+", path.parent.name) and re.fullmatch(r"\d{1,4}", path.stem):
        return WalkItem(path.parent.name, f"walk-{int(path.stem):02d}", "free", str(path))
    return WalkItem("unknown", path.stem, "free", str(path))


def _about_folder(path: Path) -> str:
    try:
        walks = Store.open(path).infos
    except GaitprintError:
        return f"a folder; {_ACCEPTED}"
    return f"a store; name one of its walks{f', for example {path}::{walks[0].id}' if walks else ''}"
