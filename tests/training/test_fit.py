import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.resuming import check_resumes_to_the_same_bits

from gaitprint.core.config import read_yaml
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.evaluation.embed import load_embedder
from gaitprint.training.fit import DivergedError, train
from gaitprint.training.recipe import Recipe, load_any_recipe, load_recipe, resolve, shipped_recipes


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_learns_and_leaves_a_run_folder(blobs: Store, quick, tmp_path: Path) -> None:
    recipe = load_recipe("cnn-gei", [*quick, "training.epochs=8", "training.keep_every_epochs=4"])
    summary = train(recipe, blobs, tmp_path / "run", device="cpu")
    run = tmp_path / "run"
    assert summary["subjects"] == 4
    assert summary["walks"] == 24
    assert summary["steps"] == 24
    assert summary["epochs"] == 8
    assert summary["last"]["loss"] < 0.7 * float(next(csv.DictReader((run / "history.csv").open()))["loss"])
    assert {entry.name for entry in run.iterdir()} >= {
        *("recipe.yaml", "best", "last", "checkpoints", "history.csv", "history.png", "train.log")
    }
    assert list(run.glob("events.out.tfevents.*"))
    assert [entry.name for entry in sorted((run / "checkpoints").iterdir())] == ["epoch-0004", "epoch-0008"]
    assert resolve(read_yaml(run / "recipe.yaml")) == recipe
    card = json.loads((run / "last" / "card.json").read_text())
    assert card["train_subjects"] == ["000", "001", "002", "003"]
    assert card["data"] == blobs.content_hash()
    assert card["weights_hash"] == summary["weights_hash"] == _sha256(run / "last" / "model.safetensors")
    json.dumps(summary, allow_nan=False)
    embedder = load_embedder(run)
    assert embedder.train_subjects == ("000", "001", "002", "003")


def test_same_seed_same_bits_other_seed_others(blobs: Store, quick, tmp_path: Path) -> None:
    hashes = [
        train(load_recipe("cnn-gei", [*quick, f"training.seed={seed}"]), blobs, tmp_path / name)["weights_hash"]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("optimizer=sgd", "optimizer.nesterov=true", "schedule=plateau", "schedule.patience=0"),
        ("optimizer=rmsprop", "optimizer.momentum=0.5", "schedule=cosine", "schedule.warmup_epochs=1"),
        ("optimizer=adamw", "loss=cross-entropy+triplet", "training.clip_norm=0.5", "sampler=pk", "sampler.subjects=3"),
    ],
)
def test_resumes_to_the_same_bits(blobs: Store, quick, tmp_path: Path, options: tuple[str, ...]) -> None:
    quick = [entry for entry in quick if "batch_size" not in entry or "sampler=pk" not in options]
    everybody = ["data.subjects=all", "data.validation_subjects=2"]
    recipe = load_recipe("cnn-gei", [*quick, "training.save_every_steps=1", *everybody, *options])
    assert check_resumes_to_the_same_bits(recipe, blobs, tmp_path) >= 3


def test_validation_people_choose_the_best_and_are_never_learnt(blobs: Store, quick, tmp_path: Path) -> None:
    recipe = load_recipe("cnn-gei", [*quick, 'data.validation_subjects=["000","002"]', "training.epochs=5"])
    summary = train(recipe, blobs, tmp_path / "run")
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    scores = [float(row["validation_rank1"]) for row in rows]
    assert summary["best"]["epoch"] == 1 + scores.index(max(scores))
    card = json.loads((tmp_path / "run" / "best" / "card.json").read_text())
    assert card["train_subjects"] == ["001", "003"]
    assert card["validation_subjects"] == ["000", "002"]
    assert set(load_embedder(tmp_path / "run").train_subjects) == {"000", "001", "002", "003"}


def test_stops_early(blobs: Store, quick, tmp_path: Path) -> None:
    options = [*quick, "training.epochs=50", "training.early_stopping=2", "optimizer.learning_rate=1e-12"]
    recipe = load_recipe("cnn-gei", [*options, "data.validation_subjects=2"])
    summary = train(recipe, blobs, tmp_path / "run")
    assert summary["epochs"] == summary["best"]["epoch"] + 2 < 50


def test_a_plateau_waits_for_epochs_that_saw_the_people_held_out(blobs: Store, quick, tmp_path: Path) -> None:
    options = ["training.validate_every_epochs=3", "data.validation_subjects=2", "training.epochs=4"]
    recipe = load_recipe("cnn-gei", [*quick, *options, "schedule=plateau", "schedule.patience=0"])
    train(recipe, blobs, tmp_path / "run")
    rates = {row["learning_rate"] for row in csv.DictReader((tmp_path / "run" / "history.csv").open())}
    assert rates == {"0.001"}


def test_a_number_of_steps_instead_of_epochs(blobs: Store, quick, tmp_path: Path) -> None:
    summary = train(load_recipe("cnn-gei", [*quick, "training.steps=5"]), blobs, tmp_path / "run")
    assert summary["steps"] == 5
    assert summary["epochs"] == 2  # 3 steps an epoch


def test_an_epoch_of_as_many_steps_as_one_likes(blobs: Store, quick, tmp_path: Path) -> None:
    recipe = load_recipe("cnn-gei", [*quick, "training.steps_per_epoch=2", "training.epochs=4"])
    summary = train(recipe, blobs, tmp_path / "run")
    assert (summary["steps"], summary["epochs"]) == (8, 4)


def test_needs_no_classifier_without_cross_entropy(blobs: Store, quick, tmp_path: Path) -> None:
    recipe = load_recipe("cnn-gei", [*quick, "loss=triplet"])
    summary = train(recipe, blobs, tmp_path / "run")
    assert "accuracy" not in summary["last"]
    assert json.loads((tmp_path / "run" / "best" / "card.json").read_text())["num_subjects"] is None


# A GaitBERT of a few thousand weights.
TINY = (
    *("model.channels=[8,16]", "input.size=[32,22]", "input.frames=4", "sampler.batch_size=8"),
    *("training.epochs=2", "optimizer.learning_rate=0.003"),
)


def _pretrained(blobs: Store, folder: Path) -> Path:
    train(load_recipe("gaitbert-light-pretrain", [*TINY, "data.subjects=all"]), blobs, folder / "pretrained")
    return folder / "pretrained"


FINETUNE = (*TINY[:3], "sampler.subjects=4", "sampler.walks=4", "training.steps=3")


def test_starts_from_pretrained_weights(blobs: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pretrained = _pretrained(blobs, tmp_path)
    options = [*FINETUNE, f"training.initial_weights={pretrained}", "optimizer.learning_rate=1e-9"]
    summary = train(load_recipe("gaitbert-light-finetune", options), blobs, tmp_path / "run")
    before, after = load_embedder(pretrained), load_embedder(tmp_path / "run")
    taken = {name: value for name, value in before.model.named_parameters() if "decoder" not in name}
    for name, value in taken.items():
        torch.testing.assert_close(value, after.model.get_parameter(name), msg=name)
    assert "decoder" not in dict(after.model.named_children())
    # Whoever was seen in the pre-training is no stranger, though nobody looked at the names then.
    assert after.train_subjects == before.train_subjects == tuple(f"{subject:03d}" for subject in range(6))
    card = json.loads((tmp_path / "run" / "last" / "card.json").read_text())
    assert card["train_subjects"] == ["000", "001", "002", "003"]
    assert card["initial_weights_hash"] == _sha256(pretrained / "best" / "model.safetensors")
    assert "fresh: classifier (6)" in (tmp_path / "run" / "train.log").read_text()
    assert summary["steps"] == 3


def test_a_finetuning_goes_on_without_the_weights_it_started_from(blobs: Store, tmp_path: Path) -> None:
    pretrained = _pretrained(blobs, tmp_path)
    options = [*FINETUNE, f"training.initial_weights={pretrained}"]
    through = train(load_recipe("gaitbert-light-finetune", options), blobs, tmp_path / "through")
    train(load_recipe("gaitbert-light-finetune", [*options, "training.steps=2"]), blobs, tmp_path / "run")
    shutil.rmtree(pretrained)
    resumed = train(load_recipe("gaitbert-light-finetune", options), blobs, tmp_path / "run", resume=True)
    card = json.loads((tmp_path / "run" / "last" / "card.json").read_text())
    assert card["pretraining_subjects"] == [f"{subject:03d}" for subject in range(6)]
    # The schedule sees the number of steps of each run, so only the bookkeeping can be compared.
    assert resumed["steps"] == through["steps"] == 3


def test_weights_that_fit_nowhere_are_refused(blobs: Store, quick, tmp_path: Path) -> None:
    train(load_recipe("cnn-gei", [*quick, "training.steps=1"]), blobs, tmp_path / "gei")
    options = [*FINETUNE, f"training.initial_weights={tmp_path / 'gei'}"]
    with pytest.raises(IncompatibleError, match="no weight of this cnn-gei fits"):
        train(load_recipe("gaitbert-light-finetune", options), blobs, tmp_path / "run")
    assert not (tmp_path / "run" / "recipe.yaml").exists()


def test_pretraining_looks_at_nobodys_name(blobs: Store, tmp_path: Path) -> None:
    pretrained = _pretrained(blobs, tmp_path)
    card = json.loads((pretrained / "last" / "card.json").read_text())
    assert card["num_subjects"] is None
    rows = list(csv.DictReader((pretrained / "history.csv").open()))
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert "accuracy" not in rows[0]


BY_STEPS = [
    name for name in sorted(shipped_recipes()) if isinstance(recipe := load_any_recipe(name), Recipe) and recipe.loss
]


@pytest.mark.parametrize("name", BY_STEPS)
def test_every_shipped_recipe_trains_one_step(
    blobs: Store, skeletons: Store, dots: Store, pose_run: Path, name: str, tmp_path: Path
) -> None:
    shipped = load_recipe(name)
    representation = shipped.input.get("representation", "pictures")
    short = {
        "silhouettes": ["input.frames=4"],
        "pose-features": ["input.frames=3", f"input.network={pose_run}"],
        "pictures": ["data.workers=0"],
    }.get(representation, [])
    # A step of HumanPoseNN takes seconds on a CPU.
    walks = 1 if name == "human-pose-nn" else 4
    plain = shipped.sampler["name"] == "plain"
    batch = [f"sampler.batch_size={walks}"] if plain else ["sampler.subjects=2", "sampler.walks=2"]
    recipe = load_recipe(
        name, ["training.steps=1", "data.conditions=null", "data.validation_subjects=0", *batch, *short]
    )
    store = {"joints": skeletons, "pictures": dots, "pose-features": dots, "frames": dots}.get(representation, blobs)
    summary = train(recipe, store, tmp_path / "run")
    assert summary["steps"] == 1
    assert np.isfinite(summary["last"]["loss"])
    assert recipe.description


def test_leaves_torch_as_it_found_it(blobs: Store, quick, tmp_path: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(load_recipe("cnn-gei", [*quick, "training.steps=1"]), blobs, tmp_path / "run")
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_refuses_what_cannot_be_trained(blobs: Store, quick, tmp_path: Path) -> None:
    def attempt(*overrides: str, store: Store = blobs, resume: bool = False, out: str = "run") -> None:
        train(load_recipe("cnn-gei", [*quick, *overrides]), store, tmp_path / out, resume=resume)

    with pytest.raises(UsageError, match=r"no split 'training'.*it has: test, train"):
        attempt("data.subjects=training", out="a")
    with pytest.raises(UsageError, match="no walk under condition 'bg'; there are: nm-01, nm-02, nm-03"):
        attempt("data.conditions=[bg]", out="b")
    with pytest.raises(UsageError, match="no walk from view '045'"):
        attempt('data.views=["045"]', out="c")
    with pytest.raises(IncompatibleError, match="batch_size is 99"):
        attempt("sampler.batch_size=99", out="d")
    with pytest.raises(UsageError, match=r"validation_subjects is 3, must be in 0\.\.2"):
        attempt("data.validation_subjects=3", out="e")
    with pytest.raises(UsageError, match="'004' is none of the training subjects"):
        attempt('data.validation_subjects=["000","004"]', out="f")

    bare = Store.create(tmp_path / "bare")
    bare.add([GaitSequence("a", "nm-01", "000", 25.0, joints=np.zeros((3, 17, 3), np.float32), skeleton="coco-17")])
    with pytest.raises(UsageError, match=r"no split 'train'.*data\.subjects=all"):
        attempt(store=bare, out="g")
    with pytest.raises(IncompatibleError, match="1 people to train on"):
        attempt("data.subjects=all", store=bare, out="h")
    bare.add([GaitSequence("b", "nm-01", "000", 25.0, joints=np.zeros((3, 17, 3), np.float32), skeleton="coco-17")])
    with pytest.raises(IncompatibleError, match="a/nm-01/000: the model needs silhouettes; this walk has only joints"):
        attempt("data.subjects=all", store=bare, out="i")

    for one in ("1", '["001"]'):
        with pytest.raises(UsageError, match="hold out at least 2"):
            attempt(f"data.validation_subjects={one}", out="j")
    with pytest.raises(UsageError, match="optimizer: Invalid learning rate: -1"):
        attempt("optimizer.learning_rate=-1", out="j")

    attempt("training.steps=1")
    with pytest.raises(UsageError, match="holds a run already"):
        attempt("training.steps=1")
    with pytest.raises(IncompatibleError, match=r"started with optimizer\.learning_rate=0\.001, now 0\.5"):
        attempt("optimizer.learning_rate=0.5", resume=True)
    with pytest.raises(IncompatibleError, match="trained on other data"):
        attempt("training.steps=1", store=bare, resume=True)
    with pytest.raises(UsageError, match="no CUDA device") if not torch.cuda.is_available() else _nothing():
        train(load_recipe("cnn-gei", quick), blobs, tmp_path / "k", device="cuda")


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_a_diverging_training_says_so_and_keeps_what_was_good(blobs: Store, quick, tmp_path: Path) -> None:
    recipe = load_recipe("cnn-gei", [*quick, "optimizer=sgd", "optimizer.learning_rate=1e30"])
    with pytest.raises(DivergedError, match=r"no finite number after step 3.*learning_rate"):
        train(recipe, blobs, tmp_path / "run")
    assert not (tmp_path / "run" / "best").exists()


def test_more_epochs_can_be_added(blobs: Store, quick, tmp_path: Path) -> None:
    train(load_recipe("cnn-gei", [*quick, "training.epochs=2"]), blobs, tmp_path / "short")
    longer = train(load_recipe("cnn-gei", [*quick, "training.epochs=4"]), blobs, tmp_path / "short", resume=True)
    at_once = train(load_recipe("cnn-gei", [*quick, "training.epochs=4"]), blobs, tmp_path / "long")
    assert longer["weights_hash"] == at_once["weights_hash"]
    before = (tmp_path / "short" / "recipe.yaml").read_bytes()
    with pytest.raises(IncompatibleError, match="has taken 12 steps already, the recipe now asks for 9"):
        train(load_recipe("cnn-gei", [*quick, "training.epochs=3"]), blobs, tmp_path / "short", resume=True)
    assert (tmp_path / "short" / "recipe.yaml").read_bytes() == before


def test_steps_can_be_added_in_the_middle_of_an_epoch(blobs: Store, quick, tmp_path: Path) -> None:
    options = [*quick, "training.steps_per_epoch=3", "optimizer.learning_rate=1e-12"]
    train(load_recipe("cnn-gei", [*options, "training.steps=5"]), blobs, tmp_path / "run")
    train(load_recipe("cnn-gei", [*options, "training.steps=9"]), blobs, tmp_path / "run", resume=True)
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    assert [row["step"] for row in rows] == ["3", "5", "6", "9"]
    losses = [float(row["loss"]) for row in rows]  # nothing is learnt: each is the mean of its own steps
    assert max(losses) < 1.5 * min(losses)


def test_workers_change_nothing(blobs: Store, quick, tmp_path: Path) -> None:
    here = train(load_recipe("cnn-gei", quick), blobs, tmp_path / "here")
    there = train(load_recipe("cnn-gei", [*quick, "data.workers=2"]), blobs, tmp_path / "there")
    assert here["weights_hash"] == there["weights_hash"]
