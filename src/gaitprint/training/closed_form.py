"""The training of models whose weights follow from the walks in one pass; it leaves the same run folder as the loop."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch

from gaitprint.core.errors import UsageError
from gaitprint.core.folders import atomic_folder, surviving_folder
from gaitprint.core.progress import track
from gaitprint.data.inputs import ModelInput, build_input
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import Embedder, choose_device
from gaitprint.models.base import ClosedFormModel
from gaitprint.models.weights import Card, build_model, read_card, save_weights
from gaitprint.training.history import RunLog
from gaitprint.training.people import People, choose_people
from gaitprint.training.recipe import Recipe
from gaitprint.training.run_folder import check_run_folder, write_recipe
from gaitprint.training.validation import validation_rank1

# Walks described together; whole ones, of which each is as long as it was recorded.
_BATCH = 16


def fit_closed_form(
    recipe: Recipe, store: Store, out: str | os.PathLike[str], *, resume: bool, device: str
) -> dict[str, Any]:
    """Fit a `ClosedFormModel` and leave a run folder; arguments, result and errors as `fit.train`.

    Raises:
        UsageError: also where several processes were launched: there is nothing to share.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError(f"model '{recipe.model['name']}' is fitted by one process: train it without torchrun")
    folder = Path(out)
    check_run_folder(folder, recipe, store, resume=resume)
    people = choose_people(store, recipe.data, recipe.training.seed)
    finished = surviving_folder(folder / "last")
    if finished is not None:  # written after best/
        return _summary(folder, recipe, people, read_card(finished))
    model_input = build_input(recipe.input)
    model_input.check(store.infos[position] for position in [*people.positions, *people.validation])
    where = choose_device(device)
    model = build_model(recipe.model, None).to(where).eval()
    assert isinstance(model, ClosedFormModel)
    write_recipe(folder, recipe)
    started = time.perf_counter()
    descriptions = describe_walks(model, model_input, store, people)
    model.fit(descriptions, torch.from_numpy(people.labels).to(where))
    row: dict[str, float] = {"epoch": 1, "step": 1}
    if len(people.validation):
        embedder = Embedder(model, model_input, where, name=recipe.model["name"])
        row["validation_rank1"] = validation_rank1(embedder, embedder.embed_store(store, people.validation))
    card = Card(
        model=recipe.model,
        input=recipe.input,
        distance=model.distance,
        num_subjects=None,
        train_subjects=people.subjects,
        validation_subjects=people.validation_subjects,
        data=store.content_hash(),
        metrics={name: value for name, value in row.items() if name == "validation_rank1"},
        recipe=recipe.name,
        step=1,
    )
    for name in ("best", "last"):
        with atomic_folder(folder / name) as temporary:
            card = save_weights(temporary, model, card)
    log = RunLog(folder, 0)
    figures = "".join(f", {name} {value:.4g}" for name, value in card.metrics.items())
    log.write(
        f"fitted {recipe.model['name']} to {len(people.positions):,} walks of {len(people.subjects)} people in "
        f"{time.perf_counter() - started:.1f} s{figures}"
    )
    if card.metrics:  # nothing else changes from epoch to epoch
        log.history([row])
    log.close()
    return _summary(folder, recipe, people, card)


def _summary(folder: Path, recipe: Recipe, people: People, card: Card) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "recipe": recipe.name,
        "subjects": len(people.subjects),
        "walks": len(people.positions),
        "steps": card.step,
        "epochs": 1,
        "weights_hash": card.weights_hash,
        "best_weights_hash": card.weights_hash,
        "best": card.metrics,
        "last": card.metrics,
    }


def describe_walks(model: ClosedFormModel, model_input: ModelInput, store: Store, people: People) -> torch.Tensor:
    """Describe the walks of a training, [N, F]."""
    frames = model_input.choose_frames(model_input.num_frames([store.infos[p] for p in people.positions]), None)
    parts = []
    device = next(model.buffers()).device
    with torch.inference_mode():
        for start in track(range(0, len(people.positions), _BATCH), "describing walks"):
            rows = slice(start, start + _BATCH)
            chosen = None if frames is None else frames[rows]
            batch = model_input.read_batch(store, people.positions[rows], chosen)
            parts.append(model.describe(model_input.finish(batch.to(device))))
    return torch.cat(parts)
