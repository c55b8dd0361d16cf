"""What the page of a model says in figures: counted from the network that its recipes build."""

from __future__ import annotations

import logging
from typing import Any

from gaitprint.core.config import from_mapping
from gaitprint.models import MODELS
from gaitprint.models.base import ClosedFormModel
from gaitprint.models.pose import POSE_NETWORKS
from gaitprint.models.pose.weights import build_pose_network
from gaitprint.models.weights import build_model
from gaitprint.training.recipe import FusionRecipe, Recipe, load_any_recipe, shipped_recipes


def model_facts(name: str) -> str:
    """Return a table of a model's figures and one of its recipes, as Markdown.

    Args:
        name: an entry of `MODELS` or `POSE_NETWORKS`.

    Raises:
        UsageError: no such model.
    """
    logging.getLogger("gaitprint").setLevel(logging.WARNING)
    recipes = [recipe for recipe in _recipes() if recipe.model["name"] == name]
    facts = _pose_facts(name) if name in POSE_NETWORKS else _gait_facts(name)
    lines = ["| | |", "| --- | --- |", *(f"| {key} | {value} |" for key, value in facts.items()), ""]
    if recipes:
        lines += ["| recipe | weights | what it is |", "| --- | ---: | --- |"]
        for recipe in recipes:
            link = f"[{recipe.name}](../reference/recipes.md#recipe-{recipe.name})"
            lines.append(f"| {link} | {_values(recipe.model):,} | {recipe.description} |")
        lines += [
            "",
            "*Weights* are counted without the classifier, which only the training needs.",
        ]
    else:
        lines.append("It has no recipe.")
    return "\n".join(lines)


def _recipes() -> list[Recipe]:
    recipes = (load_any_recipe(name) for name in shipped_recipes())
    return [recipe for recipe in recipes if not isinstance(recipe, FusionRecipe)]


def _gait_facts(name: str) -> dict[str, str]:
    model_type = MODELS[name]
    config = from_mapping(model_type.Config, {})
    parts, values = model_type.from_config(config, None).embedding_shape
    options = dict(model_type.default_input(config))
    representation = options.pop("representation")
    return {
        "input": f"`{representation}`, by default {_spelled(options)}",
        "embedding": f"{parts} x {values} values (parts x values per part), compared by `{model_type.distance}`",
        "weights by default": f"{_values({'name': name}):,} values",
    }


def _pose_facts(name: str) -> dict[str, str]:
    network = POSE_NETWORKS[name]
    return {
        "input": f"pictures of {network.resolution} x {network.resolution} pixels, one person each",
        "output": f"16 heat maps of {network.map_resolution} x {network.map_resolution}; features of 32 x 17 x 17",
        "weights by default": f"{_values({'name': name}):,} values",
    }


def _spelled(options: dict[str, Any]) -> str:
    return ", ".join(f"`{key}: {value}`" for key, value in options.items()) or "without options"


def _values(choice: dict[str, Any]) -> int:
    """Count weights: parameters, or of a model that is fitted in closed form what is kept of the fit."""
    model = build_pose_network(choice) if choice["name"] in POSE_NETWORKS else build_model(choice, None)
    tensors = model.state_dict().values() if isinstance(model, ClosedFormModel) else model.parameters()
    return sum(tensor.numel() for tensor in tensors)
