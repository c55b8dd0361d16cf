from pathlib import Path

import pytest

from gaitprint.core.errors import IncompatibleError, UnreadableFileError
from gaitprint.data.store import Store
from gaitprint.training.fit import train
from gaitprint.training.recipe import load_recipe


@pytest.mark.parametrize("file", ["model.safetensors", "card.json", "trainer.safetensors", "trainer.json"])
def test_a_damaged_checkpoint_is_named(blobs: Store, quick, tmp_path: Path, file: str) -> None:
    recipe = load_recipe("cnn-gei", [*quick, "training.steps=1"])
    train(recipe, blobs, tmp_path / "run")
    path = tmp_path / "run" / "last" / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableFileError, match=file) as caught:
        train(recipe, blobs, tmp_path / "run", resume=True)
    assert "\n" not in str(caught.value)


def test_the_checkpoint_of_another_network_is_refused(blobs: Store, quick, tmp_path: Path) -> None:
    train(load_recipe("cnn-gei", [*quick, "training.steps=1"]), blobs, tmp_path / "run")
    other = load_recipe("cnn-gei", [*quick, "training.steps=1", "model.normalisation=none"])
    train(other, blobs, tmp_path / "other")
    (tmp_path / "run" / "last").rename(tmp_path / "moved")
    (tmp_path / "other" / "last").rename(tmp_path / "run" / "last")
    with pytest.raises(IncompatibleError, match="tensor 'convolutions"):
        train(load_recipe("cnn-gei", [*quick, "training.steps=1"]), blobs, tmp_path / "run", resume=True)
