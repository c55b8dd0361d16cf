"""A pose network and GaitNN, trained end to end."""

from pathlib import Path

import torch
import yaml

from gaitprint.data.store import Store
from gaitprint.models.pose.weights import PoseCard, build_pose_network
from gaitprint.models.weight_files import write_weights_file
from gaitprint.models.weights import load_weights
from gaitprint.training.recipe import Recipe, load_any_recipe
from gaitprint.training.train import train

POSE = {"name": "light-pose-nn", "channels": [4, 4, 8, 8], "blocks": [1, 1, 1]}


def _recipe(folder: Path, pose_weights: Path | None, epochs: int) -> Recipe:
    path = folder / "end-to-end.yaml"
    values = {
        "name": "end-to-end",
        "model": {
            "name": "pose-gait-nn",
            "pose": POSE,
            "pose_weights": None if pose_weights is None else str(pose_weights),
        },
        "input": {"frames": 2},
        "loss": "cross-entropy",
        "sampler": {"name": "plain", "batch_size": 4},
        "optimizer": {"name": "adam", "learning_rate": 1e-12},
        "data": {"subjects": ["000", "001"], "validation_subjects": 0},
        "training": {"epochs": epochs, "precision": "32-true"},
    }
    path.write_text(yaml.safe_dump(values))
    return load_any_recipe(path)


def test_starts_from_pose_weights_once_and_remembers_whom_they_saw(dots: Store, tmp_path: Path) -> None:
    torch.manual_seed(3)
    network, pose = build_pose_network(POSE), tmp_path / "pose.safetensors"
    write_weights_file(pose, network, PoseCard(network=POSE, train_subjects=("005",), metrics={}))
    train(_recipe(tmp_path, pose, 1), dots, tmp_path / "run", device="cpu")
    model, card = load_weights(tmp_path / "run" / "last")
    assert card.pretraining_subjects == ("005",)
    for name, parameter in model.pose.named_parameters():
        torch.testing.assert_close(parameter, network.get_parameter(name), rtol=0, atol=1e-6, msg=name)
    # Neither weights nor a training that goes on need the pose network's file any more.
    pose.unlink()
    train(_recipe(tmp_path, pose, 2), dots, tmp_path / "run", resume=True, device="cpu")
    _, card = load_weights(tmp_path / "run" / "last")
    assert card.pretraining_subjects == ("005",)
    assert card.step == 2
