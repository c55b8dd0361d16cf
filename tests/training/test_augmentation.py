"""The recipe's `augment` section, from the command line's words to the weights."""

from pathlib import Path

import pytest

from gaitprint.core.config import read_yaml
from gaitprint.core.errors import UsageError
from gaitprint.data.augmentation import AUGMENTATIONS
from gaitprint.data.store import Store
from gaitprint.training import fit
from gaitprint.training.fit import train
from gaitprint.training.recipe import load_recipe, resolve

CLIPS = ("model.channels=[8,16]", "input.size=[32,22]", "input.frames=4", "sampler=plain", "sampler.batch_size=8")
EVERYTHING = "+".join(name for name in AUGMENTATIONS if AUGMENTATIONS[name].modality == "silhouettes")


def test_the_same_seed_gives_the_same_weights_and_augmentation_others(blobs: Store, quick, tmp_path: Path) -> None:
    short = [*quick, "training.steps=3"]
    choices = {"a": ["augment=flip+rotation"], "b": ["augment=flip+rotation"], "plain": [], "flip": ["augment=flip"]}
    hashes = {
        name: train(load_recipe("cnn-gei", [*short, *augment]), blobs, tmp_path / name)["weights_hash"]
        for name, augment in choices.items()
    }
    assert hashes["a"] == hashes["b"]
    assert len(set(hashes.values())) == 3
    recipe = resolve(read_yaml(tmp_path / "a" / "recipe.yaml"))
    assert [choice["name"] for choice in recipe.augment] == ["flip", "rotation"]
    assert recipe.augment[1] == {"name": "rotation", "probability": 0.5, "degrees": 10.0}


class _StopError(Exception):
    pass


def test_resumes_in_the_middle_to_the_same_weights(blobs: Store, tmp_path: Path, monkeypatch) -> None:
    options = [*CLIPS, "training.steps=5", "training.save_every_steps=1"]
    recipe = load_recipe("gaitbert-light", [*options, f"augment={EVERYTHING}"])
    whole = train(recipe, blobs, tmp_path / "whole")
    real_save = fit._save_last

    def save_and_stop(run) -> None:
        real_save(run)
        if run.state.step == 2:
            raise _StopError

    with monkeypatch.context() as patch:
        patch.setattr(fit, "_save_last", save_and_stop)
        with pytest.raises(_StopError):
            train(recipe, blobs, tmp_path / "stopped")
    resumed = train(recipe, blobs, tmp_path / "stopped", resume=True)
    assert resumed == whole | {"folder": str(tmp_path / "stopped")}
    without = train(load_recipe("gaitbert-light", options), blobs, tmp_path / "without")
    assert without["weights_hash"] != whole["weights_hash"]


def test_options_from_yaml_and_from_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "model: cnn-gei\naugment: [{name: flip, probability: 0.3}, {name: affine, scale: [0.8, 1.2]}, perspective]\n"
    )
    augment = load_recipe(str(path), ["augment.1.shift=0", "augment.2.distortion=0.2"]).augment
    assert augment == (
        {"name": "flip", "probability": 0.3},
        {"name": "affine", "probability": 0.5, "scale": [0.8, 1.2], "shear_degrees": 5.0, "shift": 0.0},
        {"name": "perspective", "probability": 0.5, "distortion": 0.2},
    )
    assert load_recipe("cnn-gei", ["augment=rotation", "augment.degrees=3"]).augment[0]["degrees"] == 3
    assert load_recipe(str(path), ["augment=[]"]).augment == ()


def test_wrong_names_options_and_inputs_are_refused(blobs: Store, quick, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown augmentation 'flipp' \\(did you mean 'flip'"):
        load_recipe("cnn-gei", ["augment=flipp"])
    with pytest.raises(UsageError, match=r"unknown key 'augment\.degree' \(did you mean 'degrees'"):
        load_recipe("cnn-gei", ["augment=rotation", "augment.degree=3"])
    with pytest.raises(UsageError, match=r"augment\.probability is 2\.0, must be in 0\.\.1"):
        load_recipe("cnn-gei", ["augment=flip", "augment.probability=2"])
    with pytest.raises(UsageError, match="gait energy images have none to lose"):
        train(load_recipe("cnn-gei", [*quick, "augment=frame-dropout"]), blobs, tmp_path / "run")
