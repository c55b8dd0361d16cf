"""`gaitprint evaluate --protocol pose` from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.cli.main import run
from gaitprint.data.store import Store
from gaitprint.models.pose.weights import PoseCard, build_pose_network
from gaitprint.models.weight_files import write_weights_file
from gaitprint.models.weights import Card
from gaitprint.synth.walkers import WalkSpec, render_walk

NETWORK = {"name": "light-pose-nn", "channels": [4, 4, 4, 4], "blocks": [1, 1, 1]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pose")
    store = Store.create(folder / "store")
    store.add(
        [
            render_walk(
                WalkSpec(subject, "nm-01"),
                view,
                silhouettes=False,
                joints="mpii-16",
                joint_axes=2,
                frames=True,
            ).select(slice(0, 6))
            for subject in ("001", "002", "003")
            for view in ("000", "090")
        ]
    )
    torch.manual_seed(0)
    card = PoseCard(network=NETWORK, metrics={}, train_subjects=("001",), validation_subjects=("002",))
    write_weights_file(folder / "pose.safetensors", build_pose_network(NETWORK), card)
    return folder


def _evaluate(folder: Path, *options: str, model: str = "pose.safetensors", protocol: str = "pose") -> int:
    words = ["evaluate", str(folder / model), "--data", str(folder / "store"), "--protocol", protocol]
    return run([*words, "--out", str(folder / "out"), *options])


def test_measures_people_not_trained_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _evaluate(folder, "--frame-step", "2") == 0
    printed = capsys.readouterr().out
    assert "1 subjects, 2 walks, 6 frames" in printed
    metrics = json.loads((folder / "out" / "metrics.json").read_text())
    assert metrics["protocol"] == "pose"
    assert (metrics["subjects"], metrics["walks"], metrics["frames"], metrics["frame_step"]) == (1, 2, 6, 2)
    assert [view["view"] for view in metrics["by_view"]] == ["000", "090"]
    assert len(metrics["by_joint"]) == 16
    assert 0 <= metrics["pckh"] <= 1
    assert metrics["card"]["network"]["name"] == "light-pose-nn"
    assert metrics["mean_distance_px"] == pytest.approx(
        np.average(
            [joint["mean_distance_px"] for joint in metrics["by_joint"]],
            weights=[joint["joints"] for joint in metrics["by_joint"]],
        )
    )
    for name in ("pckh.png", "examples.png"):
        assert (folder / "out" / name).read_bytes().startswith(b"\x89PNG")
        assert name in printed


@pytest.mark.parametrize(
    ("options", "protocol", "code", "message"),
    [
        (["--subjects", "001"], "pose", 2, "the model was trained on subject 001"),
        (["--subjects", "002"], "pose", 2, "the model was trained on subject 002"),
        (["--subjects", "004"], "pose", 2, "holds no subject 004"),
        (["--frame-step", "0"], "pose", 2, "frame_step is 0, must be at least 1"),
        (["--tsne"], "pose", 2, "--tsne is about walks that are compared"),
        (["--frame-step", "2"], "casia-b", 2, "--frame-step is for the protocol pose"),
        ([], "casia-b", 2, "finds joints and recognises nobody; measure it with --protocol pose"),
    ],
)
def test_refuses_in_one_line(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    protocol: str,
    code: int,
    message: str,
) -> None:
    assert _evaluate(folder, *options, protocol=protocol) == code
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


def test_a_model_that_finds_no_joints_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.safetensors").write_bytes(b"nothing")
    assert _evaluate(folder, model="other.safetensors") == 1
    assert "other.safetensors: not a model card" in capsys.readouterr().err
    people = {"num_subjects": 1, "train_subjects": ("1",)}
    gait = Card(
        model={"name": "cnn-gei"}, input={}, distance="cosine", **people, data="", metrics={}, recipe="", step=0
    )
    write_weights_file(folder / "gait.safetensors", torch.nn.Linear(1, 1), gait)
    assert _evaluate(folder, model="gait.safetensors") == 2
    assert "gait.safetensors: recognises people and finds no joints" in capsys.readouterr().err
    assert run(["evaluate", "skeleton", "--data", str(folder / "store"), "--protocol", "pose", "--out", "x"]) == 2
    assert "unknown shipped pose network 'skeleton'" in capsys.readouterr().err


def test_walks_without_frames_are_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walk = render_walk(WalkSpec("009", "nm-01", height=64, width=48), "090")
    Store.create(tmp_path / "store").add([walk])
    (tmp_path / "pose.safetensors").write_bytes((folder / "pose.safetensors").read_bytes())
    assert _evaluate(tmp_path) == 1
    message = "009/nm-01/090: measuring poses needs frames and joints; this walk has only silhouettes"
    assert message in " ".join(capsys.readouterr().err.split())
