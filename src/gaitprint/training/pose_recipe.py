"""Recipes whose model is a pose network: the same sections, read from the tables of pose networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gaitprint.core.config import from_mapping, to_mapping
from gaitprint.core.errors import UsageError
from gaitprint.core.registry import nearest_name
from gaitprint.data.pose_augmentation import POSE_AUGMENTATIONS
from gaitprint.data.sampling import SAMPLERS
from gaitprint.losses.pose import POSE_LOSSES
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.training.optimizer import OPTIMIZERS
from gaitprint.training.recipe import Recipe
from gaitprint.training.recipe_sections import Choice, resolved, resolved_losses
from gaitprint.training.schedule import SCHEDULES

# Of the sections that a recipe leaves out, where they differ from those of other recipes.
POSE_DEFAULTS: dict[str, Any] = {"loss": {"name": "heat-map-cross-entropy"}}


def resolve_pose_recipe(recipe: Recipe) -> Recipe:
    """Check the sections of a recipe for a pose network and fill in every default.

    Raises:
        UsageError: an unknown key, name or option (with the nearest known one), or a value of a wrong type.
    """
    model = resolved(recipe.model, "model", POSE_NETWORKS)
    if recipe.training.normalise_scores:
        raise UsageError(f"training.normalise_scores: '{model['name']}' finds joints and compares nobody")
    if not recipe.loss:
        raise UsageError("loss names nothing: give at least one")
    return from_mapping(
        Recipe,
        {
            **to_mapping(recipe),
            "model": model,
            "input": _pictures(recipe.input, model["name"]),
            "augment": tuple(resolved(choice, "augment", POSE_AUGMENTATIONS) for choice in recipe.augment),
            "loss": resolved_losses(recipe.loss, POSE_LOSSES),
            "sampler": resolved(recipe.sampler, "sampler", SAMPLERS),
            "optimizer": resolved(recipe.optimizer, "optimizer", OPTIMIZERS),
            "schedule": resolved(recipe.schedule, "schedule", SCHEDULES),
        },
    )


def _pictures(given: Mapping[str, Any], network: str) -> Choice:
    """Return the input, which follows from the network."""
    resolution = POSE_NETWORKS[network].resolution
    for key, value in given.items():
        if key != "resolution":
            hint = " (did you mean 'input.resolution'?)" if nearest_name(key, ["resolution"]) else ""
            raise UsageError(f"unknown key 'input.{key}'{hint}; '{network}' takes single pictures")
        if value != resolution:
            raise UsageError(f"input.resolution is {value!r}, but '{network}' takes pictures of {resolution} pixels")
    return {"resolution": resolution}
