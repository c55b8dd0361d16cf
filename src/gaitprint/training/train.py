"""`train`: any recipe in, a run folder out; whichever way its model is trained."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from gaitprint.core.errors import UsageError
from gaitprint.core.files import write_json
from gaitprint.core.folders import atomic_folder, surviving_folder
from gaitprint.data.store import Store
from gaitprint.evaluation.fusion import write_fusion
from gaitprint.models import MODELS
from gaitprint.models.base import ClosedFormModel
from gaitprint.training.people import choose_people
from gaitprint.training.recipe import FusionRecipe, Recipe

_FUSION_PLAN = "fusion-recipe.json"


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
    if issubclass(MODELS[recipe.model["name"]], ClosedFormModel):
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
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; a run is a folder")
    if not resume and (out / _FUSION_PLAN).exists():
        raise UsageError(f"{out}: holds a run already; continue it with --resume, or choose another folder")
    for member in recipe.members:
        if not member.training.normalise_scores:
            raise UsageError(f"{recipe.name}: {member.name} needs training.normalise_scores=true to be fused")
    write_json(out / _FUSION_PLAN, {"name": recipe.name, "members": [member.name for member in recipe.members]})
    summaries = {
        member.name: train(member, store, out / "members" / member.name, resume=resume, device=device)
        for member in recipe.members
    }
    with atomic_folder(out / "best") as temporary:
        for name in summaries:
            best = surviving_folder(out / "members" / name / "best")
            assert best is not None  # a training that returns has left it
            shutil.copytree(best, temporary / name)
        write_fusion(temporary, recipe.name, list(summaries))
    return {"folder": str(out), "recipe": recipe.name, "members": summaries}
