"""A few blobs that walk: enough to train on within a second."""

from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import Store


def blob_walk(subject: int, repetition: int, view: str, frames: int = 8) -> GaitSequence:
    """A box that is as wide and as high as the subject, swaying and speckled."""
    width, height = 8 + 5 * (subject % 4), 30 + 7 * (subject % 5)
    rng = np.random.default_rng([subject, repetition, int(view)])
    silhouettes = np.zeros((frames, 64, 64), np.uint8)
    for frame in silhouettes:
        centre = 32 + rng.integers(-2, 3)
        frame[63 - height : 63, centre - width // 2 : centre + width // 2] = 255
    silhouettes[rng.random(silhouettes.shape) < 0.02] ^= 255
    return GaitSequence(f"{subject:03d}", f"nm-{repetition:02d}", view, 25.0, silhouettes=silhouettes)


def make_blob_store(
    path: Path, subjects: int = 6, repetitions: int = 3, views: tuple[str, ...] = ("000", "090")
) -> Store:
    """A store whose last two subjects are the test split."""
    store = Store.create(path)
    store.add(
        blob_walk(subject, repetition + 1, view)
        for subject in range(subjects)
        for repetition in range(repetitions)
        for view in ("000", "090")
    )
    names = [f"{subject:03d}" for subject in range(subjects)]
    store.set_splits({"train": names[:-2], "test": names[-2:]})
    return Store(path)


@pytest.fixture(scope="session")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_blob_store(tmp_path_factory.mktemp("blobs"))


# A small network input and a few steps: one training takes well under a second.
QUICK = ("input.size=[32,22]", "sampler.batch_size=8", "training.epochs=3")


@pytest.fixture(scope="session")
def quick() -> tuple[str, ...]:
    return QUICK
