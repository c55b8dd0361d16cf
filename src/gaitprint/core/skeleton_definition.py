"""A skeleton of one's own as plain values: in a file, a recipe, a card or a store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitprint.core.config import config_dataclass, from_mapping, read_yaml
from gaitprint.core.errors import GaitprintError, UnreadableFileError
from gaitprint.core.skeletons import Skeleton

SUFFIXES = (".yaml", ".yml", ".json")


@config_dataclass
class SkeletonDefinition:
    """What makes a skeleton; the arguments of `Skeleton`."""

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[str, str], ...]
    left_right: tuple[tuple[str, str], ...]


def parse_skeleton(definition: Mapping[str, Any]) -> Skeleton:
    """Build the skeleton that a definition means; errors as `gaitprint.core.skeletons.get_skeleton`."""
    plain = from_mapping(SkeletonDefinition, definition, "skeleton")
    return Skeleton(plain.name, plain.joints, plain.bones, plain.left_right)


def read_skeleton(path: str | os.PathLike[str]) -> Skeleton:
    """Read a skeleton of your own from a YAML or JSON file with ``name``, ``joints``, ``bones`` and ``left_right``.

    Raises:
        UnreadableFileError: no such file, not YAML or JSON, or what it holds is no definition of a skeleton.
    """
    try:
        return parse_skeleton(read_yaml(path))
    except UnreadableFileError:
        raise
    except GaitprintError as error:
        raise UnreadableFileError(f"{path}: {error}") from error


def with_definition(options: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the path of a skeleton's file in some options by the definition that is in it.

    So that a resolved recipe and a card hold the whole skeleton and depend on no file.

    Args:
        options: plain values; ``skeleton``, where there is one, is a path if it ends as one (`SUFFIXES`).

    Raises:
        UnreadableFileError: as `read_skeleton`.
    """
    skeleton = options.get("skeleton")
    if isinstance(skeleton, str) and Path(skeleton).suffix in SUFFIXES:
        return {**options, "skeleton": read_skeleton(skeleton).definition}
    return dict(options)
