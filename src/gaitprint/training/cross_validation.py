"""Cross-validation: every recipe is trained once for each fold of people, on everybody else, and measured on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gaitprint.core.config import apply_overrides, from_mapping
from gaitprint.core.errors import GaitprintError, IncompatibleError, UsageError, one_line
from gaitprint.core.files import write_json
from gaitprint.core.folders import atomic_folder, surviving_folder
from gaitprint.core.progress import overall_bar
from gaitprint.core.registry import unknown_name_message
from gaitprint.core.threads import torch_threads
from gaitprint.data.inputs import build_input
from gaitprint.data.sampling import select_walks
from gaitprint.data.store import Store
from gaitprint.evaluation.cross_validation import CrossValidation, FoldResult, SystemResult, measure_fold
from gaitprint.evaluation.embed import Embedder, choose_device, load_embedder
from gaitprint.evaluation.protocols import PROTOCOLS
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.models import MODELS
from gaitprint.models.weights import build_model
from gaitprint.reports.cross_validation import write_cross_validation
from gaitprint.training.people import candidates_of, people_of_fold
from gaitprint.training.processes import Died, available_cores, in_processes
from gaitprint.training.recipe import DataConfig, FusionRecipe, Recipe, load_any_recipe, shipped_recipes
from gaitprint.training.train import train


@dataclass(frozen=True)
class PlannedFold:
    """A training on everybody outside one fold, or on everybody.

    Args:
        system: recipe as the user named it.
        overrides: ``key=value`` for it.
        folder: the run folder.
    """

    system: str
    overrides: tuple[str, ...]
    folder: Path

    def resolve(self) -> Recipe | FusionRecipe:
        """Return the recipe with everything filled in."""
        return load_any_recipe(self.system, self.overrides)


def cross_validate(
    systems: Sequence[str],
    store: Store,
    out: str | os.PathLike[str],
    *,
    folds: int = 3,
    overrides: Sequence[str] = (),
    protocol: str = "first-walk",
    final: bool = False,
    jobs: int = 1,
    threads: int | None = None,
    device: str = "auto",
) -> CrossValidation:
    """Cross-validate systems on the same folds of people.

    The people of a fold are never in the training that is measured on them, not even to choose its weights by. Who is
    shared out is what the recipes' ``data.subjects`` says; everybody, without a recipe or such an override. Runs that
    are there already are not repeated; interrupted ones go on.

    Args:
        systems: recipes, fusions among them (whose members are measured, too), and models that need no training.
        store: the data.
        out: gets SYSTEM/fold-K (run folders), SYSTEM/calibration.json, crossvalidation.json, .md and .png.
        folds: groups of people, at least 2.
        overrides: ``key=value`` for every recipe; of a model that needs no training, those of its ``input`` and
            ``data.subjects``.
        protocol: to measure each fold under.
        final: also train every recipe on everybody, into SYSTEM/final, with the calibration that the folds gave.
        jobs: trainings side by side, in processes of their own.
        threads: of torch in each; None for an equal share of the cores.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UsageError: no system, or none such; no such protocol; fewer than 2 folds, or more than one for two people; two
            systems of one name; recipes for different ``data.subjects``; fewer than one job or thread.
        GaitprintError: a training failed.
    """
    PROTOCOLS[protocol]
    if not systems:
        raise UsageError("name at least one recipe or model to cross-validate")
    if folds < 2:
        raise UsageError(f"--folds is {folds}, must be at least 2")
    if jobs < 1 or (threads is not None and threads < 1):
        raise UsageError(f"{jobs} jobs with {threads} threads: give at least 1")
    folder = Path(out)
    plans = {
        system: [
            PlannedFold(
                system,
                (*overrides, f"data.folds={folds}", f"data.fold={fold}"),
                folder / _label(system) / f"fold-{fold}",
            )
            for fold in range(folds)
        ]
        for system in systems
        if _is_recipe(system)
    }
    labels = [_label(system) for system in systems]
    if len(set(labels)) < len(labels):
        raise UsageError(f"{', '.join(systems)}: two systems of one name")
    wanted = [plan for plan_of_system in plans.values() for plan in plan_of_system]
    recipes = [plan.resolve() for plan in wanted]  # what is wrong with a recipe is said before the work starts
    for recipe in recipes:
        if isinstance(recipe, Recipe) and recipe.finds_joints:
            raise UsageError(f"{recipe.name}: '{recipe.model['name']}' finds joints, and '{protocol}' compares walks")
    candidates = candidates_of(store, _subjects(recipes, overrides))
    people = [people_of_fold(candidates, folds, fold) for fold in range(folds)]
    if min(map(len, people)) < 2:
        raise UsageError(
            f"--folds is {folds}, must be at most {len(candidates) // 2} for {len(candidates)} people: "
            "in a fold of one person, nobody can be taken for somebody else"
        )
    finals = [PlannedFold(s, tuple(overrides), folder / _label(s) / "final") for s in plans] if final else []
    _train_all([*wanted, *finals], store, jobs, threads, device)
    results: list[SystemResult] = []
    for system in systems:
        measured = _measure(system, plans.get(system, []), store, people, overrides, protocol, device)
        # A fusion's member that was asked for by itself has a row of its own.
        results += [one for one in measured if one.name == _label(system) or one.name not in labels]
    facts = {"data": store.content_hash(), "folds": folds, "overrides": list(overrides)}
    result = CrossValidation(protocol, tuple(results), facts)
    _calibrate(result, {_label(system) for system in plans}, folder, final)
    write_json(folder / "crossvalidation.json", result.to_json())
    write_cross_validation(result, folder)
    return result


def _calibrate(result: CrossValidation, trained: Collection[str], folder: Path, final: bool) -> None:
    """Write the calibration of every system that was trained, also beside its final weights."""
    source = (
        f"{result.facts['folds']} folds of people left out of the training, all pairs of their walks; "
        f"data {result.facts['data'][:12]}"
    )
    for system in result.systems:
        calibration = system.calibrate(source) if system.name in trained else None
        if calibration is not None:
            calibration.save(folder / system.name)
            if final:
                _put_beside_weights(folder / system.name / "calibration.json", folder / system.name / "final" / "best")


def _is_recipe(system: str) -> bool:
    """Whether a system has to be trained; `UsageError` for what is neither a recipe nor a model without training."""
    if system in shipped_recipes() or Path(system).suffix in (".yaml", ".yml"):
        return True
    if system in MODELS and not MODELS[system].trainable:
        return False
    ready = [name for name in MODELS if not MODELS[name].trainable]
    raise UsageError(unknown_name_message("recipe", system, [*shipped_recipes(), *ready]))


def _label(system: str) -> str:
    return Path(system).stem if Path(system).suffix in (".yaml", ".yml") else system


def _train_all(plans: Sequence[PlannedFold], store: Store, jobs: int, threads: int | None, device: str) -> None:
    work = partial(_train_one, store=store, device=device)
    share = max(1, available_cores() // jobs) if threads is None else threads
    side_by_side = jobs > 1 and len(plans) > 1
    with (
        # One training at a time draws its own progress; of several, one bar tells.
        overall_bar("trainings", len(plans), 0) if side_by_side else nullcontext() as bar,
        torch_threads(threads) if threads is not None else nullcontext(),
    ):
        outcomes = in_processes(work, plans, jobs, share) if side_by_side else enumerate(map(work, plans))
        for place, outcome in outcomes:
            reason = outcome.reason if isinstance(outcome, Died) else outcome
            if reason is not None:
                raise GaitprintError(f"{plans[place].folder}: {reason}")
            if bar is not None:
                bar.advance(f"{plans[place].folder.parent.name}, {plans[place].folder.name}: trained")


def _train_one(plan: PlannedFold, store: Store, device: str) -> str | None:
    """Train one fold; returns why it failed, None where it did not."""
    try:
        train(plan.resolve(), store, plan.folder, resume=True, device=device)
    except Exception as error:
        return one_line(error)
    return None


def _measure(
    system: str,
    plans: Sequence[PlannedFold],
    store: Store,
    people: Sequence[Sequence[str]],
    overrides: Sequence[str],
    protocol: str,
    device: str,
) -> list[SystemResult]:
    """Measure a system on the people of every fold; members of a fusion come before it, as systems of their own."""
    by_name: dict[str, list[FoldResult]] = {}
    for fold, left_out in enumerate(people):
        positions = select_walks(store.infos, left_out)
        embedders = (
            {name: load_embedder(model, device) for name, model in _models(plans[fold].folder).items()}
            if plans
            else {system: _untrained(system, overrides, device)}
        )
        for name, embedder in embedders.items():
            _check_unseen(embedder, left_out, f"{system}, fold {fold}")
            label = _label(system) if name == "" else name
            walks = embedder.embed_store(store, positions)
            by_name.setdefault(label, []).append(measure_fold(walks, embedder.distance, protocol))
    return [SystemResult(name, tuple(results)) for name, results in by_name.items()]


def _untrained(system: str, overrides: Sequence[str], device: str) -> Embedder:
    """A model that needs no training, with the input that the overrides ask for."""
    model = build_model({"name": system}, None)
    wanted = [override for override in overrides if override.startswith("input.")]
    values = apply_overrides({"input": dict(model.default_input(model.Config()))}, wanted)
    return Embedder(model, build_input(values["input"]), choose_device(device), name=system)


def _subjects(recipes: Sequence[Recipe | FusionRecipe], overrides: Sequence[str]) -> str | tuple[str, ...]:
    """Who is shared out; `UsageError` where the recipes do not agree: their folds would be of different people."""
    trained = [one for recipe in recipes for one in (recipe.members if isinstance(recipe, FusionRecipe) else [recipe])]
    asked = {recipe.data.subjects: recipe.name for recipe in trained}
    if len(asked) > 1:
        told = ", ".join(f"{name} for {subjects!r}" for subjects, name in asked.items())
        raise UsageError(f"the recipes share out different people ({told}); set data.subjects for all of them")
    if asked:
        return next(iter(asked))
    wanted = [override for override in overrides if override.startswith("data.subjects=")]
    values = apply_overrides({"data": {"subjects": "all"}}, wanted)
    return from_mapping(DataConfig, values["data"], "data").subjects


def _models(run: Path) -> dict[str, Path]:
    """The weights of a run: the members of a fusion by name, and the run itself under an empty one."""
    members = sorted((run / "members").iterdir()) if (run / "members").is_dir() else []
    return {**{member.name: member for member in members}, "": run}


def _check_unseen(embedder: WalkEmbedder, people: Sequence[str], model: str) -> None:
    if seen := sorted(set(embedder.train_subjects) & set(people)):
        raise IncompatibleError(f"{model}: was trained on {seen[0]}, who is in the fold to be measured")


def _put_beside_weights(calibration: Path, weights: Path) -> None:
    folder = surviving_folder(weights)
    assert folder is not None  # a training that returns has left it
    with atomic_folder(weights) as temporary:
        shutil.copytree(folder, temporary, dirs_exist_ok=True)
        shutil.copy(calibration, temporary)
