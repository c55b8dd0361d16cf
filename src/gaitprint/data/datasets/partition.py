"""Partition files: which subjects train and which test, as OpenGait publishes them for each data set."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.datasets.reader import WalkItem
from gaitprint.data.png import read_file


def read_partition(path: str | os.PathLike[str], walks: Iterable[WalkItem]) -> dict[str, tuple[str, ...]]:
    """Read ``{"TRAIN_SET": [subjects], "TEST_SET": [subjects], "PROBE_SET": [sequences]}``, the last optional.

    Args:
        path: the JSON file.
        walks: the walks that are there; what the file lists beyond them is left out.

    Returns:
        ``train`` and ``test`` -> subjects; with a PROBE_SET (Gait3D) also ``probe`` -> sequence ids.

    Raises:
        UnreadableFileError: no such file, no JSON, other contents, a subject in both sets, or none of them there.
    """
    try:
        values = json.loads(read_file(path))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"{path}: not JSON ({error})") from error
    walks = list(walks)
    subjects = {walk.subject for walk in walks}
    train, test = (_names(path, values, key) for key in ("TRAIN_SET", "TEST_SET"))
    both = sorted(set(train) & set(test))
    if both:
        raise UnreadableFileError(f"{path}: subject '{both[0]}' is in TRAIN_SET and in TEST_SET ({len(both)} such)")
    splits = {name: tuple(s for s in listed if s in subjects) for name, listed in (("train", train), ("test", test))}
    if not splits["train"] and not splits["test"]:
        raise UnreadableFileError(f"{path}: lists {len(train) + len(test)} subjects, none of which is in the data")
    if "PROBE_SET" in values:
        # Gait3D joins its labels by hyphens, which labels may hold themselves: join ours and compare.
        ids = {f"{walk.subject}-{walk.condition}-{walk.view}": walk.id for walk in walks}
        splits["probe"] = tuple(ids[name] for name in _names(path, values, "PROBE_SET") if name in ids)
    return splits


def _names(path: str | os.PathLike[str], values: Any, key: str) -> list[str]:
    names = values.get(key) if isinstance(values, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UnreadableFileError(f"{path}: {key} must be a list of names")
    return list(dict.fromkeys(names))
