import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gaitprint.cli import main
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store

QUICK = ("input.size=[32,22]", "sampler.batch_size=8", "training.epochs=1")


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people, each a box of its own width, walking as casia-b wants it; the last two are the test split."""
    path = tmp_path_factory.mktemp("boxes") / "store"
    store = Store.create(path)
    rng = np.random.default_rng(0)
    for subject in range(6):
        for condition in ("nm-01", "nm-05", "bg-01", "cl-01"):
            for view in ("000", "090"):
                silhouettes = np.zeros((4, 64, 64), np.uint8)
                silhouettes[:, 10:60, 28 - 3 * subject : 36 + 3 * subject] = 255
                silhouettes[rng.random(silhouettes.shape) < 0.05] ^= 255
                store.add([GaitSequence(f"{subject:03d}", condition, view, 25.0, silhouettes=silhouettes)])
    store.set_splits({"train": ["000", "001", "002", "003"], "test": ["004", "005"]})
    return path


def study(boxes: Path, out: Path, *words: str) -> list[str]:
    return ["study", "cnn-gei", "--data", str(boxes), "--out", str(out), "--device", "cpu", *QUICK, *words]


def test_a_grid_gives_a_table_a_picture_and_files(boxes: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "study"
    grid = ("--grid", "loss=cross-entropy,triplet", "--grid=schedule=cosine,{name: step, epochs: 5}", "--seeds", "2")
    command = study(boxes, out, *grid, "--json", str(tmp_path / "summary.json"), "optimizer.learning_rate=0.002")
    assert main.run(command) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == str(out / "study.png")
    for word in ("cross-entropy", "triplet", "step (epochs 5)", "NM", "BG", "CL", "over 2 seeds"):
        assert word in printed.out
    assert printed.err.count("seed 42: NM") == printed.err.count("seed 43: NM") == 4
    assert "epoch 1/1" not in printed.err  # the runs themselves are silent
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary == json.loads((out / "study.json").read_text())
    assert [cell["choices"] for cell in summary["cells"]] == [
        {"loss": loss, "schedule": schedule}
        for loss in ("cross-entropy", "triplet")
        for schedule in ("cosine", "step (epochs 5)")
    ]
    assert list(summary["cells"][0]["figures"]) == ["NM", "BG", "CL"]
    assert summary["overrides"][-1] == "optimizer.learning_rate=0.002"

    assert main.run([*command, "--quiet"]) == 0
    again = capsys.readouterr()
    assert (again.out, again.err) == ("", "")
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_exit_codes(boxes: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "study"
    assert main.run(study(boxes, out, "--grid", "sampler.batch_size=8,99", "--seeds", "1")) == 0
    printed = capsys.readouterr()
    assert "failed: 99, seed 42" in printed.out
    for words, code, message in (
        (("--grid", "sampler.batch_size=4,8", "--seeds", "1"), 1, "sampler.batch_size=99, left out now"),
        (("--grid", "los=a", "--seeds", "1"), 2, "did you mean 'loss'"),
        (("--protocol", "casiab"), 2, "did you mean 'casia-b'"),
        (("--jobs", "0", "--grid", "sampler.batch_size=8,99", "--seeds", "1"), 2, "0 jobs"),
    ):
        assert main.run(study(boxes, out, *words)) == code, words
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert main.run(study(boxes, tmp_path / "nothing", "--seeds", "1", "data.conditions=[xx]")) == 1
    assert "none of 1 runs succeeded; the first: " in capsys.readouterr().err
    assert json.loads((tmp_path / "nothing" / "study.json").read_text())["failed"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_end_is_the_end_of_all_processes(boxes: Path, tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "study"
    words = study(boxes, out, "--jobs", "2", "--seeds", "2", "training.epochs=100000")
    process = subprocess.Popen(
        [sys.executable, "-m", "gaitprint", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What runs in the background of a shell inherits an ignored Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        _wait(lambda: len([*out.glob("runs/*/seed-*/last")]) == 2)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as Ctrl-C in a terminal does: everybody gets it
        else:
            process.kill()
        printed, errors = process.communicate(timeout=60)
        assert process.returncode == code
        assert (printed, errors) == ("", "interrupted\n" if number == signal.SIGINT else "")
        _wait(lambda: not _is_there(process.pid))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(condition) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
