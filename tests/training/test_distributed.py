import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gaitprint.data.store import Store
from gaitprint.training.fit import train
from gaitprint.training.recipe import load_recipe

SCRIPT = """
import json, os, sys
from pathlib import Path
from gaitprint.data.store import Store
from gaitprint.training.fit import train
from gaitprint.training.recipe import load_recipe

name, store, out, resume, *overrides = sys.argv[1:]
summary = train(load_recipe(name, overrides), Store(store), out, resume=bool(int(resume)), device="cpu")
Path(f"{out}-{os.environ['RANK']}.json").write_text(json.dumps(summary))
"""


def _torchrun(
    script: Path, store: Store, out: Path, resume: bool, *overrides: str, name: str = "cnn-gei"
) -> list[dict[str, object]]:
    """Train in two processes and return the summary of each."""
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]
    arguments = [name, str(store.path), str(out), str(int(resume)), *overrides]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(Path(f"{out}-{rank}.json").read_text()) for rank in (0, 1)]


def _rows(run: Path) -> list[dict[str, float]]:
    return [{name: float(value) for name, value in row.items()} for row in csv.DictReader((run / "history.csv").open())]


@pytest.mark.slow
def test_two_processes_follow_the_curve_of_one(blobs: Store, quick, tmp_path: Path) -> None:
    # All kinds of loss: over walks, comparing them across the processes, and with parameters of its own.
    options = [*quick, "model.normalisation=none", "loss=cross-entropy+triplet+arcface+center", "sampler=pk"]
    options = [option for option in options if "batch_size" not in option]
    options += ["training.save_every_steps=2", "training.clip_norm=0.1", "optimizer=sgd", "optimizer.learning_rate=0.5"]
    options += ["sampler.subjects=4", "loss.2.scale=4", "loss.3.weight=0.01", "training.precision=64-true"]
    one = train(load_recipe("cnn-gei", options), blobs, tmp_path / "one", device="cpu")
    short = [*options, "training.steps=3"]
    _torchrun(tmp_path / "script.py", blobs, tmp_path / "two", False, *short)
    summaries = _torchrun(tmp_path / "script.py", blobs, tmp_path / "two", True, *options)
    assert summaries[0] == summaries[1]
    assert summaries[0]["steps"] == one["steps"]
    for row_of_one, row_of_two in zip(_rows(tmp_path / "one"), _rows(tmp_path / "two"), strict=True):
        assert row_of_two == pytest.approx(row_of_one, rel=1e-6)
    assert one["last"]["loss"] < 0.98 * _rows(tmp_path / "one")[0]["loss"]


@pytest.mark.slow
def test_two_processes_train_a_pose_network(dots: Store, tmp_path: Path) -> None:
    options = ["model.channels=[4,4,8,8]", "model.blocks=[1,1,1]", "sampler.batch_size=8", "data.validation_subjects=2"]
    options += ["training.steps_per_epoch=4", "training.epochs=2", "training.precision=32-true"]
    options += ["training.validate_every_epochs=1"]
    one = train(load_recipe("light-pose-nn", options), dots, tmp_path / "one", device="cpu")
    first, second = _torchrun(tmp_path / "script.py", dots, tmp_path / "two", False, *options, name="light-pose-nn")
    assert first == second
    assert first["steps"] == one["steps"]
    # Each process normalises by its own half of a batch, and augments it by its own random numbers.
    for row_of_one, row_of_two in zip(_rows(tmp_path / "one"), _rows(tmp_path / "two"), strict=True):
        assert row_of_two["loss"] == pytest.approx(row_of_one["loss"], rel=0.05)
