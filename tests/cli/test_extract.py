"""`gaitprint extract`, and a video where a command takes a walk."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.video.crowds import camera, passer, picture, write

from gaitprint.cli import main
from gaitprint.data.store import Store

RATE_HZ = 20.0


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    crowd = picture([passer(1, 100, 15, 4.2, RATE_HZ)], camera())
    return write(tmp_path_factory.mktemp("video") / "hall.avi", crowd.frames, RATE_HZ)


def test_a_video_becomes_walks_pictures_and_a_table(video: Path, tmp_path: Path, capsys) -> None:
    store, summary = tmp_path / "walks", tmp_path / "summary.json"
    options = ["--front-end", "background", "--subject", "ann", "--size", "64x44", "--frames", "--json", str(summary)]
    assert main.run(["extract", str(video), "--out", str(store), *options]) == 0
    (info,) = Store.open(store).infos
    assert info.id == "ann/hall-01/090"
    assert info.silhouette_size == (64, 44)
    assert info.modalities == ("silhouettes", "frames")
    told = json.loads(summary.read_text())
    assert told["usable"] == 1
    assert told["frames"] == 100
    assert told["passages"][0]["direction"] == "left"
    assert all(Path(path).stat().st_size > 100 for path in told["pictures"])
    assert {Path(path).suffix for path in told["pictures"]} == {".png", ".gif", ".mp4"}
    assert {Path(path).parent for path in told["pictures"]} == {tmp_path / "walks-pictures" / "ann" / "hall"}
    printed = capsys.readouterr().out
    assert "ann/hall-01/090" in printed
    assert "segmentation" in printed
    # The same video once more adds nothing; with other options, it is another walk.
    assert main.run(["extract", str(video), "--out", str(store), *options]) == 0
    assert "0 walks added" in (printed := capsys.readouterr().out)
    assert "1 there already" in " ".join(printed.split())
    assert json.loads(summary.read_text())["added"] == 0
    options.remove("--frames")
    assert main.run(["extract", str(video), "--out", str(store), *options, "--quiet"]) == 0
    assert [info.id for info in Store.open(store).infos] == ["ann/hall-01/090", "ann/hall-02/090"]


def test_a_video_without_a_usable_walk_is_an_error_with_its_reason(tmp_path: Path, capsys) -> None:
    empty = write(tmp_path / "empty.avi", np.full((30, 64, 96, 3), 90, np.uint8), RATE_HZ)
    summary = tmp_path / "summary.json"
    options = ["--front-end", "background", "--json", str(summary)]
    assert main.run(["extract", str(empty), "--out", str(tmp_path / "walks"), *options]) == 1
    assert "empty: nobody walks in it" in capsys.readouterr().err
    assert json.loads(summary.read_text())["usable"] == 0


def test_a_walk_may_be_a_video(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gaitprint.cli.walk import read_walk
    from gaitprint.video import front_ends

    monkeypatch.setattr(front_ends, "mediapipe_is_installed", lambda: False)
    walk = read_walk(str(video))
    assert walk.id == "unknown/hall-01/090"
    assert walk.silhouettes is not None
    assert np.mean(walk.silhouettes > 127) > 0.1


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--size", "65x65"], 2, "must be 64x64, 64x44 or 128x88"),
        (["--joint-axes", "3", "--front-end", "background"], 2, "--joint-axes 3"),
        (["--frame-rate", "0"], 2, "--frame-rate"),
        (["--subject", "a/b"], 1, "no valid label"),
    ],
)
def test_wrong_options_say_what_is_wrong(video: Path, tmp_path: Path, capsys, options, code: int, words: str) -> None:
    assert main.run(["extract", str(video), "--out", str(tmp_path / "walks"), *options]) == code
    assert words in capsys.readouterr().err
    assert not (tmp_path / "walks").exists()
