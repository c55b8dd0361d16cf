import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.training.conftest import QUICK, blob_walk, skeleton_walk

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import GaitprintError, UsageError
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_embedder
from gaitprint.evaluation.evaluate import evaluate_embeddings
from gaitprint.evaluation.leaderboard import Cost, Leaderboard
from gaitprint.training import fit, leaderboard_measure, leaderboard_plan
from gaitprint.training.leaderboard import LeaderboardOptions, run_leaderboard
from gaitprint.training.leaderboard_fusion import fuse_best
from gaitprint.training.leaderboard_plan import TrainingPeople, plan_boards, plan_system, share_people
from gaitprint.training.leaderboard_systems import DATA_SETS, SYSTEMS, DataSet, System
from gaitprint.training.runs import complete, finished_result
from gaitprint.training.stopwatch import training_seconds

PEOPLE, TRAINING = 10, 7
TABLE = (
    DataSet("kinect", "skeletons", "Skeletons", "first-walk", 2),
    DataSet("rendered", "silhouettes", "Silhouettes", "first-walk", 2),
    DataSet("rgb", "frames", "Nowhere to be found", "first-walk", 2),
)
OPTIONS = LeaderboardOptions(seeds=2, device="cpu")


def make_store(path: Path, walks) -> Store:
    store = Store.create(path)
    store.add(walks)
    names = sorted({info.subject for info in Store(path).infos})
    store.set_splits({"train": names[:TRAINING], "test": names[TRAINING:]})
    return Store(path)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    """The same people as skeletons and as blobs."""
    folder = tmp_path_factory.mktemp("stores")
    who = [(subject, repetition) for subject in range(PEOPLE) for repetition in (1, 2, 3)]
    blobs = [
        dataclasses.replace(blob_walk(subject, repetition, view), condition=f"walk-{repetition:02d}")
        for subject, repetition in who
        for view in ("054", "090")
    ]
    return {
        "kinect": make_store(folder / "kinect", (skeleton_walk(*walk, frames=60) for walk in who)),
        "rendered": make_store(folder / "rendered", blobs),
    }


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> tuple[System, ...]:
    fusion = tmp_path_factory.mktemp("recipes") / "both.yaml"
    fusion.write_text("members: [gait-statistics, gait-statistics-size-free]\n")
    quick = (*QUICK, "training.epochs=1")
    return (
        System("boxes", ("rendered",), "cnn-gei", quick, minutes=1),
        System("pretrained", ("rendered",), "cnn-gei", quick, first_step="cnn-gei"),
        System("broken", ("rendered",), "cnn-gei", (*quick, "sampler={name: pk, subjects: 99}")),
        System("anthropometry", ("kinect",), "anthropometry"),
        System("statistics", ("kinect",), "gait-statistics"),
        System("size-free", ("kinect",), "gait-statistics-size-free"),
        System("both", ("kinect",), str(fusion)),
        System("nobody", ("rgb",), "cnn-gei"),
    )


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch, table) -> None:
    monkeypatch.setattr(leaderboard_plan, "SYSTEMS", table)
    monkeypatch.setattr(leaderboard_plan, "DATA_SETS", TABLE)


def run(stores: dict[str, Store], out: Path, only: tuple[str, ...] = (), **options) -> tuple[Leaderboard, list[str]]:
    said: list[str] = []

    def open_store(data: DataSet) -> Store:
        if data.name not in stores:
            raise GaitprintError("no recordings")
        return stores[data.name]

    result = run_leaderboard(plan_boards(only), open_store, out, dataclasses.replace(OPTIONS, **options), said.append)
    return result, said


@pytest.fixture(scope="module")
def finished(stores, table, tmp_path_factory) -> tuple[Path, Leaderboard, list[str]]:
    out = tmp_path_factory.mktemp("leaderboard")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaderboard_plan, "SYSTEMS", table)
        patch.setattr(leaderboard_plan, "DATA_SETS", TABLE)
        result, said = run(stores, out)
    return out, result, said


def test_every_system_has_a_row_with_figures_and_costs(finished) -> None:
    out, result, _ = finished
    assert [board.name for board in result.boards] == ["kinect", "rendered", "fusion"]
    kinect, rendered, _ = result.boards
    assert [row.system for row in kinect.rows] == ["anthropometry", "statistics", "size-free", "both"]
    assert all(set(row.figures) == {"rank-1", "rank-5", "mAP", "EER"} for row in kinect.rows)
    assert [len(row.figures["rank-1"].values) for row in kinect.rows] == [1, 2, 2, 2]
    assert [row.budget for row in kinect.rows] == ["none", "one pass", "one pass", "of its members"]
    assert all(row.cost is not None and row.cost.milliseconds > 0 for row in kinect.rows)
    boxes, pretrained, _ = rendered.rows
    assert boxes.budget.endswith(" steps")
    assert pretrained.budget == f"{boxes.budget.removesuffix(' steps')} + {boxes.budget}"
    run = Path(pretrained.folders[0])
    first_step = run.parent / "first-step" / run.name
    assert pretrained.training_seconds.values[0] == training_seconds(first_step) + training_seconds(run)
    assert not (first_step / "evaluation").exists()
    assert rendered.people == "5 people to learn from, 2 held out to choose by, 3 unseen ones to measure on"
    assert json.loads((out / "results.json").read_text()) == json.loads(json.dumps(result.to_json()))


def test_what_fails_is_named_and_stops_nothing(finished) -> None:
    _, result, said = finished
    broken = result.boards[1].rows[2]
    assert not broken.figures
    assert "sampler.subjects is 99" in broken.errors[0]
    assert result.skipped == ("rgb: no recordings",)
    assert "left out: rgb: no recordings" in said
    assert said[0].startswith("about 2 min of trainings")


def test_figures_are_those_of_the_test_people_alone(finished, stores) -> None:
    _, result, _ = finished
    folder = Path(result.boards[1].rows[0].folders[1])
    walks = EmbeddingSet.load(folder / "evaluation" / "embeddings.npz")
    test = walks.select(np.isin(walks.subjects, stores["rendered"].splits["test"]))
    expected = evaluate_embeddings(test, "first-walk", metric="cosine")
    assert result.boards[1].rows[0].figures["rank-1"].values[1] == expected.rank1
    assert result.boards[1].rows[0].figures["mAP"].values[1] == expected.map
    held_out = share_people(stores["rendered"], 2).held_out
    assert set(walks.subjects) - set(test.subjects) == set(held_out) <= set(stores["rendered"].splits["train"])


def test_the_best_of_each_kind_by_the_people_held_out_are_fused(finished) -> None:
    _, result, _ = finished
    kinect, rendered, fusion = result.boards
    best = [
        max((row for row in board.rows[skip:] if row.validation), key=lambda row: row.validation.mean).system
        for board, skip in ((kinect, 1), (rendered, 0))  # bone lengths cannot be calibrated
    ]
    assert [row.system for row in fusion.rows] == [*best, " + ".join(best)]
    alone = next(row for row in kinect.rows if row.system == best[0])
    assert fusion.rows[0].figures["rank-1"] == alone.figures["rank-1"]
    assert len(fusion.rows[-1].figures["rank-1"].values) == 2


def test_a_second_call_does_nothing(finished, stores, monkeypatch: pytest.MonkeyPatch) -> None:
    out, result, _ = finished

    def refuse(*arguments, **options) -> None:
        raise AssertionError("done already")

    monkeypatch.setattr(fit, "_take_step", refuse)
    monkeypatch.setattr(leaderboard_measure, "measure", refuse)
    monkeypatch.setattr(leaderboard_measure, "measure_cost", refuse)
    before = (out / "results.json").read_bytes()
    again, said = run(stores, out)
    assert again.to_json() == result.to_json()
    assert (out / "results.json").read_bytes() == before
    assert said == ["left out: rgb: no recordings"]


def test_only_what_was_missing_is_told(finished, stores, tmp_path: Path) -> None:
    out, result, _ = finished
    shutil.copytree(out / "rendered" / "boxes", tmp_path / "rendered" / "boxes")
    last = Path(result.boards[1].rows[0].folders[1]).name
    (tmp_path / "rendered" / "boxes" / last / "evaluation" / "metrics.json").unlink()
    _, said = run(stores, tmp_path, ("boxes",))
    seed = last.removeprefix("seed-")
    assert said == [
        "about 1 min of trainings, 1 side by side, besides making data that is missing",
        f"rendered: boxes, seed {seed} is done",
    ]


def test_a_change_of_the_first_step_is_noticed(finished, stores, table) -> None:
    out, _, _ = finished
    store = stores["rendered"]
    system = next(system for system in table if system.first_step is not None)
    folder = out / "rendered" / system.name
    run = plan_system(system, TABLE[1], share_people(store, 2), folder, seeds=1, quick=False).runs[0]
    question = store.content_hash(), "first-walk"
    assert finished_result(run, *question) is not None
    longer = dataclasses.replace(run.first_step, overrides=(*run.first_step.overrides, "optimizer.learning_rate=0.5"))
    assert finished_result(dataclasses.replace(run, first_step=longer), *question) is None


def test_a_run_goes_with_the_weights_that_its_first_step_has(finished, stores, table, tmp_path: Path) -> None:
    out, _, _ = finished
    store = stores["rendered"]
    system = next(system for system in table if system.first_step is not None)
    shutil.copytree(out / "rendered" / system.name, tmp_path / "moved")
    people = share_people(store, 2)
    first, second = plan_system(system, TABLE[1], people, tmp_path / "moved", seeds=2, quick=False).runs
    question = store.content_hash(), "first-walk"
    assert finished_result(first, *question) is not None
    shutil.rmtree(first.first_step.folder)
    shutil.copytree(second.first_step.folder, first.first_step.folder)
    recipe = (first.first_step.folder / "recipe.yaml").read_text()
    seeds = f"seed: {second.seed}", f"seed: {first.seed}"
    (first.first_step.folder / "recipe.yaml").write_text(recipe.replace(*seeds))
    assert finished_result(first, *question) is None
    assert "was started from other weights than its first step has now" in complete(first, store, "first-walk").error


def test_a_damaged_run_leaves_the_others(finished, stores, tmp_path: Path) -> None:
    out, result, _ = finished
    shutil.copytree(out / "rendered", tmp_path / "rendered")
    seed = Path(result.boards[1].rows[0].folders[0]).name
    shutil.rmtree(tmp_path / "rendered" / "boxes" / seed / "last")  # which only resuming needs
    shutil.rmtree(tmp_path / "rendered" / "pretrained" / "first-step" / seed / "last")
    (board,) = run(stores, tmp_path, ("boxes", "pretrained"))[0].boards
    assert board.rows[0].budget == result.boards[1].rows[0].budget
    assert "last" in board.rows[1].errors[0]


def test_runs_of_the_same_seed_are_fused(finished) -> None:
    _, result, _ = finished
    kinect, rendered, fusion = result.boards
    best = next(row for row in kinect.rows if row.system == fusion.rows[0].system)
    without_first_seed = dataclasses.replace(kinect, rows=(best.of_runs([1]),))
    names = {data.name: data for data in TABLE}
    together = fuse_best([without_first_seed, rendered], names).rows[-1]
    assert together.training_seconds.values == fusion.rows[-1].training_seconds.values[1:]
    assert together.figures["mAP"].values == fusion.rows[-1].figures["mAP"].values[1:]
    without_second_seed = dataclasses.replace(rendered, rows=(rendered.rows[0].of_runs([0]),))
    with pytest.raises(GaitprintError, match="no seed with which all"):
        fuse_best([without_first_seed, without_second_seed], names)


def test_a_cost_is_measured_again_where_it_would_be_counted_otherwise(stores, tmp_path: Path, monkeypatch) -> None:
    def measure(embedder, walks, threads) -> Cost:
        measured.append((len(walks), threads))
        return Cost(0, 0, 1.0, threads)

    measured: list[tuple[int, int]] = []
    monkeypatch.setattr(leaderboard_measure, "measure_cost", measure)
    embedder = load_embedder("anthropometry", "cpu")
    for quick, threads, release in ((True, 2, "1"), (True, 2, "1"), (False, 2, "1"), (False, 1, "1"), (False, 1, "2")):
        monkeypatch.setattr(leaderboard_measure, "_COST_THREADS", threads)
        monkeypatch.setattr(leaderboard_measure, "__version__", release)
        cost = leaderboard_measure.cost_of_walk(embedder, stores["kinect"], tmp_path, quick=quick)
        assert cost.threads == threads
    assert measured == [(3, 2), (9, 2), (9, 1), (9, 1)]


def test_a_fusion_that_fails_leaves_the_tables(finished, stores, tmp_path: Path) -> None:
    out, result, _ = finished
    shutil.copytree(out, tmp_path / "board")
    for folder in result.boards[1].rows[0].folders:
        (tmp_path / "board" / Path(folder).relative_to(out) / "evaluation" / "embeddings.npz").unlink()
    again, _ = run(stores, tmp_path / "board", ("kinect", "boxes"))
    assert [board.name for board in again.boards] == ["kinect", "rendered"]
    assert again.failures[0].startswith("fusion: ")
    assert "embeddings.npz" in again.failures[0]


def test_one_system_brings_the_members_of_its_fusion(table) -> None:
    (board,) = plan_boards(["both"])
    assert [system.name for system in board.systems] == ["statistics", "size-free", "both"]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="statistics"):
        plan_boards(["statistic"])
    with pytest.raises(UsageError, match="0 seeds"):
        LeaderboardOptions(seeds=0)


def test_nothing_measured_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GaitprintError, match="rgb: no recordings"):
        run({}, tmp_path, ("rgb",))


def test_data_without_test_people_is_left_out(stores, tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    store.add([blob_walk(0, 1, "090")])
    with pytest.raises(GaitprintError, match="no split"):
        run({"rendered": Store(tmp_path / "store")}, tmp_path / "out", ("rendered",))


def test_every_shipped_line_can_be_planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leaderboard_plan, "SYSTEMS", SYSTEMS)
    monkeypatch.setattr(leaderboard_plan, "DATA_SETS", DATA_SETS)
    people = TrainingPeople(("Ben", "002"), ("Anna", "001"))
    for quick in (False, True):
        for board in plan_boards(quick=quick):
            for system in board.systems:
                planned = plan_system(system, board.data, people, tmp_path, seeds=1, quick=quick)
                assert all((run.first_step is None) == (system.first_step is None) for run in planned.runs)
                first_steps = [run.first_step for run in planned.runs if run.first_step is not None]
                for planned_run in (*first_steps, *planned.runs):
                    recipe = planned_run.resolve()
                    first = planned_run in first_steps
                    assert recipe.data.subjects == (("Ben", "002") if first else "train")
                    assert recipe.data.validation_subjects == (0 if first else ("Anna", "001"))
                    assert not quick or recipe.training.steps == leaderboard_plan.QUICK_STEPS
                    assert not quick or recipe.sampler.get("batch_size", 0) <= leaderboard_plan.QUICK_BATCH_WALKS
