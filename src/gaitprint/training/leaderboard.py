"""Every system of the leaderboard on the same people: trained where that is missing, measured, and put side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaitprint.core.errors import GaitprintError, UsageError, one_line
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_embedder
from gaitprint.evaluation.fusion import FusedEmbedder
from gaitprint.evaluation.leaderboard import Board, Leaderboard, Row, figures_of, spreads, with_shared_seeds
from gaitprint.evaluation.study_results import RunResult, Spread
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.models.weights import read_card
from gaitprint.reports.leaderboard import write_leaderboard
from gaitprint.training.forecast import Forecast
from gaitprint.training.leaderboard_fusion import fuse_best
from gaitprint.training.leaderboard_measure import cost_of_walk, measure_once, measure_run, read_metrics
from gaitprint.training.leaderboard_plan import (
    PlannedBoard,
    PlannedSystem,
    is_untrained,
    member_recipes,
    minutes_to_do,
    plan_system,
    share_people,
)
from gaitprint.training.leaderboard_systems import DataSet, System
from gaitprint.training.runs import METRICS_FILE, PlannedRun, run_all


@dataclass(frozen=True)
class LeaderboardOptions:
    """How a leaderboard is run.

    Args:
        seeds: trainings of each system.
        quick: a few steps of each training, whose figures mean nothing.
        jobs: trainings side by side, with one thread each.
        device: ``auto``, ``cpu`` or ``cuda``.
    """

    seeds: int = 1
    quick: bool = False
    jobs: int = 1
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.jobs < 1:
            raise UsageError(f"{self.seeds} seeds, {self.jobs} jobs: give at least 1")


def run_leaderboard(
    plan: Sequence[PlannedBoard],
    open_store: Callable[[DataSet], Store],
    out: Path,
    options: LeaderboardOptions = LeaderboardOptions(),
    say: Callable[[str], None] = lambda line: None,
) -> Leaderboard:
    """Do what is missing, and write results.json, results.md and leaderboard.png after each table.

    Finished trainings and measurements are only read, interrupted trainings go on. What fails is named in the result,
    and everything else goes on.

    Args:
        plan: `leaderboard_plan.plan_boards`.
        open_store: gives the walks of a data set; a `GaitprintError` leaves the data set out, with the reason.
        out: gets DATA/SYSTEM/seed-N, run folders with their evaluation, and the results.
        options: how.
        say: called with each line worth telling.

    Raises:
        UsageError: `out` is a file.
        GaitprintError: nothing could be measured.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; a leaderboard is a folder")
    to_do = sum(sum(minutes_to_do(board, out, options.seeds).values()) for board in plan)
    forecast = Forecast(to_do / options.jobs)
    if to_do and not options.quick:
        say(f"about {forecast} of trainings, {options.jobs} side by side, besides making data that is missing")
    boards: list[Board] = []
    skipped: list[str] = []
    for planned in plan:
        try:
            maker = _BoardMaker(planned, open_store(planned.data), out, options, forecast, say)
            boards.append(maker.make())
        except (GaitprintError, OSError) as error:
            skipped.append(f"{planned.data.name}: {one_line(error)}")
            say(f"left out: {skipped[-1]}")
        write_leaderboard(Leaderboard(tuple(boards), options.seeds, options.quick, tuple(skipped)), out)
    measured = any(board.measured for board in boards)
    try:
        fusion = fuse_best(boards, {planned.data.name: planned.data for planned in plan})
        boards += [fusion] if fusion is not None else []
    except Exception as error:
        # Whatever it is, the tables of the systems themselves stand.
        skipped.append(f"fusion: {one_line(error)}")
    result = Leaderboard(tuple(boards), options.seeds, options.quick, tuple(skipped))
    write_leaderboard(result, out)
    if not measured:
        raise GaitprintError(f"nothing could be measured; the first: {result.failures[0]}")
    return result


class _BoardMaker:
    """Trains and measures the systems of one data set."""

    def __init__(
        self,
        board: PlannedBoard,
        store: Store,
        out: Path,
        options: LeaderboardOptions,
        forecast: Forecast,
        say: Callable[[str], None],
    ) -> None:
        self._data, self._systems = board.data, board.systems
        self._store, self._options = store, options
        self._folder = out / board.data.name
        self._forecast, self._say = forecast, say
        self._people = share_people(store, board.data.validation)
        self._minutes: dict[str, float] = {}
        self._results: dict[Path, RunResult] = {}
        self._rows: dict[str, Row] = {}

    def make(self) -> Board:
        """Return the finished table."""
        planned = [self._plan(system) for system in self._systems]
        self._train([run for system in planned for run in system.runs])
        for one in planned:
            try:
                row = self._trained_row(one) if one.runs else self._ready_row(one.system)
            except Exception as error:
                # Whatever it is, the other systems may be fine.
                row = Row(one.system.name, errors=(one_line(error),))
            self._rows[one.system.name] = self._with_cost(row, one.system)
        present = {info.subject for info in self._store.infos}
        learners, held_out = len(self._people.learners), len(self._people.held_out)
        choosing = f"{held_out} held out to choose by, " if held_out else ""
        unseen = len(present & set(self._store.splits["test"]))
        people = f"{learners} people to learn from, {choosing}{unseen} unseen ones to measure on"
        return Board(self._data.name, self._data.title, self._data.protocol, tuple(self._rows.values()), people)

    def _plan(self, system: System) -> PlannedSystem:
        folder, options = self._folder / system.name, self._options
        return plan_system(system, self._data, self._people, folder, seeds=options.seeds, quick=options.quick)

    def _train(self, runs: Sequence[PlannedRun]) -> None:
        options = self._options
        minutes = {system.name: system.minutes / options.jobs for system in self._systems}
        self._minutes = {
            str(run.folder): minutes[run.cell] for run in runs if not (run.folder / METRICS_FILE).is_file()
        }
        self._forecast.leave_out()
        results = run_all(
            runs,
            self._store,
            self._data.protocol,
            jobs=options.jobs,
            threads=1,
            device=options.device,
            evaluate=measure_run,
            on_result=self._tell,
        )
        self._results |= {run.folder: result for run, result in zip(runs, results, strict=True)}

    def _tell(self, result: RunResult) -> None:
        """Count a training as done, and say how much is left."""
        minutes = self._minutes.get(result.folder, 0.0)
        self._forecast.advance(minutes)
        if minutes and not self._options.quick:
            outcome = "is done" if result.error is None else "failed"
            left = f"; about {self._forecast} are left" if self._forecast.minutes_left else ""
            self._say(f"{self._data.name}: {result.cell}, seed {result.seed} {outcome}{left}")

    def _trained_row(self, planned: PlannedSystem) -> Row:
        """Put the runs of a trained system together."""
        results = [(run, self._results[run.folder]) for run in planned.runs]
        errors = tuple(f"seed {result.seed}: {result.error}" for _, result in results if result.error is not None)
        done = [(run, result) for run, result in results if result.error is None]
        if not done:
            return Row(planned.system.name, errors=errors)
        folders = [run.folder for run, _ in done]
        metrics = [read_metrics(folder) for folder in folders]
        run = done[0][0]
        before = [] if run.first_step is None else [read_card(run.first_step.folder / "last").step]
        steps = " + ".join(f"{count:,}" for count in (*before, metrics[0]["training"]["steps"]))
        closed_form = not run.resolve().sampler
        return replace(
            _row(planned.system.name, folders, metrics),
            training_seconds=Spread(tuple(result.training_seconds or 0.0 for _, result in done)),
            budget="one pass" if closed_form else f"{steps} steps",
            errors=errors,
        )

    def _ready_row(self, system: System) -> Row:
        """Measure what is not trained itself: a model without weights, or a fusion of rows above."""
        folder = self._folder / system.name
        if is_untrained(system):
            metrics = self._measure(load_embedder(system.recipe, self._options.device), folder)
            return replace(_row(system.name, [folder], [metrics]), budget="none")
        members = self._members(system)
        folders = [folder / Path(run).name for run in members[0].folders]
        if not folders:
            raise GaitprintError("there is no seed with which all members of the fusion succeeded")
        measured = [
            self._measure(self._fused(system, number, self._options.device), of_seed)
            for number, of_seed in enumerate(folders)
        ]
        seconds = [row.training_seconds.values for row in members if row.training_seconds is not None]
        return replace(
            _row(system.name, folders, measured),
            training_seconds=Spread(tuple(map(sum, zip(*seconds, strict=True)))),
            budget="of its members",
        )

    def _with_cost(self, row: Row, system: System) -> Row:
        """Add what one walk costs, seen by the first seed's weights."""
        if not row.folders:
            return row
        try:
            if is_untrained(system):
                embedder = load_embedder(system.recipe, "cpu")
            elif member_recipes(system):
                embedder = self._fused(system, 0, "cpu")
            else:
                embedder = load_embedder(row.folders[0], "cpu")
            folder = self._folder / system.name
            return replace(row, cost=cost_of_walk(embedder, self._store, folder, quick=self._options.quick))
        except Exception as error:
            return replace(row, errors=(*row.errors, f"what a walk costs: {one_line(error)}"))

    def _measure(self, embedder: WalkEmbedder, folder: Path) -> dict[str, Any]:
        return measure_once(embedder, self._store, self._data.protocol, self._people.held_out, folder)

    def _members(self, system: System) -> list[Row]:
        """The rows that a fusion is made of, with the seeds that all of them have."""
        names = {one.recipe: one.name for one in self._systems}
        return with_shared_seeds([self._rows[names[recipe]] for recipe in member_recipes(system)])

    def _fused(self, system: System, number: int, device: str) -> FusedEmbedder:
        """The fusion of its members' runs with one of the seeds that they share."""
        members = {row.system: load_embedder(row.folders[number], device) for row in self._members(system)}
        return FusedEmbedder(members, name=system.name)


def _row(system: str, folders: Sequence[Path], metrics: Sequence[Mapping[str, Any]]) -> Row:
    """A row with what was measured of each seed."""
    held_out = [one["validation"]["map"] for one in metrics if one["validation"] is not None]
    return Row(
        system,
        spreads([figures_of(one) for one in metrics]),
        validation=Spread(tuple(held_out)) if held_out and None not in held_out else None,
        folders=tuple(map(str, folders)),
    )
