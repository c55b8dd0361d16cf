import json
from pathlib import Path

import numpy as np
import pytest
from tests.cli.networks import GEI, save_untrained_network

from gaitprint.cli import main
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store

TINY = {"name": "gaitbert", "channels": [8, 16], "patch": 4}
CLIPS = {"representation": "silhouettes", "size": [64, 44], "frames": 6, "stride": 2}


@pytest.fixture(scope="module")
def walkers(tmp_path_factory) -> Path:
    """Three people of noise, each in three conditions from three sides; the last one is the test split."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("walkers") / "store"
    store = Store.create(path)
    store.add(
        GaitSequence(
            *(subject, f"{condition}-{number:02d}", f"{view:03d}", 25.0),
            silhouettes=((rng.random((15, 64, 64)) > 0.5) * 255).astype(np.uint8),
            view_deg=float(view),
        )
        for subject in ("001", "002", "003")
        for condition in ("nm", "bg", "cl")
        for number in (1, 2)
        for view in (0, 36, 90)
    )
    store.set_splits({"train": ("001", "002"), "test": ("003",)})
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return save_untrained_network(tmp_path_factory.mktemp("model"), 0, TINY, CLIPS, ("001",))


def _call(run: Path, walkers: Path, out: Path, *words: object) -> dict:
    summary = out.with_suffix(".summary.json")
    command = ["reconstruct", run, "--data", walkers, "--out", out, "--json", summary, "--quiet", *words]
    assert main.run([str(word) for word in command]) == 0
    return json.loads(summary.read_text())


def test_writes_figures_strips_and_animations(run, walkers, tmp_path, capsys) -> None:
    summary = _call(run, walkers, tmp_path / "out", "--clips", 8)
    assert json.loads((tmp_path / "out" / "reconstruction.json").read_text()) == summary
    assert (summary["model"], summary["clips"]) == (str(run), 8)
    assert 0 < summary["iou"] < 1
    assert set(summary["baselines"]) == {"nearest-pixel", "nearest-frame", "mean", "peeking"}
    assert summary["pictures"] == [
        f"003_{c}_090.{kind}" for c in ("nm-01", "bg-01", "cl-01") for kind in ("png", "gif")
    ]
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == sorted(["reconstruction.json", *summary["pictures"]])
    again = _call(run, walkers, tmp_path / "again", "--clips", 8)
    assert again == summary
    assert _call(run, walkers, tmp_path / "other", "--clips", 8, "--seed", 1)["groups"] != summary["groups"]
    assert capsys.readouterr().out == ""


def test_chooses_people_conditions_views_and_walks(run, walkers, tmp_path) -> None:
    words = ("--subjects", "002", "--conditions", "cl", "nm-02", "--views", "000", "090", "--walks", "003/bg-02/036")
    summary = _call(run, walkers, tmp_path / "out", *words)
    assert (summary["subjects"], summary["clips"]) == (1, (2 + 1) * 2)
    assert [group["name"] for group in summary["groups"]] == ["all", "nm", "cl"]
    assert summary["pictures"] == ["003_bg-02_036.png", "003_bg-02_036.gif"]


def test_prints_a_table_and_where_the_pictures_are(run, walkers, tmp_path, capsys) -> None:
    assert (
        main.run(["reconstruct", str(run), "--data", str(walkers), "--out", str(tmp_path / "o"), "--clips", "3"]) == 0
    )
    text = capsys.readouterr().out
    assert "whole frames" in text
    assert "003_cl-01_090.gif" in text.replace("\n", "")


@pytest.mark.parametrize(
    ("model", "words", "code", "message"),
    [
        ({"name": "cnn-gei"}, (), 2, "cnn-gei fills in nothing"),
        (TINY | {"decoder": False}, (), 2, "has no decoder"),
        (TINY, ("--clips", "0"), 2, "--clips is 0"),
        (TINY, ("--subjects", "001"), 2, "trained on subject 001"),
        (TINY, ("--subjects", "007"), 2, "holds no subject 007"),
        (TINY, ("--walks", "001/nm-01/090"), 2, "trained on subject 001"),
        (TINY, ("--walks", "003/nm-01/091"), 2, "no walk '003/nm-01/091'"),
        (TINY, ("--conditions", "running", "--views", "090"), 2, "no walk of running, 090"),
    ],
)
def test_refuses_in_one_line(model, words, code, message, walkers, tmp_path, capsys) -> None:
    representation = CLIPS if model["name"] == "gaitbert" else GEI
    run = save_untrained_network(tmp_path / "run", 0, model, representation, ("001",))
    command = ["reconstruct", str(run), "--data", str(walkers), "--out", str(tmp_path / "out"), *words]
    assert main.run(command) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_test_split_that_was_trained_on_is_refused(walkers, tmp_path, capsys) -> None:
    run = save_untrained_network(tmp_path / "run", 0, TINY, CLIPS, ("003",))
    assert main.run(["reconstruct", str(run), "--data", str(walkers), "--out", str(tmp_path / "out")]) == 1
    assert "1 test subjects were trained on" in capsys.readouterr().err
