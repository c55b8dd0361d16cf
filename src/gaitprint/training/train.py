"""`train`: any recipe in, a run folder out; whichever way its model is trained."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gaitprint.core.errors import UsageError
from gaitprint.core.folders import atomic_folder, surviving_folder
from gaitprint.data.store import Store
from gaitprint.evaluation.fusion import write_fusion
from gaitprint.models import MODELS
from gaitprint.models.base import ClosedFormModel
from gaitprint.models.weights import read_card
from gaitprint.training.people import choose_people
from gaitprint.training.recipe import FusionRecipe, Recipe
from gaitprint.training.run_folder import check_fusion_folder, write_fusion_plan


def train(
    recipe: Recipe | FusionRecipe,
    store: Store,
    out: str | os.PathLike[str],
    *,
    resume: bool = False,
    device: str = "auto",
) -> dict[str, Any]:
    """Train what a recipe says and leave a run folder.

    A network learns by steps (`fit`), a model in closed form in one pass (`closed_form`), the members of a fusion one
    after the other, each in a run folder of its own in ``members/``. At the end strangers are described where the
    recipe asks for it (`normalise`).

    Args:
        recipe: see `recipe.load_any_recipe`.
        store: the data.
        out: the run folder.
        resume: go on from the last checkpoint, or start where there is none yet.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        the summary of `fit.train`; of a fusion ``folder``, ``recipe`` and the summaries of its ``members``.

    Raises:
        UsageError: `out` holds a run and `resume` is not set; the store lacks the subjects, conditions or views.
        IncompatibleError: the walks are not what the model takes; `resume` with another recipe or other data.
        DivergedError: the loss became infinite or NaN.
    """
    if isinstance(recipe, FusionRecipe):
        return _train_fusion(recipe, store, Path(out), resume=resume, device=device)
    if not recipe.finds_joints and issubclass(MODELS[recipe.model["name"]], ClosedFormModel):
        from gaitprint.training.closed_form import fit_closed_form

        summary = fit_closed_form(recipe, store, out, resume=resume, device=device)
    else:
        from gaitprint.training.fit import train as take_steps

        summary = take_steps(recipe, store, out, resume=resume, device=device)
    # Of several processes that train together, the first one writes.
    if recipe.training.normalise_scores and os.environ.get("RANK", "0") == "0":
        from gaitprint.training.normalise import describe_strangers

        people = choose_people(store, recipe.data, recipe.training.seed)
        describe_strangers(Path(out), store, people, device)
    return summary


def _train_fusion(recipe: FusionRecipe, store: Store, out: Path, *, resume: bool, device: str) -> dict[str, Any]:
    """Train the members and put copies of their best weights side by side into best/."""
    check_fusion_folder(out, recipe, resume=resume)
    for member in recipe.members:
        if not member.training.normalise_scores:
            raise UsageError(f"{recipe.name}: {member.name} needs training.normalise_scores=true to be fused")
    write_fusion_plan(out, recipe)
    summaries = {
        member.name: train(member, store, out / "members" / member.name, resume=resume, device=device)
        for member in recipe.members
    }
    weights = {name: out / "members" / name / "best" for name in summaries}
    if not _holds(out / "best", weights):
        with atomic_folder(out / "best") as temporary:
            for name, best in weights.items():
                shutil.copytree(_surviving(best), temporary / name)
            write_fusion(temporary, recipe.name, list(weights))
    return {"folder": str(out), "recipe": recipe.name, "members": summaries}


def _holds(fusion: Path, weights: Mapping[str, Path]) -> bool:
    """Whether a fusion is there already, of these very weights; a calibration beside it is then still right."""
    folder = surviving_folder(fusion)
    return folder is not None and all(
        (folder / name).is_dir() and read_card(folder / name) == read_card(_surviving(best))
        for name, best in weights.items()
    )


def _surviving(best: Path) -> Path:
    folder = surviving_folder(best)
    assert folder is not None  # a training that returns has left it
    return folder
