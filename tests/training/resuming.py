"""A training that is stopped after every checkpoint, beside one that runs through."""

from pathlib import Path

import pytest

from gaitprint.data.store import Store
from gaitprint.training import fit
from gaitprint.training.recipe import Recipe

_MOST_SAVES = 100


class _StoppedError(Exception):
    pass


def check_resumes_to_the_same_bits(recipe: Recipe, store: Store, folder: Path) -> int:
    """Train both ways and compare the run folders; returns how often the one was stopped."""
    whole, stopped = folder / "whole", folder / "stopped"
    expected = fit.train(recipe, store, whole, device="cpu")
    saves = 0
    real_save = fit._save_last

    def save_and_stop(run: fit._Run) -> None:
        nonlocal saves
        real_save(run)
        saves += 1
        raise _StoppedError

    resumed = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "_save_last", save_and_stop)
        while resumed is None and saves < _MOST_SAVES:
            try:
                resumed = fit.train(recipe, store, stopped, resume=True, device="cpu")
            except _StoppedError:
                continue
    assert resumed == expected | {"folder": str(stopped)}
    fit.train(recipe, store, stopped, resume=True, device="cpu")  # finished: nothing changes
    kept = [f"last/{name}" for name in ("model.safetensors", "trainer.safetensors", "trainer.json", "card.json")]
    for name in (*kept, "best/card.json", "history.csv"):
        assert (whole / name).read_bytes() == (stopped / name).read_bytes(), name
    return saves
