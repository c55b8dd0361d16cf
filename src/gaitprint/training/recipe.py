"""`Recipe`: everything that decides a training, read from YAML and changed by ``key=value``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from gaitprint.core.config import apply_overrides, config_dataclass, from_mapping, read_yaml
from gaitprint.core.errors import UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.training.recipe_sections import Choice

# Sections that name one entry of a table; a bare name stands for the entry with its default options.
_CHOICES = ("model", "augment", "sampler", "loss", "optimizer", "schedule")
# Those of them that hold several entries.
_LISTS = ("augment", "loss")
# Of the sections that a recipe leaves out.
_DEFAULTS: dict[str, Any] = {
    "input": {},
    "data": {},
    "augment": [],
    "sampler": {"name": "plain"},
    "loss": {"name": "cross-entropy"},
    "training": {},
    "optimizer": {"name": "adam"},
    "schedule": {"name": "constant"},
}


@config_dataclass
class DataConfig:
    """Which walks of the store take part.

    Args:
        subjects: a split of the store (``train``), ``all``, or labels.
        folds: into how many groups of people of equal size `subjects` fall for a cross-validation; the same groups for
            every seed. 1 is none.
        fold: which of them, 0..folds - 1, takes no part, so that the model can be measured on it.
        conditions: labels (``nm-01``), or what stands before a hyphen in them (``nm``); null for all.
        views: labels; null for all.
        validation_subjects: how many of these subjects are held out to choose the best weights, or their labels; at
            least 2 for a model that recognises people; with 0 the weights of the lowest training loss are the best.
            Test subjects have no say in a training.
        share_of_subjects: of those that are left, the share to learn from, drawn by the seed, in 0..1; what a training
            with few labelled people gives.
        workers: processes that read walks ahead of the training; 0 reads them in the training's own.
    """

    subjects: str | tuple[str, ...] = "train"
    folds: int = 1
    fold: int = 0
    conditions: tuple[str, ...] | None = None
    views: tuple[str, ...] | None = None
    validation_subjects: int | tuple[str, ...] = 0
    share_of_subjects: float = 1.0
    workers: int = 0

    def __post_init__(self) -> None:
        if self.folds < 1 or not 0 <= self.fold < self.folds:
            raise UsageError(f"data.fold is {self.fold} of data.folds {self.folds}, must be in 0..folds - 1")
        if not 0 < self.share_of_subjects <= 1:
            raise UsageError(f"data.share_of_subjects is {self.share_of_subjects}, must be above 0 and at most 1")


@config_dataclass
class TrainingConfig:
    """How long, how exactly, and what is kept.

    Args:
        epochs: passes over the data.
        steps: optimiser steps instead of `epochs`.
        steps_per_epoch: after how many steps the weights are judged and kept; null for about as many as it takes to see
            every walk once.
        seed: of everything drawn at random.
        precision: ``auto`` is ``32-true`` on a CPU, and on a GPU ``bf16-mixed`` where it has that, else ``16-mixed``;
            ``64-true`` is for comparisons in which rounding must not matter.
        clip_norm: largest norm of the gradient; null for no clipping.
        normalise_scores: measure at the end how alike strangers among the people learnt look to the model, and compare
            walks by cosines in relation to that (`core.score_normalisation`); for models compared by cosine.
        early_stopping: stop after this many epochs without a new best; null for never.
        validate_every_epochs: judge the weights on the people held out every so many epochs, and after the last; epochs
            are short where walks are few and long.
        keep_every_epochs: copy the weights to checkpoints/ every so many epochs; null for never.
        initial_weights: a run folder or weights folder whose weights the training starts from, as far as they fit the
            model (`models.weights.transfer_weights`), of a pose network also a shipped one; null to start afresh.
        save_every_steps: write last/ every so many steps besides the end of each epoch; null for never.
    """

    epochs: int = 20
    steps: int | None = None
    steps_per_epoch: int | None = None
    seed: int = 42
    precision: Literal["auto", "64-true", "32-true", "bf16-mixed", "16-mixed"] = "auto"
    clip_norm: float | None = None
    normalise_scores: bool = False
    early_stopping: int | None = None
    validate_every_epochs: int = 1
    keep_every_epochs: int | None = 5
    save_every_steps: int | None = None
    initial_weights: str | None = None

    def __post_init__(self) -> None:
        above_0 = ("epochs", "steps", "steps_per_epoch", "clip_norm", "early_stopping", "validate_every_epochs")
        for name in (*above_0, "keep_every_epochs", "save_every_steps"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(f"training.{name} is {value}, must be above 0")
        if self.seed < 0:
            raise UsageError(f"training.seed is {self.seed}, must not be negative")


@config_dataclass
class Recipe:
    """A training, complete: sections that name an entry of a table hold its ``name`` and every one of its options.

    Args:
        name: as runs and cards quote it.
        description: one line for the list of recipes.
        model: entry of `models.MODELS`, or of `models.pose.POSE_NETWORKS`.
        input: ``representation`` in `data.inputs.INPUTS`; what is not said is the model's default. Of a pose network:
            its ``resolution``.
        data: which walks.
        sampler: entry of `data.sampling.SAMPLERS`.
        augment: entries of `data.augmentation.AUGMENTATIONS`, applied to each training batch in this order; for a pose
            network of `data.pose_augmentation.POSE_AUGMENTATIONS`.
        loss: entries of `losses.LOSSES`, each with a ``weight``; their sum is minimised. For a pose network of
            `losses.pose.POSE_LOSSES`.
        optimizer: entry of `training.optimizer.OPTIMIZERS`.
        schedule: entry of `training.schedule.SCHEDULES`.
        training: everything else.

    A model that is fitted in closed form has no steps: sampler, augment, loss, optimizer and schedule are empty.
    """

    name: str = ""
    description: str = ""
    model: Choice
    input: Choice
    data: DataConfig
    augment: tuple[Choice, ...] = ()
    sampler: Choice
    loss: tuple[Choice, ...]
    optimizer: Choice
    schedule: Choice
    training: TrainingConfig

    def __post_init__(self) -> None:
        patience, every = self.training.early_stopping, self.training.validate_every_epochs
        if self.data.validation_subjects and patience is not None and patience < every:
            raise UsageError(
                f"training.early_stopping is {patience}, but people held out are seen every {every} epochs "
                "(training.validate_every_epochs): it would stop before their second turn"
            )

    @property
    def finds_joints(self) -> bool:
        """Whether the model is a pose network, which finds joints and recognises nobody."""
        return self.model.get("name") in POSE_NETWORKS


@dataclass(frozen=True)
class FusionRecipe:
    """Several trainings on the same people, whose models are fused (`evaluation.fusion`).

    Args:
        name: as runs and reports quote it.
        members: the trainings, each with a name of its own.
        description: one line for the list of recipes.
    """

    name: str
    members: tuple[Recipe, ...]
    description: str = ""


def load_any_recipe(recipe: str, overrides: Sequence[str] = ()) -> Recipe | FusionRecipe:
    """Read a recipe that may be a fusion: a YAML file with ``members``, names or files of other recipes.

    Args:
        recipe: as `load_recipe`.
        overrides: as `load_recipe`; those of a fusion go to each of its members.

    Raises:
        UsageError: as `load_recipe`; a fusion that names fewer than two members, one twice, or anything besides.
        UnreadableFileError: not YAML.
    """
    path = _recipe_file(recipe)
    values = read_yaml(path)
    if "members" not in values:
        return load_recipe(recipe, overrides)
    members = values["members"]
    if unknown := sorted(values.keys() - {"members", "description"}):
        raise UsageError(f"{path}: a fusion has members and a description, not '{unknown[0]}'")
    if not isinstance(members, list) or len(members) < 2 or len({str(member) for member in members}) < len(members):
        raise UsageError(f"{path}: members are {members!r}, must be at least two recipes, each once")
    chosen = tuple(load_recipe(str(member), overrides) for member in members)
    return FusionRecipe(path.stem, chosen, str(values.get("description", "")))


def load_recipe(recipe: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and change it.

    Args:
        recipe: a shipped recipe's name, or a YAML file.
        overrides: ``key=value`` with the path of the key (``optimizer.learning_rate=0.01``). A bare name chooses an
            entry of a table with its default options (``loss=triplet``, ``loss=cross-entropy+triplet``).

    Raises:
        UsageError: no such recipe; an unknown key, name or option (with the nearest known); a value of a wrong type.
        UnreadableFileError: not YAML.
    """
    path = _recipe_file(recipe)
    values = {"name": path.stem, **read_yaml(path)}
    if "members" in values:
        raise UsageError(f"{recipe}: is a fusion of {', '.join(map(str, values['members']))}; give one of these")
    values = _spelled_out(values)
    for override in overrides:
        values = _spelled_out(apply_overrides(values, [override]))
    return resolve(values)


def _recipe_file(recipe: str) -> Path:
    """File of a shipped recipe's name, or the file itself."""
    shipped = _shipped_files()
    path = Path(recipe)
    if recipe in shipped:
        return shipped[recipe]
    if path.suffix not in (".yaml", ".yml") and not path.is_file():
        raise UsageError(unknown_name_message("recipe", recipe, shipped))
    return path


def shipped_recipes() -> dict[str, str]:
    """Return name -> description of the recipes that come with the package."""
    return {name: str(read_yaml(path).get("description", "")) for name, path in _shipped_files().items()}


def _shipped_files() -> dict[str, Path]:
    folder = Path(str(files("gaitprint") / "recipes"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def _spelled_out(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write bare names as ``{"name": ...}``, so that overrides find keys to set; one loss is a mapping, not a list."""
    result = dict(values)
    for section in _CHOICES:
        value = result.get(section)
        if isinstance(value, str):
            names = value.split("+") if section in _LISTS else [value]
            value = [{"name": name.strip()} for name in names]
        if isinstance(value, (list, tuple)):
            value = [{"name": entry} if isinstance(entry, str) else entry for entry in value]
            result[section] = value[0] if len(value) == 1 else value
    return result


def resolve(values: Mapping[str, Any]) -> Recipe:
    """Check a recipe's plain values and fill in every default.

    Raises:
        UsageError: an unknown key, name or option (with the nearest known one), or a value of a wrong type.
    """
    # What they load (torch) is not needed to list recipes.
    from gaitprint.models import MODELS
    from gaitprint.training.identification_recipe import closed_form_defaults, resolve_identification_recipe
    from gaitprint.training.pose_recipe import POSE_DEFAULTS, resolve_pose_recipe

    given = _spelled_out(values)
    name = given["model"].get("name") if isinstance(given.get("model"), Mapping) else None
    if name in POSE_NETWORKS:
        defaults = _DEFAULTS | POSE_DEFAULTS
    elif isinstance(name, str) and name not in MODELS:
        raise UsageError(unknown_name_message("model", name, [*MODELS, *POSE_NETWORKS]))
    else:
        defaults = _DEFAULTS | closed_form_defaults(given)
    plain = defaults | given
    for section in _LISTS:
        plain[section] = plain[section] if isinstance(plain[section], list) else [plain[section]]
    recipe = from_mapping(Recipe, plain)
    return resolve_pose_recipe(recipe) if recipe.finds_joints else resolve_identification_recipe(recipe)
