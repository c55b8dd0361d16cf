"""Every loss that a recipe can name really trains a model, parameters of its own included."""

import csv
from pathlib import Path

import pytest
import safetensors.torch
import torch

from gaitprint.core.errors import IncompatibleError
from gaitprint.data.store import Store
from gaitprint.losses import LOSSES
from gaitprint.training import fit
from gaitprint.training.fit import train
from gaitprint.training.recipe import load_recipe

QUICK = ("input.size=[32,22]", "sampler=pk", "sampler.subjects=4", "sampler.walks=4")
TRAINABLE = sorted(name for name in LOSSES if LOSSES[name].needs != "reconstruction")


def _losses_of_epochs(run: Path) -> list[float]:
    return [float(row["loss"]) for row in csv.DictReader((run / "history.csv").open())]


@pytest.mark.parametrize("name", TRAINABLE)
def test_goes_down(blobs: Store, name: str, tmp_path: Path) -> None:
    train(load_recipe("cnn-gei", [*QUICK, f"loss={name}", "training.epochs=5"]), blobs, tmp_path, device="cpu")
    losses = _losses_of_epochs(tmp_path)
    assert losses[0] > 0
    assert losses[-1] < 0.9 * losses[0]


def test_all_at_once_resume_to_the_same_bits(blobs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = [*QUICK, f"loss={'+'.join(TRAINABLE)}", "training.epochs=3", "training.save_every_steps=1"]
    recipe = load_recipe("cnn-gei", overrides)
    whole = train(recipe, blobs, tmp_path / "whole", device="cpu")
    real_save = fit._save_last
    saves = 0

    class StopError(Exception):
        pass

    def save_and_stop(run: fit._Run) -> None:
        nonlocal saves
        real_save(run)
        saves += 1
        raise StopError

    resumed = None
    with monkeypatch.context() as patch:
        patch.setattr(fit, "_save_last", save_and_stop)
        while resumed is None and saves < 20:
            try:
                resumed = train(recipe, blobs, tmp_path / "stopped", resume=True, device="cpu")
            except StopError:
                continue
    assert saves == whole["steps"] >= 3
    assert resumed == whole | {"folder": str(tmp_path / "stopped")}
    for file in ("last/model.safetensors", "last/trainer.safetensors", "history.csv"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "stopped" / file).read_bytes(), file


@pytest.mark.parametrize(("name", "parameter"), [("center", "centers"), ("arcface", "weights"), ("cosface", "weights")])
def test_own_parameters_are_trained_and_kept_for_resuming(
    blobs: Store, name: str, parameter: str, tmp_path: Path
) -> None:
    kept = []
    for steps in (1, 4):
        recipe = load_recipe("cnn-gei", [*QUICK, f"loss={name}", f"training.steps={steps}"])
        train(recipe, blobs, tmp_path, device="cpu", resume=True)
        kept.append(
            safetensors.torch.load_file(tmp_path / "last" / "trainer.safetensors")[f"losses.losses.0.{parameter}"]
        )
    before, after = kept
    assert before.shape == (1, 4, 128)  # parts, people, values
    assert ((after - before).abs().amax(dim=2) > 0).all()
    assert torch.isfinite(after).all()


def test_a_loss_that_does_not_fit_the_model_says_so(blobs: Store, tmp_path: Path) -> None:
    recipe = load_recipe("cnn-gei", [*QUICK, "loss=masked-reconstruction"])
    with pytest.raises(IncompatibleError, match="'masked-reconstruction' looks at the model's reconstruction"):
        train(recipe, blobs, tmp_path, device="cpu")
