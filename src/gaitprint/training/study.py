"""A study: every cell of a grid of recipe changes, trained with several seeds, evaluated, and put side by side."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaitprint.core.config import to_mapping
from gaitprint.core.errors import GaitprintError, IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.files import write_json
from gaitprint.data.store import Store
from gaitprint.evaluation.protocols import PROTOCOLS
from gaitprint.evaluation.study_results import RunResult, StudyResult, group_runs
from gaitprint.reports.study import write_figures, write_study
from gaitprint.training.grid import Axis, GridCell, grid_cells, parse_grid
from gaitprint.training.recipe import Recipe, load_recipe
from gaitprint.training.run_folder import first_difference
from gaitprint.training.runs import FREE_KEYS, PlannedRun, run_all, with_seeds

_PLAN_FILE = "plan.json"
# The tables are written anew at most so often while the runs go on.
_WRITE_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Study:
    """What is to be trained.

    Args:
        recipe: a shipped recipe's name, or a YAML file.
        overrides: ``key=value``, for all cells.
        base: the recipe with these, before the grid changes it.
        axes: of the grid.
        cells: of the grid.
        seeds: how many; the first is the base's ``training.seed``.
        protocol: to evaluate under.
    """

    recipe: str
    overrides: tuple[str, ...]
    base: Recipe
    axes: tuple[Axis, ...]
    cells: tuple[GridCell, ...]
    seeds: int
    protocol: str

    def runs(self, out: Path) -> list[PlannedRun]:
        """Return all runs, every cell's first seed before any cell's second, in folders runs/CELL/seed-N of `out`."""
        cells = [
            with_seeds(
                cell.label,
                self.recipe,
                out / "runs" / cell.folder,
                (*self.overrides, *cell.overrides),
                seeds=self.seeds,
                first_seed=self.base.training.seed,
            )
            for cell in self.cells
        ]
        return [run for one_seed in zip(*cells, strict=True) for run in one_seed]


def plan_study(
    recipe: str, grid: Sequence[str] = (), *, overrides: Sequence[str] = (), seeds: int = 3, protocol: str = "casia-b"
) -> Study:
    """Check what is asked for and lay out the cells.

    Args:
        recipe: a shipped recipe's name, or a YAML file.
        grid: ``key=value,value,...`` for each axis (`grid.parse_axis`).
        overrides: ``key=value``, for all cells, before the grid's.
        seeds: how many.
        protocol: a name of `PROTOCOLS`.

    Raises:
        UsageError: unknown recipe, protocol, key, name or option (with the nearest known one); a grid that cannot be
            read; a value that no cell can be trained with; two cells that are the same training. A cell that merely
            combines values which do not go together is left to fail on its own.
    """
    PROTOCOLS[protocol]
    if seeds < 1:
        raise UsageError(f"--seeds is {seeds}, must be at least 1")
    axes = parse_grid(grid)
    base = load_recipe(recipe, overrides)
    if base.finds_joints:
        raise UsageError(f"{recipe}: '{base.model['name']}' finds joints, and '{protocol}' compares walks")
    cells = grid_cells(axes)
    recipes: dict[int, Recipe] = {}
    errors: dict[int, UsageError] = {}
    for number, cell in enumerate(cells):
        try:
            recipes[number] = load_recipe(recipe, (*overrides, *cell.overrides))
        except UsageError as error:
            errors[number] = error
    for axis in axes:
        for override in axis.overrides():
            using = [number for number, cell in enumerate(cells) if override in cell.overrides]
            if all(number in errors for number in using):
                raise UsageError(f"--grid {override}: {errors[using[0]]}")
    for number, cell in enumerate(cells):
        for other in range(number):
            same = number in recipes and recipes.get(other) == recipes[number]
            if same or cells[other].label == cell.label:
                raise UsageError(f"the cells '{cells[other].label}' and '{cell.label}' are the same training")
    return Study(recipe, tuple(overrides), base, axes, cells, seeds, protocol)


def run_study(
    study: Study,
    store: Store,
    out: str | os.PathLike[str],
    *,
    jobs: int = 1,
    threads: int | None = None,
    device: str = "auto",
) -> StudyResult:
    """Do what is missing of a study and write its tables and its picture.

    A study that was killed goes on where it was. One that is finished can be asked for more seeds, and for more values
    on the axes that it has.

    Args:
        study: see `plan_study`.
        store: the data, to train and to evaluate on.
        out: the study's folder: plan.json, study.json, study.csv, runs.csv, study.md, study.png, runs/.
        jobs: see `runs.run_all`.
        threads: see `runs.run_all`.
        device: see `runs.run_all`.

    Returns:
        the results, failed runs among them.

    Raises:
        UsageError: `out` is a file, or a folder of something else.
        IncompatibleError: `out` is a study of another recipe, grid, protocol or of other data.
    """
    folder = Path(out)
    check_study_folder(folder, study, store)
    write_json(folder / _PLAN_FILE, _plan(study, store))
    results: list[RunResult] = []
    written = time.monotonic()

    def keep(result: RunResult) -> None:
        nonlocal written
        results.append(result)
        if time.monotonic() - written > _WRITE_EVERY_SECONDS:
            write_figures(_collected(study, store, results), folder)
            written = time.monotonic()

    everything = run_all(
        study.runs(folder),
        store,
        study.protocol,
        jobs=jobs,
        threads=threads,
        device=device,
        on_result=keep,
    )
    result = _collected(study, store, everything)
    write_study(result, folder)
    return result


def check_study_folder(folder: Path, study: Study, store: Store) -> None:
    """Check that a study may be written into a folder; errors as `run_study`."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: is a file; a study is a folder")
    path = folder / _PLAN_FILE
    if not path.exists():
        if folder.is_dir() and any(folder.iterdir()):
            raise UsageError(f"{folder}: holds other files and no study; name a new or empty folder")
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        recipe, grid, seeds = before["recipe"], dict(before["grid"]), int(before["seeds"])
        protocol, data = before["protocol"], before["data"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(f"{path}: not the plan of a study ({error})") from error
    now = _plan(study, store)
    if difference := first_difference(recipe, now["recipe"], FREE_KEYS):
        key, old, new = difference
        raise IncompatibleError(f"{folder}: is a study of a recipe with {key}={old!r}, now {new!r}")
    if list(grid) != list(now["grid"]):
        raise IncompatibleError(
            f"{folder}: is a study with the grid {_keys(grid)}, now {_keys(now['grid'])}; only values can be added"
        )
    for key, values in grid.items():
        if missing := [value for value in values if value not in now["grid"][key]]:
            raise IncompatibleError(
                f"{folder}: is a study with {key}={json.dumps(missing[0])}, left out now; values can only be added"
            )
    if study.seeds < seeds:
        raise IncompatibleError(f"{folder}: is a study with {seeds} seeds, now {study.seeds}; seeds can only be added")
    if protocol != study.protocol:
        raise IncompatibleError(f"{folder}: is a study under the protocol {protocol}, now {study.protocol}")
    if data != now["data"]:
        raise IncompatibleError(f"{folder}: is a study on other data than {store.path}")


def _plan(study: Study, store: Store) -> dict[str, Any]:
    plan = {
        "recipe": to_mapping(study.base),
        "grid": {axis.key: list(axis.values) for axis in study.axes},
        "seeds": study.seeds,
        "protocol": study.protocol,
        "data": store.content_hash(),
    }
    # As it will be read back: dates in YAML become text.
    plain: dict[str, Any] = json.loads(json.dumps(plan, default=str))
    return plain


def _collected(study: Study, store: Store, results: Sequence[RunResult]) -> StudyResult:
    order = {cell.label: number for number, cell in enumerate(study.cells)}
    return StudyResult(
        title=study.base.name,
        protocol=study.protocol,
        axes={axis.key: axis.labels for axis in study.axes},
        cells=group_runs(
            sorted(results, key=lambda run: (order[run.cell], run.seed)),
            {cell.label: cell.choices for cell in study.cells},
        ),
        facts={"recipe": study.recipe, "overrides": list(study.overrides), "data": store.content_hash()},
    )


def check_success(result: StudyResult) -> None:
    """Raise `GaitprintError` with the first reason where no run succeeded."""
    if len(result.failures) == len(result.runs):
        raise GaitprintError(f"none of {len(result.runs)} runs succeeded; the first: {result.failures[0].error}")


def _keys(grid: dict[str, Any]) -> str:
    return " × ".join(grid) or "of one cell"
