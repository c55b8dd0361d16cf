import csv
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from gaitprint.cli import main
from gaitprint.core.skeletons import MPII_16
from gaitprint.data.frames import SquareGeometry, square_frames, to_model
from gaitprint.data.walk_files import load_walk
from gaitprint.models.pose.weights import PoseCard, build_pose_network, load_pose_network
from gaitprint.models.weight_files import write_weights, write_weights_file
from gaitprint.video.decode import open_pictures


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with weights at random, whose heat maps differ from place to place."""
    torch.manual_seed(0)
    choice = {"name": "light-pose-nn", "channels": [4, 4, 8, 8], "blocks": [1, 1, 1]}
    network = build_pose_network(choice)
    torch.nn.init.normal_(network.to_maps.weight)
    torch.nn.init.zeros_(network.to_maps.bias)
    folder = tmp_path_factory.mktemp("model")
    card = PoseCard(network=choice, metrics={})
    write_weights(folder, network, card)
    write_weights_file(folder / "single.safetensors", network, card)
    return folder


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    for name, size in (("img10.jpg", (90, 60)), ("img9.png", (50, 70)), ("img9.bmp", (40, 40))):
        pixels = rng.integers(0, 255, (*size, 3), np.uint8)
        Image.fromarray(cv2.GaussianBlur(pixels, (0, 0), 3)).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A patch, 14 x 40, that moves across 96 x 200 pixels from the tenth frame on."""
    path = tmp_path_factory.mktemp("video") / "patch.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20.0, (200, 96))
    ground = np.random.default_rng(1).integers(90, 110, (96, 200, 3), np.uint8)
    for number in range(50):
        frame = ground.copy()
        if number >= 10:
            left = 4 * (number - 10)
            frame[30:70, left : left + 14] = (240, 30, 10)
        writer.write(frame)
    writer.release()
    return path


def _call(*words: object) -> int:
    return main.run([str(word) for word in words])


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def _reference(
    model: Path, frame: NDArray[np.uint8], box: tuple[int, int, int, int] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Joints of one picture, step by step."""
    network, _ = load_pose_network(model)
    x, y, width, height = box or (0, 0, frame.shape[1], frame.shape[0])
    part = frame[y : y + height, x : x + width]
    with torch.no_grad():
        found = network.joint_positions(to_model(square_frames(part[None], network.resolution)))
    geometry = SquareGeometry(height, width, network.resolution)
    return geometry.from_square(found.positions[0].numpy()) + np.float32([x, y]), found.probabilities[0].numpy()


def _check_rows(rows: list[dict[str, str]], positions: NDArray[np.float32], probabilities: NDArray[np.float32]) -> None:
    assert [row["joint"] for row in rows] == list(MPII_16.joints)
    np.testing.assert_allclose([[float(row["x"]), float(row["y"])] for row in rows], positions, atol=0.006)
    np.testing.assert_allclose([float(row["probability"]) for row in rows], probabilities, atol=1e-4)


def test_a_picture(model, photographs, tmp_path, capsys) -> None:
    out, summary = tmp_path / "out", tmp_path / "summary.json"
    source = photographs / "img9.png"
    assert _call("pose", source, "--out", out, "--model", model, "--threshold", 0.2, "--json", summary) == 0
    assert sorted(path.name for path in out.iterdir()) == ["img9.png", "joints.csv", "legend.png"]
    positions, probabilities = _reference(model, np.asarray(Image.open(source)))
    _check_rows(_rows(out / "joints.csv"), positions, probabilities)
    with Image.open(out / "img9.png") as drawn:
        assert drawn.size == (700, 500)  # enlarged, to be seen
    values = json.loads(summary.read_text())
    assert (values["frames"], values["frame_rate_hz"], values["frames_followed"]) == (1, None, None)
    assert values["joints"]["neck"]["mean_probability"] == pytest.approx(probabilities[8], abs=1e-4)
    assert values["joints"]["neck"]["share_found"] == float(probabilities[8] >= 0.2)
    assert [Path(file).name for file in values["files"]] == ["img9.png", "joints.csv", "legend.png"]
    printed = capsys.readouterr().out
    assert f"right ankle {100 * probabilities[0]:.2f} %" in " ".join(printed.split())
    assert "1 picture, " in printed
    assert str(out / "img9.png") in printed


def test_a_box_in_a_picture_and_weights_in_one_file(model, photographs, tmp_path) -> None:
    out, source = tmp_path / "out", photographs / "img9.png"
    single = model / "single.safetensors"
    assert _call("pose", source, "--out", out, "--model", single, "--box", "20,10,30,500", "--quiet") == 0
    _check_rows(_rows(out / "joints.csv"), *_reference(model, np.asarray(Image.open(source)), (20, 10, 30, 40)))


def test_a_folder(model, photographs, tmp_path, capsys) -> None:
    out, source = tmp_path / "out", tmp_path / "in"
    source.mkdir()
    for file in photographs.iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    (source / "img1.png").write_bytes(b"broken")
    (source / "legend.jpg").write_bytes((source / "img10.jpg").read_bytes())
    summary = tmp_path / "summary.json"
    assert _call("pose", source, "--out", out, "--model", model, "--json", summary) == 0
    drawings = ["img10.png", "img9.bmp.png", "img9.png.png", "legend.jpg.png"]
    assert sorted(path.name for path in out.iterdir()) == sorted([*drawings, "joints.csv", "legend.png"])
    rows = _rows(out / "joints.csv")
    order = ["img9.bmp", "img9.png", "img10.jpg", "legend.jpg"]
    assert [row["picture"] for row in rows[::16]] == order
    for number, name in enumerate(order):
        frame = np.asarray(Image.open(source / name))
        _check_rows(rows[16 * number : 16 * number + 16], *_reference(model, frame))
    values = json.loads(summary.read_text())
    assert [Path(reject["path"]).name for reject in values["left_out"]] == ["img1.png"]
    printed = capsys.readouterr().out
    assert "1 left out" in printed
    assert "4 pictures, " in printed
    assert "mean probability" in printed


def test_a_box_that_only_some_pictures_reach(model, photographs, tmp_path) -> None:
    summary = tmp_path / "summary.json"
    words = ("--out", tmp_path / "out", "--model", model, "--box", "0,45,50,50", "--json", summary)
    assert _call("pose", photographs, *words) == 0
    (left_out,) = json.loads(summary.read_text())["left_out"]
    assert left_out["path"] == str(photographs / "img9.bmp")
    assert left_out["reason"] == "the box lies beyond its 40 x 40 pixels"


def test_a_video_is_followed(model, video, tmp_path, capsys) -> None:
    out, summary = tmp_path / "out", tmp_path / "summary.json"
    assert _call("pose", video, "--out", out, "--model", model, "--json", summary) == 0
    names = ["contact-sheet.png", "joints.csv", "legend.png", "patch.mp4", "walk.npz"]
    assert sorted(path.name for path in out.iterdir()) == names
    values = json.loads(summary.read_text())
    assert (values["frames"], values["frame_rate_hz"]) == (50, 20.0)
    assert 34 <= values["frames_followed"] <= 42
    assert re.search(r"50 frames, [0-9.]+ a second, somebody followed", capsys.readouterr().out)
    rows = _rows(out / "joints.csv")
    assert [(row["frame"], row["seconds"]) for row in rows[::16]] == [(str(n), f"{n / 20:.4f}") for n in range(50)]
    walk = load_walk(out / "walk.npz")
    assert (walk.id, walk.skeleton, walk.frame_rate_hz) == ("unknown/patch/free", MPII_16, 20.0)
    frames = [picture.frame for picture in open_pictures(video)]
    # Nothing moves in the first frame: all of it is looked at.
    _check_rows(rows[:16], *_reference(model, frames[0]))
    np.testing.assert_allclose(walk.joints[0], _reference(model, frames[0])[0], atol=1e-3)
    # Later on joints lie near the patch, wherever the network sees them.
    for number in (20, 30, 40):
        assert np.abs(walk.joints[number, :, 0] - (4 * (number - 10) + 7)).max() < 40
    played = open_pictures(out / "patch.mp4")
    pictures = list(played)
    assert (len(pictures), played.frame_rate_hz) == (50, 20.0)
    assert pictures[0].frame.shape == (384, 800, 3)  # enlarged four times


def test_a_video_as_a_whole_or_in_a_box(model, video, tmp_path) -> None:
    frame = [picture.frame for picture in open_pictures(video)][30]
    for words, box in ((("--crop", "off"), None), (("--box", "60,20,50,60"), (60, 20, 50, 60))):
        out = tmp_path / words[0]
        assert _call("pose", video, "--out", out, "--model", model, *words, "--quiet") == 0
        _check_rows(_rows(out / "joints.csv")[16 * 30 : 16 * 31], *_reference(model, frame, box))


def test_a_cut_video_gives_what_it_has_and_a_warning(model, video, tmp_path, capsys) -> None:
    path = tmp_path / "in" / "cut.avi"
    path.parent.mkdir()
    path.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    summary = tmp_path / "summary.json"
    assert _call("pose", path, "--out", tmp_path / "out", "--model", model, "--json", summary) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"warning: {path}: cut short or damaged; ")
    values = json.loads(summary.read_text())
    assert values["warnings"] == [line.removeprefix("warning: ")]
    assert 10 < values["frames"] < 40


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["none.mp4"], 1, "none.mp4: No such file or directory"),
        (["empty.mp4"], 1, "empty.mp4: empty file"),
        (["text.mp4"], 1, "text.mp4: no video that can be decoded, or a damaged one"),
        (["text.jpg"], 1, "text.jpg: no picture (PNG, JPEG"),
        (["folder"], 1, "folder: holds no image"),
        (["good.png", "--model", "nowhere"], 2, "nowhere"),
        (["good.png", "--model", "text.jpg"], 2, "text.jpg: is no .safetensors file"),
        (["good.png", "--threshold", "1.5"], 2, "--threshold is 1.5"),
        (["good.png", "--box", "1,2,3"], 2, "--box is '1,2,3', must be X,Y,W,H"),
        (["good.png", "--box", "1,2,0,3"], 2, "its width and height must be at least 1"),
        (["good.png", "--box", "99,0,5,5"], 2, "--box 99,0,5,5: the box lies beyond the picture of 30 x 20 pixels"),
        (["patch.avi", "--box", "0,500,5,5"], 2, "the box lies beyond the picture of 200 x 96 pixels"),
        (["good.png", "--out", "."], 2, "is where the input is"),
    ],
)
def test_refuses_in_one_line(words, code, message, model, video, tmp_path, capfd, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, data in (("empty.mp4", b""), ("text.mp4", b"text " * 99), ("text.jpg", b"text"), ("folder/a.txt", b"")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "patch.avi").write_bytes(video.read_bytes())
    Image.new("RGB", (30, 20)).save("good.png")
    given = words if "--out" in words else [*words, "--out", "out"]
    assert _call("pose", *given, *(() if "--model" in words else ("--model", model))) == code
    (line,) = capfd.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "out").exists()
