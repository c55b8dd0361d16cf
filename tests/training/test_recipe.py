from pathlib import Path

import pytest
import torch
import yaml

from gaitprint.core.config import to_mapping
from gaitprint.core.errors import UnreadableFileError, UsageError
from gaitprint.training.optimizer import OPTIMIZERS, build_optimizer
from gaitprint.training.recipe import FusionRecipe, Recipe, load_any_recipe, load_recipe, resolve, shipped_recipes


def test_the_shipped_recipe_is_the_specified_one() -> None:
    recipe = load_recipe("cnn-gei")
    assert recipe.model == {"name": "cnn-gei", "normalisation": "batch"}
    assert recipe.input == {"representation": "gei", "size": [128, 88], "training_frames": None}
    assert recipe.optimizer["name"] == "adam"
    assert recipe.optimizer["learning_rate"] == 1e-3
    assert recipe.sampler == {"name": "plain", "batch_size": 16}
    assert recipe.loss == ({"name": "cross-entropy", "label_smoothing": 0.0, "weight": 1.0},)
    assert (recipe.training.epochs, recipe.training.seed) == (20, 42)
    assert load_recipe("cnn-gei-nm").data.conditions == tuple(f"nm-{i:02d}" for i in range(1, 7))
    assert set(shipped_recipes()) >= {"cnn-gei", "cnn-gei-nm", "cnn-gei-demo"}
    assert all(shipped_recipes().values())


def shipped_trainings() -> list[Recipe]:
    """All shipped recipes that train one model; members of fusions are among them."""
    return [recipe for name in sorted(shipped_recipes()) if isinstance(recipe := load_any_recipe(name), Recipe)]


def test_members_of_shipped_fusions_are_shipped() -> None:
    names = {recipe.name for recipe in shipped_trainings()}
    fusions = [load_any_recipe(name) for name in sorted(set(shipped_recipes()) - names)]
    assert fusions
    for fusion in fusions:
        assert isinstance(fusion, FusionRecipe)
        assert {member.name for member in fusion.members} <= names


@pytest.mark.parametrize("recipe", shipped_trainings(), ids=lambda recipe: recipe.name)
def test_a_resolved_recipe_reads_back_as_itself(recipe: Recipe, tmp_path: Path) -> None:
    text = yaml.safe_dump(to_mapping(recipe))
    (tmp_path / "resolved.yaml").write_text(text)
    assert load_recipe(str(tmp_path / "resolved.yaml")) == recipe
    assert resolve(to_mapping(recipe)) == recipe


def test_overrides_apply_in_order() -> None:
    recipe = load_recipe("cnn-gei", ["loss=triplet", "loss.margin=0.4", "loss.weight=2", "training.seed=7"])
    assert recipe.loss == ({"name": "triplet", "margin": 0.4, "mining": "batch-all", "normalise": True, "weight": 2.0},)
    assert recipe.training.seed == 7
    both = load_recipe("cnn-gei", ["loss=cross-entropy+triplet", "loss.1.margin=0.1"])
    assert [loss["name"] for loss in both.loss] == ["cross-entropy", "triplet"]
    assert both.loss[1]["margin"] == 0.1
    # A bare name brings its own defaults, not the options of what it replaces.
    assert load_recipe("cnn-gei", ["optimizer=sgd"]).optimizer["learning_rate"] == 0.1


def test_another_representation_brings_its_own_options() -> None:
    recipe = load_recipe("cnn-gei", ["input.representation=silhouettes", "input.frames=12"])
    defaults = {"size": [64, 44], "sampling": "clip", "stride": 1, "evaluation_clips": 1, "evaluation_frames": None}
    assert recipe.input == {"representation": "silhouettes", "frames": 12, **defaults}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("los=triplet", r"unknown key 'los' \(did you mean 'loss'\?\)"),
        ("loss=tripplet", "unknown loss 'tripplet' .*'triplet'"),
        ("loss.label_smothing=0.1", r"loss\.label_smothing.*'label_smoothing'"),
        ("loss=triplet+triplet", "each once"),
        ("loss.weight=0", "above 0"),
        ("model=cnn-gai", "did you mean 'cnn-gei'"),
        ("model.normalisation=layer", r"model\.normalisation"),
        ("model=anthropometry", "needs no training"),
        ("model={normalisation: batch}", "model: needs a name"),
        ("input.representation=gie", "unknown input representation 'gie' .*'gei'"),
        ("input.sise=[1,2]", r"input\.sise.*'size'"),
        ("data.condition=[nm]", r"data\.condition.*'conditions'"),
        ("sampler=pq", "unknown sampler 'pq'"),
        ("sampler.batch_sise=3", "'batch_size'"),
        ("optimizer=adm", "unknown optimizer 'adm' .*'adam'"),
        ("optimizer.momentum=0.9", r"unknown key 'optimizer\.momentum'"),
        ("schedule=steps", "'step'"),
        ("training.epoch=3", "'epochs'"),
        ("training.epochs=0", r"training\.epochs is 0"),
        ("training.seed=-1", "must not be negative"),
        ("training.precision=8", r"training\.precision"),
        ("training.epochs", "is no assignment"),
        ("model.name=[cnn-gei]", "model: needs a name"),
        ("input.representation=[gei]", "input: needs a representation"),
        ("optimizer.learning_rate=.nan", r"optimizer\.learning_rate: Input should be a finite number"),
        ("training.clip_norm=.inf", r"training\.clip_norm: Input should be a finite number"),
        ("loss.weight=.inf", "must be a finite number above 0"),
    ],
)
def test_refuses_in_one_line_what_it_does_not_know(override: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load_recipe("cnn-gei", [override])
    assert "\n" not in str(caught.value)


def test_refuses_to_stop_before_people_held_out_are_seen_again() -> None:
    options = ["training.early_stopping=3", "training.validate_every_epochs=4"]
    assert load_recipe("cnn-gei", options).training.early_stopping == 3  # nobody is held out: every epoch is judged
    with pytest.raises(UsageError, match=r"early_stopping is 3.*every 4 epochs"):
        load_recipe("cnn-gei", [*options, "data.validation_subjects=2"])


def test_refuses_unknown_recipes_and_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown recipe 'cnn-gie' .*'cnn-gei'"):
        load_recipe("cnn-gie")
    with pytest.raises(UnreadableFileError, match=r"none\.yaml"):
        load_recipe(str(tmp_path / "none.yaml"))
    (tmp_path / "bad.yaml").write_text("model: [")
    with pytest.raises(UnreadableFileError, match=r"bad\.yaml"):
        load_recipe(str(tmp_path / "bad.yaml"))
    (tmp_path / "short.yaml").write_text("loss: triplet")
    with pytest.raises(UsageError, match="model"):
        load_recipe(str(tmp_path / "short.yaml"))


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_optimizers_take_a_step_with_the_rate_they_are_given(name: str) -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    choice = build_optimizer({"name": name, "learning_rate": 0.25, "weight_decay": 0.0})
    optimizer = choice.build([parameter])
    assert optimizer.param_groups[0]["lr"] == choice.learning_rate == 0.25
    parameter.sum().backward()
    optimizer.step()
    assert (parameter < 1).all()
