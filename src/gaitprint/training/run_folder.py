"""Whether a folder may be trained in: a new one, or one of the same recipe and data to be resumed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from gaitprint.core.config import read_yaml, to_mapping
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.files import write_json, write_text
from gaitprint.core.folders import surviving_folder
from gaitprint.data.store import Store
from gaitprint.models.pose.weights import PoseCard
from gaitprint.models.weight_files import read_card_of
from gaitprint.models.weights import Card
from gaitprint.training.recipe import FusionRecipe, Recipe

_FUSION_PLAN = "fusion-recipe.json"
# A run may go on for longer than it was meant to, and be described otherwise.
_FREE = {"name", "description", "training.epochs", "training.steps", "training.early_stopping", "data.workers"}


def check_run_folder(
    out: Path, recipe: Recipe, store: Store, *, resume: bool, card_type: type[Card | PoseCard] = Card
) -> None:
    """Check that a training may write into the folder.

    Raises:
        UsageError: a file, a fusion, or a run although `resume` is not set.
        IncompatibleError: a run of another recipe or of other data.
    """
    recipe_file = out / "recipe.yaml"
    last = surviving_folder(out / "last")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; a run is a folder")
    if (out / _FUSION_PLAN).exists():
        raise UsageError(f"{out}: holds a fusion of several models; choose another folder")
    if not resume and (recipe_file.exists() or last is not None):
        raise UsageError(f"{out}: holds a run already; continue it with --resume, or choose another folder")
    if recipe_file.exists():
        difference = first_difference(read_yaml(recipe_file), to_mapping(recipe), _FREE)
        if difference is not None:
            key, old, new = difference
            raise IncompatibleError(f"{out}: was started with {key}={old!r}, now {new!r}; resume with the same recipe")
    if last is not None and read_card_of(last, card_type).data != store.content_hash():
        raise IncompatibleError(f"{out}: was trained on other data than {store.path}; a run is resumed on the same")


def check_fusion_folder(out: Path, recipe: FusionRecipe, *, resume: bool) -> None:
    """Check that the members of a fusion may be trained into the folder.

    Raises:
        UsageError: a file, the run of a single model, or a fusion although `resume` is not set.
        UnreadableFileError: a fusion that does not say of what.
        IncompatibleError: a fusion of others.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; a run is a folder")
    if (out / "recipe.yaml").exists() or surviving_folder(out / "last") is not None:
        raise UsageError(f"{out}: holds the run of a single model; choose another folder")
    path = out / _FUSION_PLAN
    if not path.exists():
        return
    if not resume:
        raise UsageError(f"{out}: holds a run already; continue it with --resume, or choose another folder")
    try:
        before = [str(name) for name in json.loads(path.read_text(encoding="utf-8"))["members"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{path}: not the plan of a fusion ({error})") from error
    if before != [member.name for member in recipe.members]:
        raise IncompatibleError(f"{out}: was started as a fusion of {', '.join(before)}; resume with the same recipe")


def write_fusion_plan(out: Path, recipe: FusionRecipe) -> None:
    """Write what is fused; from now on the folder is a fusion's."""
    write_json(out / _FUSION_PLAN, {"name": recipe.name, "members": [member.name for member in recipe.members]})


def write_recipe(out: Path, recipe: Recipe) -> None:
    """Write recipe.yaml, the resolved recipe; from now on the folder is a run's."""
    write_text(out / "recipe.yaml", yaml.safe_dump(to_mapping(recipe), sort_keys=False, allow_unicode=True))


def first_difference(
    before: Mapping[str, Any], now: Mapping[str, Any], free: Collection[str] = ()
) -> tuple[str, Any, Any] | None:
    """Return the path of the first key by which two recipes differ, and both values; None where they are the same.

    Args:
        before: plain values of a resolved recipe, as in recipe.yaml.
        now: of another.
        free: paths of keys that may differ.
    """
    old, new = _flat(before), _flat(now)
    for key in sorted(old.keys() | new.keys()):
        if key not in free and old.get(key) != new.get(key):
            return key, old.get(key), new.get(key)
    return None


def _flat(values: Any, path: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` -> ``{"a.b": 1}``; list entries are keyed by their number."""
    if isinstance(values, (list, tuple)):
        values = dict(enumerate(values))
    if not isinstance(values, Mapping):
        return {path: values}
    return {
        key: value for name, child in values.items() for key, value in _flat(child, f"{path}.{name}".strip(".")).items()
    }
