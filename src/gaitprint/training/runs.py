"""A list of trainings, each evaluated: what is missing is done, in this process or in several side by side."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from gaitprint.core.config import read_yaml, to_mapping
from gaitprint.core.errors import GaitprintError, IncompatibleError, UsageError, one_line
from gaitprint.core.files import write_json
from gaitprint.core.folders import surviving_folder
from gaitprint.core.progress import overall_bar
from gaitprint.core.threads import torch_threads
from gaitprint.data.store import Store
from gaitprint.evaluation.protocols import PROTOCOLS
from gaitprint.evaluation.study_results import RunResult, headline_figures
from gaitprint.models.weights import read_card
from gaitprint.training.processes import Died, available_cores, in_processes
from gaitprint.training.recipe import Recipe, load_recipe
from gaitprint.training.run_folder import first_difference
from gaitprint.training.stopwatch import processor_seconds, stopwatch, training_seconds

# Where an evaluated run has its figures.
METRICS_FILE = Path("evaluation", "metrics.json")
# What may differ between a run, or a study, that is there and the one that is wanted.
FREE_KEYS = frozenset({"name", "description", "data.workers"})
# (run folder, store, protocol, device) -> what its metrics.json holds; `evaluate_run` unless asked otherwise.
Evaluate = Callable[[Path, Store, str, str], dict[str, Any]]


@dataclass(frozen=True)
class PlannedRun:
    """A training to be done and evaluated.

    Args:
        cell: label that runs share which differ in nothing but the seed.
        recipe: a shipped recipe's name, or a YAML file.
        overrides: ``key=value``, as `recipe.load_recipe` takes them.
        seed: ``training.seed``.
        folder: the run folder; evaluation/ is made in it.
        first_step: a training from whose weights this one starts; done before it, and not evaluated.
    """

    cell: str
    recipe: str
    overrides: tuple[str, ...]
    seed: int
    folder: Path
    first_step: PlannedRun | None = None

    def resolve(self) -> Recipe:
        """Return the recipe with everything filled in; errors as `recipe.load_recipe`."""
        overrides = [*self.overrides, f"training.seed={self.seed}"]
        if self.first_step is not None:
            overrides.append(f"training.initial_weights={self.first_step.folder.resolve()}")
        return load_recipe(self.recipe, overrides)


def with_seeds(
    cell: str, recipe: str, folder: Path, overrides: Sequence[str] = (), *, seeds: int, first_seed: int | None = None
) -> list[PlannedRun]:
    """Plan a recipe with several seeds.

    Args:
        cell: see `PlannedRun`.
        recipe: see `PlannedRun`.
        folder: gets a run folder ``seed-N`` for each seed.
        overrides: see `PlannedRun`.
        seeds: how many.
        first_seed: the others follow it; None for the recipe's own.

    Raises:
        UsageError: `seeds` is less than 1; and, without `first_seed`, as `recipe.load_recipe`.
    """
    if seeds < 1:
        raise UsageError(f"{seeds} seeds: give at least 1")
    first = load_recipe(recipe, overrides).training.seed if first_seed is None else first_seed
    return [
        PlannedRun(cell, recipe, tuple(overrides), seed, folder / f"seed-{seed}")
        for seed in range(first, first + seeds)
    ]


def run_all(
    runs: Sequence[PlannedRun],
    store: Store,
    protocol: str,
    *,
    jobs: int = 1,
    threads: int | None = None,
    device: str = "auto",
    evaluate: Evaluate | None = None,
    on_result: Callable[[RunResult], None] | None = None,
) -> list[RunResult]:
    """Train and evaluate runs.

    What is done already stays: a finished run is only read, a run that was killed is resumed from its last checkpoint,
    one that lacks nothing but its evaluation is evaluated. A run that fails (it diverges, its options do not go
    together, its process is killed) gives a result with the reason, and the others go on.

    Args:
        runs: each in a folder of its own.
        store: the data, to train and to evaluate on.
        protocol: a name of `PROTOCOLS`.
        jobs: runs side by side. With one, they run in this process. With more, in spawned processes, so that a script
            which calls this needs its ``if __name__ == "__main__":``.
        threads: of torch in each run; None for an equal share of the cores (`processes.available_cores`) with several
            jobs, and for torch's own choice with one. The same number of threads gives the same weights, to the bit.
        device: ``auto``, ``cpu`` or ``cuda``.
        evaluate: measures a trained run, importable by name; None for `evaluate_run`.
        on_result: called in this process with each result as it comes, finished runs first.

    Returns:
        one result a run, in the order of `runs`.

    Raises:
        UsageError: unknown protocol, fewer than one job, or two runs in one folder.
    """
    PROTOCOLS[protocol]  # an unknown name is refused before the work starts
    if jobs < 1 or (threads is not None and threads < 1):
        raise UsageError(f"{jobs} jobs with {threads} threads: give at least 1")
    folders = [one.folder.absolute() for run in runs for one in (run, run.first_step) if one is not None]
    if twice := {folder for folder in folders if folders.count(folder) > 1}:
        raise UsageError(f"{min(twice)}: two runs cannot share a folder")
    data = store.content_hash()
    results = [finished_result(run, data, protocol) for run in runs]
    for result in results:
        if result is not None and on_result is not None:
            on_result(result)
    todo = [index for index, result in enumerate(results) if result is None]
    # One run alone draws its own progress; of several, one bar tells.
    with overall_bar("runs", len(runs), len(runs) - len(todo)) if len(todo) > 1 else nullcontext() as bar:
        work = partial(complete, store=store, protocol=protocol, device=device, evaluate=evaluate)
        # A share also for a last run that is alone: other threads could give other last bits.
        share = max(1, available_cores() // jobs) if threads is None and jobs > 1 else threads
        if share is not None and jobs > 1 and len(todo) > 1:
            outcomes = in_processes(work, [runs[index] for index in todo], jobs, share)
        else:
            outcomes = _here(work, [runs[index] for index in todo], share)
        for place, outcome in outcomes:
            run = runs[todo[place]]
            result = _failure(run, outcome.reason) if isinstance(outcome, Died) else outcome
            results[todo[place]] = result
            if on_result is not None:
                on_result(result)
            if bar is not None:
                bar.advance(_line(result))
    return cast(list[RunResult], results)


def finished_result(run: PlannedRun, data: str, protocol: str) -> RunResult | None:
    """Return the result of a run that is complete; None where something is left to do.

    Args:
        run: the run.
        data: `Store.content_hash` of the data that it should have been trained and evaluated on.
        protocol: that it should have been evaluated under.
    """
    try:
        metrics = json.loads((run.folder / METRICS_FILE).read_text(encoding="utf-8"))
        best = surviving_folder(run.folder / "best")
        same_weights = best is not None and read_card(best).weights_hash == metrics["card"]["weights_hash"]
        same_question = (metrics["protocol"], metrics["data"]) == (protocol, data)
        same_training = _has_recipe(run) and _started_from_first_step(run)
        return _result(run, metrics) if same_weights and same_training and same_question else None
    except (GaitprintError, OSError, ValueError, KeyError, TypeError):
        return None  # whatever is missing or damaged is done again, or fails again and says why


def _has_recipe(run: PlannedRun) -> bool:
    """Whether what is in the run folder, and in that of the first step, has the planned recipe."""
    found, wanted = read_yaml(run.folder / "recipe.yaml"), to_mapping(run.resolve())
    if run.first_step is None:
        return first_difference(found, wanted, FREE_KEYS) is None
    # Both folders may have been moved; which weights were taken is told by their hash.
    free = FREE_KEYS | {"training.initial_weights"}
    return first_difference(found, wanted, free) is None and _has_recipe(run.first_step)


def _started_from_first_step(run: PlannedRun) -> bool:
    """Whether a run that has begun took the weights that its first step has now; True without either."""
    last = surviving_folder(run.folder / "last")
    if run.first_step is None or last is None:
        return True
    first = surviving_folder(run.first_step.folder / "best")
    return first is not None and read_card(last).initial_weights_hash == read_card(first).weights_hash


def complete(
    run: PlannedRun, store: Store, protocol: str, device: str = "auto", evaluate: Evaluate | None = None
) -> RunResult:
    """Train and evaluate whatever is missing of a run; a failure becomes part of the result."""
    try:
        return _result(run, _complete(run, store, protocol, device, evaluate or evaluate_run))
    except Exception as error:
        # Whatever it is (memory, say), the other runs may be fine.
        return _failure(run, one_line(error))


def _complete(run: PlannedRun, store: Store, protocol: str, device: str, evaluate: Evaluate) -> dict[str, Any]:
    import torch

    summary = _train(run, store, device)
    metrics = evaluate(run.folder, store, protocol, device) | {
        "training": {
            "seconds": training_seconds(run.folder),
            "threads": torch.get_num_threads(),
            **{name: summary[name] for name in ("recipe", "subjects", "walks", "steps", "epochs")},
        }
    }
    write_json(run.folder / METRICS_FILE, metrics)
    return metrics


def _train(run: PlannedRun, store: Store, device: str) -> dict[str, Any]:
    """Train what is missing of a run, its first step before it."""
    from gaitprint.evaluation.embed import choose_device
    from gaitprint.training.train import train

    if run.first_step is not None:
        _train(run.first_step, store, device)
    if not _started_from_first_step(run):
        raise IncompatibleError(f"{run.folder}: was started from other weights than its first step has now; remove it")
    recipe = run.resolve()
    last = surviving_folder(run.folder / "last")
    steps_before = 0 if last is None else read_card(last).step
    clock = processor_seconds if choose_device(device).type == "cpu" else time.perf_counter
    with stopwatch(run.folder, clock) as watch:
        summary = train(recipe, store, run.folder, resume=True, device=device)
        if summary["steps"] == steps_before:
            watch.discard()  # trained already
    return summary


def evaluate_run(folder: Path, store: Store, protocol: str, device: str = "auto") -> dict[str, Any]:
    """Measure the best weights of a run on the people whom it did not see; returns what ``metrics.json`` holds.

    Raises:
        GaitprintError: nobody is left to evaluate, or the protocol finds nothing to compare.
    """
    from gaitprint.evaluation.embed import load_embedder
    from gaitprint.evaluation.evaluate import evaluate_embeddings
    from gaitprint.evaluation.unseen import unseen_subjects

    embedder = load_embedder(folder, device)
    chosen = unseen_subjects(store, embedder.train_subjects)
    positions = [position for position, info in enumerate(store.infos) if info.subject in chosen]
    evaluation = evaluate_embeddings(
        embedder.embed_store(store, positions),
        protocol,
        metric=embedder.distance,
        probes=store.splits.get("probe"),
    )
    return {"model": str(folder), **evaluation.to_json(), "card": embedder.card, "data": store.content_hash()}


def _here(
    work: Callable[[PlannedRun], RunResult], runs: Sequence[PlannedRun], threads: int | None
) -> Iterator[tuple[int, RunResult]]:
    """Do the runs one after the other."""
    for index, run in enumerate(runs):
        with torch_threads(threads) if threads is not None else nullcontext():
            result = work(run)
        yield index, result


def _result(run: PlannedRun, metrics: dict[str, Any]) -> RunResult:
    figures = headline_figures(metrics)
    if not figures:
        return _failure(run, f"protocol '{metrics['protocol']}' gives no figure to compare runs by")
    training, card = metrics["training"], metrics["card"]
    return RunResult(
        run.cell,
        run.seed,
        str(run.folder),
        figures=figures,
        training_seconds=training["seconds"] + (training_seconds(run.first_step.folder) if run.first_step else 0.0),
        threads=training["threads"],
        weights_hash=card["weights_hash"],
    )


def _failure(run: PlannedRun, reason: str) -> RunResult:
    return RunResult(run.cell, run.seed, str(run.folder), error=reason)


def _line(result: RunResult) -> str:
    name = f"{result.cell}, seed {result.seed}: " if result.cell else f"seed {result.seed}: "
    if result.error is not None:
        return f"{name}failed: {result.error}"
    figures = "  ".join(f"{figure} {100 * value:.1f} %" for figure, value in result.figures.items())
    return f"{name}{figures}  after {result.training_seconds:.0f} s of training"
