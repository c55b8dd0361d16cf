import multiprocessing
import random
import time
from pathlib import Path

import pytest

from gaitprint.core.folders import surviving_folder
from gaitprint.data.store import Store
from gaitprint.models.pose.weights import load_pose_network
from gaitprint.models.weights import load_weights
from gaitprint.training.fit import train
from gaitprint.training.recipe import Recipe, load_recipe


def _start(recipe: Recipe, store: Store, out: Path) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("forkserver")
    models = ["gaitprint.models.cnn_gei", "gaitprint.models.pose.light_pose_nn"]
    context.set_forkserver_preload(["gaitprint.training.fit", *models])
    process = context.Process(target=train, args=(recipe, store, out), kwargs={"resume": True, "device": "cpu"})
    process.start()
    return process


TINY_POSE = (
    *("model.channels=[4,4,8,8]", "model.blocks=[1,1,1]", "sampler.batch_size=2", "data.validation_subjects=2"),
    *("training.steps_per_epoch=2", "training.epochs=6", "training.precision=32-true"),
)


@pytest.mark.parametrize("name", ["cnn-gei", "light-pose-nn"])
def test_sigkill_at_random_moments_changes_no_bit(blobs: Store, dots: Store, quick, name: str, tmp_path: Path) -> None:
    store, load = (blobs, load_weights) if name == "cnn-gei" else (dots, load_pose_network)
    options = [*quick, "training.epochs=12"] if name == "cnn-gei" else list(TINY_POSE)
    recipe = load_recipe(name, [*options, "training.save_every_steps=1"])
    _start(load_recipe(name, [*options, "training.steps=1"]), store, tmp_path / "warm-up").join()
    started = time.perf_counter()
    whole = _start(recipe, store, tmp_path / "whole")
    whole.join()
    seconds = time.perf_counter() - started
    assert whole.exitcode == 0
    chance = random.Random(1)
    kills = 0
    for _ in range(5):
        process = _start(recipe, store, tmp_path / "killed")
        process.join(chance.uniform(0.1, 0.4) * seconds)
        kills += process.exitcode is None
        process.kill()
        process.join()
        last = surviving_folder(tmp_path / "killed" / "last")
        if last is not None:
            load(last)
    assert kills > 0
    _start(recipe, store, tmp_path / "killed").join()
    for name in ("last/model.safetensors", "last/trainer.safetensors", "best/model.safetensors", "history.csv"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
