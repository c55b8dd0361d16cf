"""The README stays true: its Python runs, its commands and recipes exist."""

import re
from pathlib import Path

import numpy as np
import pytest

import gaitprint
from gaitprint.cli.commands import COMMANDS
from gaitprint.data.datasets import READERS
from gaitprint.training.recipe import shipped_recipes

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


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


def test_the_public_names_are_there():
    for name in gaitprint.__all__:
        assert getattr(gaitprint, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gaitprint.nothing
