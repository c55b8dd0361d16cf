import csv
import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.errors import GaitprintError, IncompatibleError, UnreadableFileError, UsageError
from gaitprint.data.store import Store
from gaitprint.evaluation.study_results import StudyResult
from gaitprint.training import fit, runs
from gaitprint.training.fit import train
from gaitprint.training.processes import Died
from gaitprint.training.runs import run_all, with_seeds
from gaitprint.training.study import Study, check_success, plan_study, run_study

STEPS_A_RUN = 9  # 3 epochs of 3 steps
GRID = ("loss=cross-entropy,triplet",)


def _plan(quick, grid=GRID, seeds: int = 2, overrides: tuple[str, ...] = (), **options) -> Study:
    return plan_study("cnn-gei", grid, overrides=(*quick, *overrides), seeds=seeds, protocol="first-walk", **options)


def _run(plan: Study, store: Store, out: Path, **options) -> StudyResult:
    return run_study(plan, store, out, threads=1, device="cpu", **options)


def _facts(result: StudyResult) -> list[tuple]:
    """What must be the same whenever a study is the same."""
    return [(run.cell, run.seed, run.figures, run.weights_hash, run.error) for run in result.runs]


@pytest.fixture(scope="module")
def finished(blobs: Store, quick, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StudyResult]:
    """A study of two losses with two seeds each."""
    out = tmp_path_factory.mktemp("study") / "study"
    return out, _run(_plan(quick), blobs, out)


@pytest.fixture
def copy(finished, tmp_path: Path) -> Path:
    return shutil.copytree(finished[0], tmp_path / "study")


@pytest.fixture
def work_done(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts optimiser steps and evaluations."""
    done = {"steps": 0, "evaluations": 0}
    real_step, real_evaluation = fit._take_step, runs.evaluate_run

    def step(*arguments):
        done["steps"] += 1
        return real_step(*arguments)

    def evaluation(*arguments):
        done["evaluations"] += 1
        return real_evaluation(*arguments)

    monkeypatch.setattr(fit, "_take_step", step)
    monkeypatch.setattr(runs, "evaluate_run", evaluation)
    return done


def test_every_cell_is_trained_with_every_seed(finished, blobs: Store, quick, tmp_path: Path) -> None:
    _, result = finished
    assert [(cell.label, [run.seed for run in cell.runs]) for cell in result.cells] == [
        ("cross-entropy", [42, 43]),
        ("triplet", [42, 43]),
    ]
    assert not result.failures
    check_success(result)
    # The same by hand: train, then evaluate the best weights.
    recipe = plan_study("cnn-gei", (), overrides=(*quick, "loss=triplet", "training.seed=43")).base
    summary = train(recipe, blobs, tmp_path / "run", device="cpu")
    run = result.cells[1].runs[1]
    assert run.weights_hash == summary["best_weights_hash"]
    metrics = runs.evaluate_run(tmp_path / "run", blobs, "first-walk")
    assert run.figures["Rank-1"] == metrics["rank1"]
    kept = json.loads((Path(run.folder) / "evaluation" / "metrics.json").read_text())
    assert kept["rank1"] == metrics["rank1"]
    assert 0 < run.training_seconds == kept["training"]["seconds"] < 60
    assert kept["training"]["threads"] == run.threads == 1


def test_mean_and_deviation_are_numpys(finished) -> None:
    out, result = finished
    study = json.loads((out / "study.json").read_text())
    by_cell = {row["loss"]: row for row in csv.DictReader((out / "study.csv").open())}
    assert (study["succeeded"], study["failed"], study["grid"]) == (4, 0, {"loss": ["cross-entropy", "triplet"]})
    assert "sample standard deviation" in study["deviation"]
    for cell in study["cells"]:
        for name in ("Rank-1", "Rank-5", "mAP"):
            values = []
            for seed in (42, 43):
                (folder,) = [run["folder"] for run in cell["runs"] if run["seed"] == seed]
                metrics = json.loads((Path(folder) / "evaluation" / "metrics.json").read_text())
                values.append(metrics[{"Rank-1": "rank1", "Rank-5": "rank5", "mAP": "map"}[name]])
            assert cell["figures"][name]["mean"] == pytest.approx(np.mean(values))
            assert cell["figures"][name]["deviation"] == pytest.approx(np.std(values, ddof=1))
            row = by_cell[cell["label"]]
            assert float(row[f"{name} mean"]) == pytest.approx(np.mean(values))
            assert float(row[f"{name} deviation"]) == pytest.approx(np.std(values, ddof=1))
    rows = list(csv.DictReader((out / "runs.csv").open()))
    assert [(row["loss"], row["seed"]) for row in rows] == [(run.cell, str(run.seed)) for run in result.runs]
    for name in ("study.png", "study.md", "plan.json"):
        assert (out / name).stat().st_size > 0


def test_a_finished_study_is_only_read(finished, copy: Path, blobs: Store, quick, work_done) -> None:
    again = _run(_plan(quick), blobs, copy)
    assert work_done == {"steps": 0, "evaluations": 0}
    assert _facts(again) == _facts(finished[1])
    seconds = [run.training_seconds for run in finished[1].runs]
    assert [run.training_seconds for run in again.runs] == seconds


def test_a_missing_evaluation_is_all_that_is_repeated(finished, copy: Path, blobs: Store, quick, work_done) -> None:
    (folder,) = copy.glob("runs/triplet-*/seed-42")
    shutil.rmtree(folder / "evaluation")
    again = _run(_plan(quick), blobs, copy)
    assert work_done == {"steps": 0, "evaluations": 1}
    assert _facts(again) == _facts(finished[1])
    assert again.cells[1].runs[0].training_seconds == finished[1].cells[1].runs[0].training_seconds


def test_a_killed_study_goes_on_where_it_was(finished, blobs: Store, quick, tmp_path: Path, work_done) -> None:
    saves = 0
    real_save = fit._save_last

    def save_and_stop(run) -> None:
        nonlocal saves
        real_save(run)
        saves += 1
        if saves == 5:  # the second epoch of the second run
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fit, "_save_last", save_and_stop)
        _run(_plan(quick), blobs, tmp_path / "study")
    assert work_done == {"steps": STEPS_A_RUN + 6, "evaluations": 1}
    again = _run(_plan(quick), blobs, tmp_path / "study")
    assert work_done == {"steps": 4 * STEPS_A_RUN, "evaluations": 4}
    assert _facts(again) == _facts(finished[1])
    assert all(run.training_seconds > 0 for run in again.runs)


@pytest.mark.parametrize("damage", ["truncated metrics", "no weights", "other weights"])
def test_what_is_damaged_is_done_again(finished, copy: Path, blobs: Store, quick, work_done, damage: str) -> None:
    (folder,) = copy.glob("runs/cross-entropy-*/seed-43")
    (other,) = copy.glob("runs/cross-entropy-*/seed-42")
    metrics = folder / "evaluation" / "metrics.json"
    steps = 0
    if damage == "truncated metrics":
        metrics.write_text(metrics.read_text()[:100])
    elif damage == "no weights":
        shutil.rmtree(folder / "best")
        shutil.rmtree(folder / "last")
        steps = STEPS_A_RUN
    else:
        # Evaluated once, then trained on: the figures are of other weights.
        values = json.loads(metrics.read_text())
        values["card"]["weights_hash"] = json.loads((other / "best" / "card.json").read_text())["weights_hash"]
        metrics.write_text(json.dumps(values))
    again = _run(_plan(quick), blobs, copy)
    assert work_done == {"steps": steps, "evaluations": 1}
    assert _facts(again) == _facts(finished[1])


def test_seeds_and_values_can_be_added(finished, copy: Path, blobs: Store, quick, work_done) -> None:
    more_seeds = _run(_plan(quick, seeds=3), blobs, copy)
    assert work_done == {"steps": 2 * STEPS_A_RUN, "evaluations": 2}
    more_values = _run(_plan(quick, ["loss=triplet,cross-entropy+triplet,cross-entropy"], seeds=3), blobs, copy)
    assert work_done == {"steps": 5 * STEPS_A_RUN, "evaluations": 5}
    assert [cell.label for cell in more_values.cells] == ["triplet", "cross-entropy+triplet", "cross-entropy"]
    assert _facts(more_values)[:2] == _facts(more_seeds)[3:5] == _facts(finished[1])[2:]


def test_another_study_is_refused(finished, copy: Path, blobs: Store, quick, tmp_path: Path) -> None:
    def refused(match: str, plan: Study, store: Store = blobs, out: Path = copy) -> None:
        before = (copy / "plan.json").read_bytes()
        with pytest.raises(IncompatibleError, match=match) as caught:
            _run(plan, store, out)
        assert "\n" not in str(caught.value)
        assert (copy / "plan.json").read_bytes() == before

    changed = _plan(quick, overrides=("optimizer.learning_rate=0.5",))
    refused(r"a recipe with optimizer\.learning_rate=0\.001, now 0\.5", changed)
    refused(r"recipe with training\.epochs=3, now 4", _plan(quick, overrides=("training.epochs=4",)))
    refused("with the grid loss, now loss × schedule", _plan(quick, [*GRID, "schedule=cosine,step"]))
    refused("with the grid loss, now of one cell", _plan(quick, ()))
    refused('loss="triplet", left out now', _plan(quick, ["loss=cross-entropy,contrastive"]))
    refused("with 2 seeds, now 1", _plan(quick, seeds=1))
    refused("protocol first-walk, now verification", dataclasses.replace(_plan(quick), protocol="verification"))
    other = Store.create(tmp_path / "other")
    other.add([blobs.read(walk) for walk in list(blobs)[:-1]])
    refused("other data", _plan(quick), store=other)

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds other files and no study"):
        _run(_plan(quick), blobs, tmp_path / "full")
    with pytest.raises(UsageError, match="is a file"):
        _run(_plan(quick), blobs, tmp_path / "full" / "letter.txt")
    (copy / "plan.json").write_text("[]")
    with pytest.raises(UnreadableFileError, match="not the plan of a study"):
        _run(_plan(quick), blobs, copy)


def test_a_failing_run_is_reported_and_stops_no_other(blobs: Store, quick, tmp_path: Path) -> None:
    grid = ["optimizer={name: sgd, learning_rate: 1e30},adam", "sampler.batch_size=8,99"]
    plan = _plan([entry for entry in quick if "batch_size" not in entry], grid, seeds=1)
    result = _run(plan, blobs, tmp_path / "study")
    errors = {run.cell: run.error for run in result.runs}
    assert errors["adam · 8"] is None
    assert "batch_size is 99" in errors["adam · 99"]
    assert "no finite number" in errors["sgd (learning_rate 1e30) · 8"]
    assert (tmp_path / "study" / "study.md").read_text().count("0 of 1") == 3
    study = json.loads((tmp_path / "study" / "study.json").read_text())
    assert (study["succeeded"], study["failed"]) == (1, 3)
    assert [run["error"] for cell in study["cells"] for run in cell["runs"]] == list(errors.values())
    assert errors["adam · 99"] in (tmp_path / "study" / "runs.csv").read_text()
    check_success(result)


def test_a_combination_that_cannot_be_is_a_failing_run(blobs: Store, quick, tmp_path: Path) -> None:
    grid = ["loss.0=cross-entropy,triplet", "loss.1=triplet,{name: triplet, margin: 0.4}"]
    with pytest.raises(UsageError, match=r"loss\.0=triplet: loss names triplet, triplet"):
        _plan(quick, grid, overrides=("loss=cross-entropy+triplet",))  # no cell can be trained with this value
    grid[1] = "loss.1=triplet,masked-reconstruction"
    plan = _plan(quick, grid, seeds=1, overrides=("loss=cross-entropy+triplet", "training.epochs=1"))
    result = _run(plan, blobs, tmp_path / "study")
    errors = {run.cell: run.error for run in result.runs}
    assert errors["cross-entropy · triplet"] is None
    assert errors["triplet · triplet"] == "loss names triplet, triplet: give at least one, each once"
    assert errors["triplet · masked-reconstruction"]  # cnn-gei reconstructs nothing
    assert len(result.failures) == 3


def test_what_is_no_error_of_ours_is_a_failing_run_too(
    blobs: Store, quick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise RuntimeError("no memory\n  is left")

    monkeypatch.setattr(fit, "build_optimizer", refuse)
    plan = _plan(quick, ["optimizer.nesterov=true"], seeds=1, overrides=("optimizer=sgd",))
    result = _run(plan, blobs, tmp_path / "study")
    (error,) = [run.error for run in result.runs]
    assert error == "RuntimeError: no memory is left"
    with pytest.raises(GaitprintError, match="none of 1 runs succeeded; the first: RuntimeError: no memory"):
        check_success(result)
    assert not (tmp_path / "study" / "study.png").exists()
    assert (tmp_path / "study" / "study.csv").read_text().splitlines()[1].startswith("true,0,1,")


def test_mistakes_are_found_before_the_work_starts(quick) -> None:
    for grid, message in (
        (["los=a,b"], "unknown key 'los' (did you mean 'loss'?)"),
        (["optimizer.learning_rte=1,2"], "unknown key 'optimizer.learning_rte' (did you mean 'learning_rate'?)"),
        (["loss=cross-entropy,tripplet"], "unknown loss 'tripplet' (did you mean 'triplet'?)"),
        (["schedule=cosine,{name: step, epoch: 1}"], "unknown key 'schedule.epoch' (did you mean 'epochs'?)"),
        (["training.epochs=1,x"], "training.epochs: Input should be"),
        (["loss=triplet,{name: triplet}"], "the cells 'triplet' and 'triplet' are the same training"),
        (["loss=triplet,{name: triplet, weight: 1.0}"], "are the same training"),
        (["schedule=cosine,plateau", "schedule.patience=1"], "schedule=cosine: unknown key 'schedule.patience'"),
        (["schedule.floor=0,1", "schedule=cosine,step"], "cells '0 · cosine' and '1 · cosine' are the same training"),
    ):
        with pytest.raises(UsageError) as caught:
            _plan(quick, grid)
        assert message in str(caught.value), grid
    with pytest.raises(UsageError, match="did you mean 'casia-b'"):
        plan_study("cnn-gei", GRID, protocol="casiab")
    with pytest.raises(UsageError, match="--seeds is 0"):
        _plan(quick, seeds=0)


def test_a_study_without_a_grid_repeats_one_recipe(blobs: Store, quick, tmp_path: Path) -> None:
    result = _run(_plan(quick, (), seeds=2, overrides=("training.seed=7",)), blobs, tmp_path / "study")
    (cell,) = result.cells
    assert [run.seed for run in cell.runs] == [7, 8]
    assert cell.runs[0].weights_hash != cell.runs[1].weights_hash


def test_runs_side_by_side_give_the_same(finished, blobs: Store, quick, tmp_path: Path) -> None:
    result = _run(_plan(quick, seeds=1), blobs, tmp_path / "study", jobs=2)
    assert _facts(result) == _facts(finished[1])[::2]
    assert {run.threads for run in result.runs} == {1}


def test_a_killed_process_is_an_error_of_its_run(blobs: Store, quick, tmp_path: Path, monkeypatch) -> None:
    def dying(work, items, jobs, threads):
        assert (jobs, threads) == (3, 2)
        yield 1, Died("its process was killed (SIGKILL: out of memory?)")
        yield 0, work(items[0])

    monkeypatch.setattr(runs, "in_processes", dying)
    plan = with_seeds("mine", "cnn-gei", tmp_path, quick, seeds=2)
    seen = []
    results = run_all(plan, blobs, "first-walk", jobs=3, threads=2, device="cpu", on_result=seen.append)
    assert [result.error for result in results] == [None, "its process was killed (SIGKILL: out of memory?)"]
    assert seen == results[::-1]
    assert [result.folder for result in results] == [str(tmp_path / "seed-42"), str(tmp_path / "seed-43")]


def test_a_list_of_runs_must_make_sense(blobs: Store, quick, tmp_path: Path) -> None:
    plan = with_seeds("a", "cnn-gei", tmp_path, quick, seeds=1)
    with pytest.raises(UsageError, match="two runs cannot share a folder"):
        run_all([*plan, *with_seeds("b", "cnn-gei", tmp_path, quick, seeds=1)], blobs, "first-walk")
    with pytest.raises(UsageError, match="0 jobs"):
        run_all(plan, blobs, "first-walk", jobs=0)
    with pytest.raises(UsageError, match="unknown protocol"):
        run_all(plan, blobs, "first")
    with pytest.raises(UsageError, match="0 seeds"):
        with_seeds("a", "cnn-gei", tmp_path, seeds=0)
    assert not list(tmp_path.iterdir())
