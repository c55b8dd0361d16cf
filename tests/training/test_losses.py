"""Every loss that a recipe can name really trains a model, parameters of its own included."""

import csv
from pathlib import Path

import pytest
import safetensors.torch
import torch
from tests.training.resuming import check_resumes_to_the_same_bits

from gaitprint.core.errors import IncompatibleError
from gaitprint.data.store import Store
from gaitprint.losses import LOSSES
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


def test_all_at_once_resume_to_the_same_bits(blobs: Store, tmp_path: Path) -> None:
    overrides = [*QUICK, f"loss={'+'.join(TRAINABLE)}", "training.epochs=3", "training.save_every_steps=1"]
    assert check_resumes_to_the_same_bits(load_recipe("cnn-gei", overrides), blobs, tmp_path) >= 3


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
