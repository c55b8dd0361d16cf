"""The training loop: one plain function for every model, on a CPU, one GPU, or what ``torchrun`` launched."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer
from torch import Tensor

from gaitprint.core.config import to_mapping
from gaitprint.core.errors import GaitprintError, IncompatibleError, UsageError
from gaitprint.core.folders import surviving_folder
from gaitprint.core.memory_format import channels_last
from gaitprint.core.progress import progress_bar
from gaitprint.data.sampling import generator
from gaitprint.data.store import Store
from gaitprint.models.weight_files import read_card_of
from gaitprint.training.checkpoint import TrainerState, load_checkpoint, save_checkpoint
from gaitprint.training.engine import repeatable, start_engine
from gaitprint.training.history import RunLog
from gaitprint.training.objective import Objective
from gaitprint.training.optimizer import build_optimizer
from gaitprint.training.recipe import Recipe
from gaitprint.training.run_folder import check_run_folder, write_recipe
from gaitprint.training.schedule import Moment, Schedule, build_schedule, epochs_without_improvement
from gaitprint.training.tasks.base import AnyTrainingCard, Start, Task
from gaitprint.training.tasks.identification import IdentificationTask
from gaitprint.training.tasks.pose import PoseTask

Batches = Iterator[tuple[Tensor, Tensor]]

# Steps between two TensorBoard points, and two readings of the loss beside the progress bar.
_LOG_EVERY_STEPS = 20


class DivergedError(GaitprintError):
    """The loss is no number any more."""


@dataclass
class _Run:
    """A training under way."""

    recipe: Recipe
    out: Path
    fabric: Fabric
    task: Task
    schedule: Schedule
    learning_rate: float
    steps_per_epoch: int
    total_steps: int
    start: Start
    objective: Objective
    optimizer: torch.optim.Optimizer
    # The two above as the engine wraps them: distributed, and in the chosen precision.
    engine_objective: _FabricModule
    engine_optimizer: _FabricOptimizer
    state: TrainerState
    log: RunLog | None = None  # of the first process alone, as everything that is written

    @property
    def scores(self) -> list[float]:
        """What each epoch is judged by; higher is better. With people held out, only epochs that saw them count."""
        if not len(self.task.people.validation):
            return [-row["loss"] for row in self.state.history]
        return [row.get(self.task.validation_figure, -math.inf) for row in self.state.history]

    @property
    def finished(self) -> bool:
        patience = self.recipe.training.early_stopping
        stale = patience is not None and epochs_without_improvement(self.scores) >= patience
        return self.state.step >= self.total_steps or stale


def train(
    recipe: Recipe, store: Store, out: str | os.PathLike[str], *, resume: bool = False, device: str = "auto"
) -> dict[str, Any]:
    """Train a model and leave a run folder.

    On a CPU the weights are the same to the bit whenever recipe, data and number of threads are, whether the training
    ran through or was killed and resumed. Under ``torchrun`` all processes share each batch.

    Args:
        recipe: see `recipe.load_recipe`.
        store: the data.
        out: the run folder.
        resume: go on from its last checkpoint, or start where there is none yet.
        device: ``auto``, ``cpu`` or ``cuda``.

    Returns:
        ``folder``, ``recipe``, ``subjects``, ``walks``, ``steps``, ``epochs``, ``weights_hash`` (of the last weights),
        ``best_weights_hash`` and the figures of the ``best`` and the ``last`` epoch.

    Raises:
        UsageError: `out` holds a run and `resume` is not set; the store lacks the subjects, conditions or views; an
            option that the optimiser does not take.
        IncompatibleError: the walks are not what the model takes; `resume` with another recipe or other data, or of a
            run that has taken more steps than the recipe asks for.
        DivergedError: the loss became infinite or NaN.
    """
    task_type = _task_type(recipe)
    partial = task_type.leaves_weights_alone(recipe)
    fabric = start_engine(device, recipe.training.precision, partial=partial)
    check_run_folder(Path(out), recipe, store, resume=resume, card_type=task_type.card_type)
    with repeatable(fabric.device):
        run = _set_up(task_type(recipe, store, fabric.global_rank, fabric.world_size), Path(out), fabric)
        fabric.barrier()  # nobody writes before everybody has looked
        if fabric.is_global_zero:
            write_recipe(run.out, recipe)
            run.log = RunLog(run.out, run.state.step)
        try:
            if run.log:
                _say_what(run, run.log)
                run.log.history(run.state.history)  # without the epochs that an interruption has undone
            batches = run.task.batches(run.state.step, run.total_steps)
            while not run.finished:
                _run_epoch(run, batches)
        finally:
            if run.log:
                run.log.close()
    fabric.barrier()
    return _summary(run)


def _task_type(recipe: Recipe) -> type[Task]:
    """Return the kind of training that a recipe's model takes."""
    return PoseTask if recipe.finds_joints else IdentificationTask


def _set_up(task: Task, out: Path, fabric: Fabric) -> _Run:
    """Build everything that the recipe names, and load the last checkpoint where there is one."""
    recipe = task.recipe
    torch.manual_seed(recipe.training.seed)
    last = surviving_folder(out / "last")
    built, start = task.build(resumed=last is not None)
    objective = channels_last(built)
    choice = build_optimizer(recipe.optimizer)
    try:
        optimizer = choice.build(objective.parameters())
    except ValueError as error:
        raise UsageError(f"optimizer: {error}") from error
    engine_objective, engine_optimizer = fabric.setup(objective, optimizer)

    state = TrainerState()
    if last is not None:
        card, state = load_checkpoint(last, objective, optimizer, task.card_type)
        fabric.strategy.precision.load_state_dict(state.scaler)
        start = task.start_of(card)
    epochs, steps = recipe.training.epochs, recipe.training.steps
    steps_per_epoch = recipe.training.steps_per_epoch or task.sampler.steps_per_epoch
    total_steps = epochs * steps_per_epoch if steps is None else steps
    if state.step > total_steps:
        raise IncompatibleError(
            f"{out}: has taken {state.step:,} steps already, the recipe now asks for {total_steps:,}"
        )
    return _Run(
        recipe=recipe,
        out=out,
        fabric=fabric,
        task=task,
        schedule=build_schedule(recipe.schedule),
        learning_rate=choice.learning_rate,
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        start=start,
        objective=objective,
        optimizer=optimizer,
        engine_objective=engine_objective,
        engine_optimizer=engine_optimizer,
        state=state,
    )


def _run_epoch(run: _Run, batches: Batches) -> None:
    """Take the steps that are left of the epoch under way, then judge and keep its weights."""
    started, first_step = time.perf_counter(), run.state.step
    epoch = first_step // run.steps_per_epoch + 1
    end = min(epoch * run.steps_per_epoch, run.total_steps)
    save_every = run.recipe.training.save_every_steps
    judged = [score for score in run.scores if score > -math.inf]
    samples = 0
    sums = {name: torch.tensor(value, device=run.fabric.device) for name, value in run.state.sums.items()}
    run.objective.train()
    with progress_bar() as bar:
        task = bar.add_task(
            f"epoch {epoch}", total=run.steps_per_epoch, completed=first_step % run.steps_per_epoch, note=""
        )
        for batch in islice(batches, end - first_step):
            moment = Moment(run.state.step, run.steps_per_epoch, run.total_steps, judged)
            figures = _take_step(run, batch, run.learning_rate * run.schedule.factor(moment))
            sums = {name: sums[name] + value if name in sums else value for name, value in figures.items()}
            run.state.step += 1
            samples += len(batch[1]) * run.fabric.world_size
            bar.advance(task)
            if run.log and run.state.step % _LOG_EVERY_STEPS == 0:
                run.log.scalars({f"step/{name}": float(value) for name, value in figures.items()}, run.state.step)
                bar.update(task, note=f"loss {float(figures['loss']):.3f}")
            if save_every is not None and run.state.step % save_every == 0 and run.state.step < end:
                run.state.sums = _mean_over_processes(run, sums)
                sums = {name: torch.tensor(value, device=run.fabric.device) for name, value in run.state.sums.items()}
                _save_last(run)
    # An epoch that ended a shorter training is in the history already, and these are the steps after it.
    steps = run.state.step - int(run.state.history[-1]["step"] if run.state.history else 0)
    row: dict[str, float] = {
        "epoch": epoch,
        "step": run.state.step,
        "learning_rate": run.optimizer.param_groups[0]["lr"],
        **{name: value / steps for name, value in _mean_over_processes(run, sums).items()},
    }
    due = epoch % run.recipe.training.validate_every_epochs == 0 or run.state.step >= run.total_steps
    if len(run.task.people.validation) and due:
        row[run.task.validation_figure] = _validate(run)
    run.state.sums = {}
    run.state.history.append(row)
    _keep(run)
    if run.log:
        seconds = time.perf_counter() - started
        run.log.write(_line(run, row, samples / seconds))
        run.log.scalars({f"epoch/{name}": value for name, value in row.items()}, run.state.step)
        run.log.history(run.state.history)


def _take_step(run: _Run, batch: tuple[Tensor, Tensor], learning_rate: float) -> dict[str, Tensor]:
    """One optimiser step; everything random in it follows from the seed, the step and the process."""
    torch.manual_seed(
        int(generator(run.recipe.training.seed, "torch", run.state.step, run.fabric.global_rank).integers(1 << 62))
    )
    for group in run.optimizer.param_groups:
        group["lr"] = learning_rate
    loss, figures = run.engine_objective(*run.task.prepare(batch, run.fabric.device))
    run.engine_optimizer.zero_grad()
    run.fabric.backward(loss)
    if run.recipe.training.clip_norm is not None:
        run.fabric.clip_gradients(run.engine_objective, run.engine_optimizer, max_norm=run.recipe.training.clip_norm)
    run.engine_optimizer.step()
    return {name: value.detach() for name, value in figures.items()}


def _mean_over_processes(run: _Run, sums: dict[str, Tensor]) -> dict[str, float]:
    """Sums of figures over the steps of an epoch, averaged over the processes."""
    if run.fabric.world_size > 1:
        sums = {name: cast(Tensor, run.fabric.all_reduce(value, reduce_op="mean")) for name, value in sums.items()}
    means = {name: float(value) for name, value in sums.items()}
    if not all(math.isfinite(value) for value in means.values()):
        raise DivergedError(
            f"{run.out}: the loss is no finite number after step {run.state.step}; "
            "lower optimizer.learning_rate or set training.clip_norm"
        )
    return means


def _validate(run: _Run) -> float:
    """How good the weights are for the people held out; the first process computes it."""
    figure = run.task.validate(run.objective, run.fabric.device) if run.fabric.is_global_zero else 0.0
    return float(run.fabric.broadcast(figure))


def _keep(run: _Run) -> None:
    """Write best/, checkpoints/ and last/ as they are due. last/ comes at the end: a resumed run repeats the others."""
    if run.log:
        row, keep_every = run.state.history[-1], run.recipe.training.keep_every_epochs
        if epochs_without_improvement(run.scores) == 0:
            save_checkpoint(run.out / "best", run.objective, _card(run))
        if keep_every is not None and int(row["epoch"]) % keep_every == 0:
            save_checkpoint(run.out / "checkpoints" / f"epoch-{int(row['epoch']):04d}", run.objective, _card(run))
    _save_last(run)


def _save_last(run: _Run) -> None:
    if run.log:
        run.state.scaler = run.fabric.strategy.precision.state_dict()
        save_checkpoint(run.out / "last", run.objective, _card(run), run.optimizer, run.state)
    run.fabric.barrier()


def _card(run: _Run) -> AnyTrainingCard:
    metrics = run.state.history[-1] if run.state.history else {}
    return run.task.card(run.objective, run.start, metrics, run.state.step)


def _say_what(run: _Run, log: RunLog) -> None:
    parameters = sum(parameter.numel() for parameter in run.objective.parameters())
    people = run.task.people
    held_out = f", {len(people.validation):,} walks held out" if len(people.validation) else ""
    verb = "resuming" if run.state.step else "training"
    if run.start.taken:
        log.write(f"starting from {run.start.taken}")
    log.write(
        f"{verb} {run.recipe.model['name']} ({parameters:,} parameters) at step {run.state.step:,} of "
        f"{run.total_steps:,}: {len(people.subjects)} people, "
        f"{len(people.positions):,} walks{held_out}; {run.fabric.world_size} process(es) on "
        f"{run.fabric.device.type}, {torch.get_num_threads()} threads, {run.fabric.strategy.precision.precision}"
    )


def _line(run: _Run, row: dict[str, float], samples_per_second: float) -> str:
    epochs = math.ceil(run.total_steps / run.steps_per_epoch)
    figures = "  ".join(f"{name} {row[name]:.4g}" for name in row if name not in ("epoch", "step"))
    best = "  best so far" if epochs_without_improvement(run.scores) == 0 else ""
    return f"epoch {int(row['epoch'])}/{epochs}  {figures}  {samples_per_second:.0f} {run.task.unit}/s{best}"


def _summary(run: _Run) -> dict[str, Any]:
    cards = {name: surviving_folder(run.out / name) for name in ("best", "last")}
    best, last = (read_card_of(folder, run.task.card_type) if folder else None for folder in cards.values())
    assert best is not None  # every training ends with an epoch judged
    assert last is not None
    return {
        "folder": str(run.out),
        "recipe": run.recipe.name,
        "subjects": len(run.task.people.subjects),
        "walks": len(run.task.people.positions),
        "steps": run.state.step,
        "epochs": len(run.state.history),
        "weights_hash": last.weights_hash,
        "best_weights_hash": best.weights_hash,
        "best": to_mapping(best)["metrics"],
        "last": to_mapping(last)["metrics"],
    }
