"""A few blobs, a few skeletons and a few dots that walk: enough to train on within a second."""

from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20, MPII_16, convert_joints
from gaitprint.data.store import Store
from gaitprint.synth.body import sample_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import sample_style, vary_style
from gaitprint.training.fit import train
from gaitprint.training.recipe import load_recipe


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


@pytest.fixture(scope="session")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Six people with three walks in two views each; the last two are the test split."""
    path = tmp_path_factory.mktemp("blobs")
    store = Store.create(path)
    store.add(
        blob_walk(subject, repetition, view)
        for subject in range(6)
        for repetition in (1, 2, 3)
        for view in ("000", "090")
    )
    names = [f"{subject:03d}" for subject in range(6)]
    store.set_splits({"train": names[:-2], "test": names[-2:]})
    return Store(path)


# A small network input and a few steps: one training takes well under a second.
QUICK = ("input.size=[32,22]", "sampler.batch_size=8", "training.epochs=3")


@pytest.fixture(scope="session")
def quick() -> tuple[str, ...]:
    return QUICK


def skeleton_walk(subject: int, repetition: int, frames: int = 100) -> GaitSequence:
    """A synthetic walker past a sensor that turns with it, half of the walk from either side."""
    person, rng = np.random.default_rng([subject]), np.random.default_rng([subject, repetition])
    body, style = sample_body(person), vary_style(sample_style(person), rng)
    points = walk(body, style, frames, frame_rate_hz=30.0, start_phase=rng.random()).landmarks
    joints, confidence = convert_joints(points - points.mean(axis=(0, 1)), LANDMARKS, KINECT_V1_20)
    angle = np.where(np.arange(frames) < frames // 2, np.pi / 2, -np.pi / 2)[:, None]
    x, y, z = np.moveaxis(joints, -1, 0)
    turned = np.stack([x * np.cos(angle) + z * np.sin(angle), y, z * np.cos(angle) - x * np.sin(angle) + 3], axis=-1)
    noisy = (turned + rng.normal(0, 0.005, turned.shape)).astype(np.float32)
    return GaitSequence(
        f"{subject:03d}",
        f"walk-{repetition:02d}",
        "free",
        30.0,
        joints=noisy,
        skeleton=KINECT_V1_20,
        confidence=confidence,
    )


@pytest.fixture(scope="session")
def skeletons(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Nine people, three walks each."""
    path = tmp_path_factory.mktemp("skeletons") / "store"
    Store.create(path).add(skeleton_walk(subject, repetition) for subject in range(9) for repetition in (1, 2, 3))
    return Store(path)


def dot_walk(subject: int, repetition: int = 1, frames: int = 3, axes: int = 2) -> GaitSequence:
    """A bright dot at each joint of a stick figure, on a speckled ground, higher than wide."""
    rng = np.random.default_rng([subject, repetition])
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(4)), axis=-1).reshape(16, 2)
    joints = (grid * 8 + 6 + rng.uniform(-2, 2, (frames, 16, 2))).astype(np.float32)
    images = rng.integers(0, 60, (frames, 48, 36, 3), dtype=np.uint8)
    column, row = joints.astype(np.int64)[..., 0], joints.astype(np.int64)[..., 1]
    images[np.arange(frames)[:, None], row, column] = 255
    if axes == 3:
        joints = np.concatenate([joints, joints[..., :1]], axis=-1)
    labels = (f"{subject:03d}", f"nm-{repetition:02d}", "090", 25.0)
    return GaitSequence(*labels, joints=joints, skeleton=MPII_16, frames=images)


@pytest.fixture(scope="session")
def dots(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Six people, two walks each, four of them to train on; and one walk in metres that teaches nothing."""
    path = tmp_path_factory.mktemp("dots") / "store"
    store = Store.create(path)
    store.add(dot_walk(subject, repetition) for subject in range(6) for repetition in (1, 2))
    store.add([dot_walk(0, 3, axes=3)])
    store.set_splits({"train": [f"{subject:03d}" for subject in range(6)]})
    return Store(path)


@pytest.fixture(scope="session")
def pose_run(dots: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a pose network that has learnt next to nothing."""
    run = tmp_path_factory.mktemp("pose") / "run"
    tiny = ["model.channels=[4,4,8,8]", "model.blocks=[1,1,1]", "sampler.batch_size=2", "data.validation_subjects=0"]
    train(load_recipe("light-pose-nn", [*tiny, "training.steps=1"]), dots, run, device="cpu")
    return run
