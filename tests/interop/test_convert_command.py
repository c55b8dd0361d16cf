"""`gaitprint convert tensorflow`, from the variables of a checkpoint to embeddings of walks."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gaitprint.cli.main import run
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store
from gaitprint.interop import tensorflow_conversion
from gaitprint.interop.tensorflow_human_pose import HUMAN_POSE_VARIABLES
from gaitprint.models.pose.human_pose_nn import HumanPoseNN, HumanPoseNNConfig
from gaitprint.models.pose.weights import PoseCard, build_pose_network, load_pose_network
from gaitprint.models.weight_files import write_weights_file
from gaitprint.models.weights import load_weights

Variables = dict[str, NDArray[np.float32]]
Make = Callable[..., Variables]

TINY_POSE = {"name": "light-pose-nn", "channels": [4, 4, 8, 8], "blocks": [1, 1, 1]}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAITPRINT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Variables], str]:
    """Let the command find variables where TensorFlow would read them."""

    def hold(variables: Variables) -> str:
        (tmp_path / "model.ckpt").touch()
        monkeypatch.setattr(tensorflow_conversion, "read_checkpoint", lambda name: dict(variables))
        return str(tmp_path / "model.ckpt")

    return hold


@pytest.fixture(scope="module")
def pose_variables() -> Variables:
    """Variables of HumanPoseNN, all of them small numbers."""
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in HumanPoseNN(HumanPoseNNConfig()).state_dict().items()}
    made = {}
    for number, (name, place) in enumerate(HUMAN_POSE_VARIABLES.items()):
        shape = shapes[place]
        axes = (shape[2], shape[3], shape[1], shape[0]) if len(shape) == 4 else tuple(shape)
        made[name] = np.full(axes, number / 1e4, np.float32)
    return made


def _pose_file(folder: Path) -> Path:
    torch.manual_seed(0)
    path = folder / "pose.safetensors"
    write_weights_file(path, build_pose_network(TINY_POSE), PoseCard(network=TINY_POSE, metrics={}))
    return path


def test_a_gait_nn_embeds_walks_by_the_features_of_its_pose_network(
    checkpoint: Callable[[Variables], str], gait_variables: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, out, pose = checkpoint(gait_variables("LSTM", 2)), tmp_path / "gait.safetensors", _pose_file(tmp_path)
    summary = tmp_path / "summary.json"
    arguments = ["convert", "tensorflow", name, "--out", str(out), "--pose", str(pose), "--json", str(summary)]
    assert run(arguments) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "8,970,752 values of the checkpoint are live, 1,632,768 are dead or serve training" in printed
    assert "recurrent cell found" not in printed
    values = json.loads(summary.read_text())
    assert values["kind"] == "gait-nn"
    assert values["live_values"] == 8_970_752
    assert len(values["left_out"]) == 90
    assert values["card"]["data"] == "TensorFlow checkpoint model.ckpt"
    _, card = load_weights(out)
    options = {"recurrent_unit": "LSTM", "rnn_layers": 2, "gates": "fused", "dropout": 0.3}
    assert card.model == {"name": "gait-nn", "norm_momentum": 0.1, **options}
    assert card.input["representation"] == "pose-features"
    assert card.input["network"] == str(pose)
    assert card.input["weights_hash"] == load_pose_network(pose)[1].weights_hash

    rng = np.random.default_rng(1)
    store = Store.create(tmp_path / "store")
    for subject in ("001", "002"):
        for condition in ("nm-01", "nm-02"):
            frames = rng.integers(0, 255, (4, 48, 36, 3), dtype=np.uint8)
            store.add([GaitSequence(subject, condition, "090", 25.0, frames=frames)])
    assert run(["embed", str(out), "--data", str(tmp_path / "store"), "--out", str(tmp_path / "e.npz")]) == 0
    assert np.load(tmp_path / "e.npz")["embeddings"].shape == (4, 1, 512)
    arguments = ["evaluate", str(out), "--data", str(tmp_path / "store"), "--protocol", "first-walk"]
    assert run([*arguments, "--out", str(tmp_path / "evaluation")]) == 0


def test_one_cell_may_be_two_layers(
    checkpoint: Callable[[Variables], str], gait_variables: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, out = checkpoint(gait_variables()), tmp_path / "gait.safetensors"
    arguments = ["convert", "tensorflow", name, "--out", str(out), "--pose", str(_pose_file(tmp_path))]
    assert run(arguments) == 0
    assert "one recurrent layer is assumed" in " ".join(capsys.readouterr().out.split())
    assert load_weights(out)[1].model["rnn_layers"] == 1
    assert run([*arguments, "--rnn-layers", "2"]) == 0
    assert "both recurrent layers have its values" in " ".join(capsys.readouterr().out.split())
    model, card = load_weights(out)
    assert (card.model["rnn_layers"], card.model["gates"]) == (2, "tensorflow")
    first, second = (model.state_dict()[f"recurrent.layers.{layer}.weight_input"] for layer in (0, 1))
    assert torch.equal(first, second)


def test_a_pose_network(checkpoint: Callable[[Variables], str], pose_variables: Variables, tmp_path: Path) -> None:
    out = tmp_path / "pose.safetensors"
    assert run(["convert", "tensorflow", checkpoint(pose_variables), "--out", str(out)]) == 0
    network, card = load_pose_network(out)
    assert card.network["name"] == "human-pose-nn"
    assert card.data == "TensorFlow checkpoint model.ckpt"
    assert sum(tensor.numel() for tensor in network.state_dict().values()) == 29_663_504


def test_both_in_one(
    checkpoint: Callable[[Variables], str], pose_variables: Variables, gait_variables: Make, tmp_path: Path
) -> None:
    out, summary = tmp_path / "both.safetensors", tmp_path / "summary.json"
    name = checkpoint(pose_variables | gait_variables())
    assert run(["convert", "tensorflow", name, "--out", str(out), "--json", str(summary)]) == 0
    model, card = load_weights(out)
    assert card.model["name"] == "pose-gait-nn"
    assert card.model["pose"] == {"name": "human-pose-nn"}
    assert card.model["gait"]["gates"] == "tensorflow"
    assert (card.input["representation"], card.input["resolution"]) == ("frames", 299)
    scope = "NewInceptionResnetV2/AuxiliaryScoring"
    assert torch.equal(
        model.state_dict()["pose.to_features.bias"], torch.from_numpy(pose_variables[f"{scope}/Scoring_layer/biases"])
    )
    left_out = json.loads(summary.read_text())["left_out"]
    assert left_out[f"{scope}/Upsampling_layer/weights"] == "paints heat maps, which recognition does not need"
    assert len(left_out) == 92


def test_one_line_says_what_is_wrong(
    checkpoint: Callable[[Variables], str],
    gait_variables: Make,
    pose_variables: Variables,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "x.safetensors"
    saved = {name: values for name, values in gait_variables().items() if "/Recurrent/" not in name}
    for variables, options, code, message in (
        (saved, ["--pose", "light-pose-nn"], 1, "lacks the weights of the recurrent layers"),
        (gait_variables(), [], 2, "is a GaitNN; say with --pose whose features it takes"),
        (pose_variables, ["--pose", "x"], 2, "--pose x has no place in it"),
        (pose_variables, ["--rnn-layers", "1"], 2, "--rnn-layers has no place in it"),
        ({"a/b": np.zeros(1, np.float32)}, [], 1, "holds neither HumanPoseNN (InceptionResnetV2/...) nor GaitNN"),
    ):
        assert run(["convert", "tensorflow", checkpoint(variables), "--out", str(out), *options]) == code
        printed = capsys.readouterr().err
        assert message in printed
        assert "model.ckpt: " in printed
        assert len(printed.splitlines()) == 1
        assert not out.exists()
    assert run(["convert", "tensorflow", checkpoint(pose_variables), "--out", str(tmp_path / "x.npz")]) == 2
    assert "written to a .safetensors file" in capsys.readouterr().err
