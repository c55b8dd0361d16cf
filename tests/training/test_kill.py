import multiprocessing
import random
import time
from pathlib import Path

from gaitprint.core.folders import surviving_folder
from gaitprint.data.store import Store
from gaitprint.models.weights import load_weights
from gaitprint.training.fit import train
from gaitprint.training.recipe import Recipe, load_recipe


def _start(recipe: Recipe, store: Store, out: Path) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gaitprint.training.fit", "gaitprint.models.cnn_gei"])
    process = context.Process(target=train, args=(recipe, store, out), kwargs={"resume": True, "device": "cpu"})
    process.start()
    return process


def test_sigkill_at_random_moments_changes_no_bit(blobs: Store, quick, tmp_path: Path) -> None:
    recipe = load_recipe("cnn-gei", [*quick, "training.epochs=12", "training.save_every_steps=1"])
    _start(load_recipe("cnn-gei", [*quick, "training.steps=1"]), blobs, tmp_path / "warm-up").join()
    started = time.perf_counter()
    whole = _start(recipe, blobs, tmp_path / "whole")
    whole.join()
    seconds = time.perf_counter() - started
    assert whole.exitcode == 0
    chance = random.Random(1)
    kills = 0
    for _ in range(5):
        process = _start(recipe, blobs, tmp_path / "killed")
        process.join(chance.uniform(0.1, 0.4) * seconds)
        kills += process.exitcode is None
        process.kill()
        process.join()
        last = surviving_folder(tmp_path / "killed" / "last")
        if last is not None:
            load_weights(last)
    assert kills > 0
    _start(recipe, blobs, tmp_path / "killed").join()
    for name in ("last/model.safetensors", "last/trainer.safetensors", "best/model.safetensors", "history.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
