"""What of the leaderboard's table is to be run, and the trainings that this takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.data.store import Store
from gaitprint.models import MODELS
from gaitprint.training.leaderboard_systems import (
    DATA_SETS,
    QUICK_BATCH_SUBJECTS,
    QUICK_BATCH_WALKS,
    QUICK_STEPS,
    QUICK_VALIDATION,
    SYSTEMS,
    DataSet,
    System,
)
from gaitprint.training.recipe import FusionRecipe, load_any_recipe, load_recipe
from gaitprint.training.runs import METRICS_FILE, PlannedRun, with_seeds


@dataclass(frozen=True)
class PlannedBoard:
    """One table to be made.

    Args:
        data: who walks.
        systems: to be compared, in the order of the table of systems.
    """

    data: DataSet
    systems: tuple[System, ...]


@dataclass(frozen=True)
class PlannedSystem:
    """The trainings of one line.

    Args:
        system: the line.
        runs: trainings, one a seed; empty for a fusion and for a model that needs no training.
    """

    system: System
    runs: tuple[PlannedRun, ...]


def plan_boards(only: Sequence[str] = (), *, quick: bool = False) -> tuple[PlannedBoard, ...]:
    """Choose data sets and systems.

    Args:
        only: names of data sets, of systems, or ``DATA/SYSTEM``; empty for everything. The members of a fusion come
            along with it.
        quick: hold only a few people out, since there are few.

    Raises:
        UsageError: an unknown name.
    """
    known = [*(data.name for data in DATA_SETS), *dict.fromkeys(system.name for system in SYSTEMS)]
    known += [f"{name}/{system.name}" for system in SYSTEMS for name in system.data]
    for name in only:
        if name not in known:
            raise UsageError(unknown_name_message("system or data set", name, known))
    boards = []
    for data in DATA_SETS:
        here = [system for system in SYSTEMS if data.name in system.data]
        wanted = [s for s in here if not only or {data.name, s.name, f"{data.name}/{s.name}"} & set(only)]
        members = {member for system in wanted for member in member_recipes(system)}
        chosen = tuple(system for system in here if system in wanted or system.recipe in members)
        if chosen:
            held_out = min(data.validation, QUICK_VALIDATION) if quick else data.validation
            boards.append(PlannedBoard(replace(data, validation=held_out), chosen))
    return tuple(boards)


def is_untrained(system: System) -> bool:
    """Whether a line is a model that needs no training."""
    return system.recipe in MODELS and not MODELS[system.recipe].trainable


def member_recipes(system: System) -> tuple[str, ...]:
    """Names of the recipes that a line fuses; empty for a line that is no fusion."""
    if is_untrained(system):
        return ()
    recipe = load_any_recipe(system.recipe)
    return tuple(member.name for member in recipe.members) if isinstance(recipe, FusionRecipe) else ()


@dataclass(frozen=True)
class TrainingPeople:
    """The training split of a data set, the same for every system and seed.

    Args:
        learners: whom systems learn from.
        held_out: by whom weights and systems are chosen, and scores calibrated.
    """

    learners: tuple[str, ...]
    held_out: tuple[str, ...]


def share_people(store: Store, held_out: int) -> TrainingPeople:
    """Choose the training people whom nobody learns from.

    Raises:
        GaitprintError: the store has no split into training and test people, or too few training people.
    """
    present = {info.subject for info in store.infos}
    train = sorted(present & set(store.splits.get("train", ())))
    if not train or not present & set(store.splits.get("test", ())):
        raise GaitprintError(f"{store.path}: has no split into training and test people, as a leaderboard needs it")
    if held_out > len(train) - 2:
        raise GaitprintError(f"{store.path}: {len(train)} training people are too few to hold out {held_out} of them")
    drawn = np.random.default_rng(0).choice(train, held_out, replace=False).tolist()
    return TrainingPeople(tuple(sorted(set(train) - set(drawn))), tuple(sorted(drawn)))


def plan_system(
    system: System, data: DataSet, people: TrainingPeople, folder: Path, *, seeds: int, quick: bool
) -> PlannedSystem:
    """Lay out the trainings of a line.

    Args:
        system: the line.
        data: that it is trained on.
        people: whom it learns from and is chosen by.
        folder: gets run folders seed-N, and those of a pre-training in first-step/.
        seeds: how many.
        quick: a few steps, to try everything out.

    Raises:
        UsageError: as `recipe.load_recipe`.
    """
    if is_untrained(system) or member_recipes(system):
        return PlannedSystem(system, ())
    chosen_by = json.dumps(list(people.held_out)) if people.held_out else 0
    overrides = ("data.subjects=train", f"data.validation_subjects={chosen_by}", *data.overrides, *system.overrides)
    changed = (*overrides, *_trial(system.recipe, overrides, quick))
    runs = with_seeds(system.name, system.recipe, folder, changed, seeds=seeds)
    if system.first_step is not None:
        # A pre-training knows no names by which it could be judged; it sees no more people for that.
        nameless = (*overrides, f"data.subjects={json.dumps(people.learners)}", "data.validation_subjects=0")
        changed = (*nameless, *_trial(system.first_step, nameless, quick))
        first = with_seeds(system.name, system.first_step, folder / "first-step", changed, seeds=seeds)
        runs = [replace(run, first_step=before) for run, before in zip(runs, first, strict=True)]
    return PlannedSystem(system, tuple(runs))


def minutes_to_do(board: PlannedBoard, out: Path, seeds: int) -> dict[str, float]:
    """Minutes on one core that each line of a board should take, without what is done already."""
    done = {
        system.name: len(list((out / board.data.name / system.name).glob(f"seed-*/{METRICS_FILE}")))
        for system in board.systems
    }
    return {system.name: system.minutes * max(0, seeds - done[system.name]) for system in board.systems}


def _trial(recipe: str, overrides: Sequence[str], quick: bool) -> tuple[str, ...]:
    """What a trial changes: a few steps, and batches of fewer walks than there are."""
    if not quick:
        return ()
    smaller = {"pk": f"sampler.subjects={QUICK_BATCH_SUBJECTS}", "plain": f"sampler.batch_size={QUICK_BATCH_WALKS}"}
    sampler = load_recipe(recipe, overrides).sampler.get("name")
    return (f"training.steps={QUICK_STEPS}", *([smaller[sampler]] if sampler in smaller else []))
