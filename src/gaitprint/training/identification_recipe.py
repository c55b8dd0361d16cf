"""Recipes whose model recognises people: the sections read from the tables of such models, losses and augmentations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gaitprint.core.choices import read_choice
from gaitprint.core.config import from_mapping, to_mapping
from gaitprint.core.errors import UsageError
from gaitprint.core.skeleton_definition import with_definition
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.data.inputs import INPUTS, ModelInput
from gaitprint.data.sampling import SAMPLERS
from gaitprint.losses import LOSSES
from gaitprint.models import MODELS
from gaitprint.models.base import ClosedFormModel
from gaitprint.training.optimizer import OPTIMIZERS
from gaitprint.training.recipe import Recipe
from gaitprint.training.recipe_sections import Choice, resolved, resolved_losses
from gaitprint.training.schedule import SCHEDULES

# What only steps need; a model that is fitted in closed form takes none of it.
_OF_STEPS: dict[str, Any] = {"sampler": {}, "augment": [], "loss": [], "optimizer": {}, "schedule": {}}


def closed_form_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Empty the sections that only steps need, where the model is fitted without any.

    Args:
        given: a recipe's plain values, its model one of `MODELS` or none.

    Returns:
        section -> its default; empty for a model that is trained by steps.

    Raises:
        UsageError: a model in closed form with any of these sections: the recipe expects something that does not
            happen.
    """
    model = given.get("model")
    name = model.get("name") if isinstance(model, Mapping) else None
    if not isinstance(name, str) or not issubclass(MODELS[name], ClosedFormModel):
        return {}
    for section in _OF_STEPS:
        if given.get(section):
            raise UsageError(f"{section}: model '{name}' is fitted in closed form and takes none")
    return _OF_STEPS


def resolve_identification_recipe(recipe: Recipe) -> Recipe:
    """Check the sections of a recipe for a model that recognises people and fill in every default.

    Raises:
        UsageError: an unknown key, name or option (with the nearest known one), or a value of a wrong type; one person
            held out alone.
    """
    model = resolved(with_definition(recipe.model), "model", MODELS)
    model_type = MODELS[model["name"]]
    if not model_type.trainable:
        raise UsageError(f"model '{model['name']}' needs no training: evaluate it by its name")
    input_type, model_input = _input(recipe, model_type.default_input(read_choice(MODELS, model, "model")[1]))
    augmentations = _augmentations(recipe, input_type, model_input)
    losses = resolved_losses(recipe.loss, LOSSES)
    if recipe.training.normalise_scores and model_type.distance != "cosine":
        raise UsageError(
            f"training.normalise_scores: '{model['name']}' is compared by {model_type.distance}, not by cosine"
        )
    held_out = recipe.data.validation_subjects
    if held_out == 1 or (isinstance(held_out, tuple) and len(set(held_out)) == 1):
        raise UsageError(
            "data.validation_subjects is one person, who would never be taken for anybody else: "
            "hold out at least 2 to choose weights by, or 0"
        )
    by_steps: dict[str, Any] = {}
    if not issubclass(model_type, ClosedFormModel):
        if not losses:
            raise UsageError("loss names nothing: give at least one")
        by_steps = {
            "sampler": resolved(recipe.sampler, "sampler", SAMPLERS),
            "optimizer": resolved(recipe.optimizer, "optimizer", OPTIMIZERS),
            "schedule": resolved(recipe.schedule, "schedule", SCHEDULES),
        }
    sections = {"model": model, "input": model_input, "augment": augmentations, "loss": losses, **by_steps}
    return from_mapping(Recipe, {**to_mapping(recipe), **sections})


def _input(recipe: Recipe, defaults: Mapping[str, Any]) -> tuple[type[ModelInput], Choice]:
    """Return the kind of input and all its options; those of the model's own kind are the model's by default."""
    chosen = {"representation": defaults["representation"], **with_definition(recipe.input)}
    if chosen["representation"] == defaults["representation"]:
        before, after = (values.get("preprocessing") for values in (defaults, chosen))
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            chosen["preprocessing"] = {**before, **after}
        chosen = {**defaults, **chosen}
    input_type, config = read_choice(INPUTS, chosen, "input", "representation")
    return input_type, {"representation": chosen["representation"], **to_mapping(input_type.pinned(config))}


def _augmentations(recipe: Recipe, input_type: type[ModelInput], model_input: Choice) -> tuple[Choice, ...]:
    """Return the augmentations with every option, after a check that they change what the model takes."""
    augmentations = [resolved(with_definition(choice), "augment", AUGMENTATIONS) for choice in recipe.augment]
    for augmentation in augmentations:
        wanted = AUGMENTATIONS[augmentation["name"]].modality
        if wanted != input_type.modality:
            raise UsageError(
                f"augment: '{augmentation['name']}' changes {wanted}; the model's input are {input_type.modality}"
            )
        # What the joints are called is the input's business; an augmentation that must know need not be told.
        if "skeleton" in model_input and augmentation.get("skeleton", "") is None:
            augmentation["skeleton"] = model_input["skeleton"]
    return tuple(augmentations)
