"""The README, and the page that it sends own skeletons to, stay true: Python runs, commands and recipes exist."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

import gaitprint
from gaitprint.cli.commands import COMMANDS
from gaitprint.data.datasets import READERS
from gaitprint.models.weights import build_model
from gaitprint.training.recipe import load_recipe, shipped_recipes

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SKELETONS = (Path(__file__).parents[1] / "docs" / "skeletons.md").read_text(encoding="utf-8")


def test_commands_readers_and_recipes_exist():
    called = re.findall(r"(?:^    |`|-m )gaitprint ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", README, re.MULTILINE)
    assert {name for name, _ in called} <= set(COMMANDS)
    assert {word for name, word in called if name == "prepare" and word} <= set(READERS)
    assert {word for name, word in called if name == "train"} <= set(shipped_recipes())
    assert len(called) > 10


def test_arrays_go_into_a_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = np.zeros((9, 240, 320), np.uint8)
    raw[:, 40:200, 140:180] = 255
    (block,) = re.findall(r"```python\n(.*?align_silhouettes.*?)```", README, re.DOTALL)
    code, replaced = re.subn(r"raw = \.\.\.", "", block)
    assert replaced == 1
    exec(code, {"raw": raw})
    assert gaitprint.Store("my-store").read("anna/nm-01/090").silhouettes.shape == (9, 64, 64)


@pytest.mark.parametrize("axes", [2, 3])
def test_joints_go_into_a_store(axes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n([^`]*?coco-17.*?)```", README, re.DOTALL)
    code, replaced = re.subn(r"joints, confidence = \.\.\.", "", block)
    assert replaced == 1
    exec(code, {"joints": np.ones((9, 17, axes), np.float32), "confidence": np.ones((9, 17), np.float32)})
    assert gaitprint.Store("my-skeletons").read("anna/nm-01/free").skeleton.name == "coco-17"


def test_a_skeleton_of_ones_own_trains(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (definition,) = re.findall(r"```yaml\n(name: .*?)```", SKELETONS, re.DOTALL)
    Path("stick-9.yaml").write_text(definition)
    assert len(gaitprint.read_skeleton("stick-9.yaml").bones) == 8
    called = re.search(r"gaitprint train (\S+) .*(model\.skeleton=stick-9\.yaml)", SKELETONS)
    recipe = load_recipe(called[1], [called[2]])
    assert recipe.model["skeleton"]["name"] == "stick-9"
    logits = build_model(recipe.model, 3)(torch.ones(2, 5, 9, 4)).logits
    assert logits.shape == (2, 1, 3)


def test_the_public_names_are_there():
    for name in gaitprint.__all__:
        assert getattr(gaitprint, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gaitprint.nothing
