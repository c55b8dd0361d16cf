"""The shared walks of 100 real people: all of them arrive, and the bone-length baseline does what it says."""

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

import gaitprint
from gaitprint.cli import main

# Joints in the order of the files; a frame starts at each head.
# fmt: off
FILE_ORDER = (
    "head", "thorax", "right_shoulder", "left_shoulder", "right_elbow", "left_elbow", "right_wrist", "left_wrist",
    "right_hand", "left_hand", "spine_mid", "pelvis", "right_hip", "left_hip", "right_knee", "left_knee",
    "right_ankle", "left_ankle", "right_foot", "left_foot",
)
# fmt: on
# The 19 bones, as pairs of positions in that order.
BONES = [(0, 1), (1, 10), (10, 11), (11, 12), (11, 13), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7), (6, 8), (7, 9)]
BONES += [(12, 14), (13, 15), (14, 16), (15, 17), (16, 18), (17, 19)]


@pytest.fixture(scope="module")
def walks(shared_data: Path, tmp_path_factory) -> Path:
    archive = shared_data / "kinect-gait" / "walks.tar.xz"
    if not archive.exists():
        pytest.skip(f"needs {archive}")
    folder = tmp_path_factory.mktemp("kinect")
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def store(walks: Path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("store") / "kinect"
    summary = out.with_suffix(".json")
    assert main.run(["prepare", "kinect-gait", str(walks), "--out", str(out), "--json", str(summary), "--quiet"]) == 0
    assert json.loads(summary.read_text()) | {"store": ""} == {
        "stored": 499,
        "present": 0,
        "rejects": [],
        "empty_frames": 0,
        "store": "",
    }
    return out


def read_text(path: Path) -> np.ndarray:
    """Read one walk with nothing of ours: float64 [T, 20, 3]."""
    return np.array([line.split(";")[1:] for line in path.read_text().split()], float).reshape(-1, 20, 3)


def test_every_walk_is_stored_and_a_tenth_is_compared(walks: Path, store: Path) -> None:
    stored = gaitprint.Store(store)
    assert len({info.subject for info in stored.infos}) == 100
    lengths = np.array([info.num_frames for info in stored.infos])
    assert (lengths.min(), lengths.max()) == (208, 1711)
    for walk in list(stored)[::10]:
        subject, condition, _ = walk.split("/")
        recorded = read_text(next(walks.rglob(f"{subject}/{int(condition[-2:])}.txt")))
        sequence = stored.read(walk)
        order = [sequence.skeleton.index(name) for name in FILE_ORDER]
        np.testing.assert_allclose(sequence.joints[:, order], recorded, rtol=1e-6)


def test_anthropometry_agrees_with_an_independent_computation(walks: Path, store: Path, tmp_path: Path) -> None:
    words = ["evaluate", "anthropometry", "--data", str(store), "--protocol", "first-walk", "--out", str(tmp_path)]
    assert main.run([*words, "--quiet"]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())

    paths = sorted(walks.rglob("Person*/*.txt"))
    lengths, people, numbers = [], [], []
    for path in paths:
        joints = read_text(path)
        lengths.append([np.median(np.linalg.norm(joints[:, a] - joints[:, b], axis=1)) for a, b in BONES])
        people.append(path.parent.name)
        numbers.append(int(path.stem))
    values = np.array(lengths) / np.std(lengths, axis=0)
    first = {person: min(n for p, n in zip(people, numbers, strict=True) if p == person) for person in people}
    gallery = [i for i in range(len(paths)) if numbers[i] == first[people[i]]]
    ranks = []
    for probe in set(range(len(paths))) - set(gallery):
        order = sorted(gallery, key=lambda entry: np.linalg.norm(values[entry] - values[probe]))
        ranks.append([people[entry] for entry in order].index(people[probe]))
    assert (metrics["gallery"], metrics["probe"]) == (100, 399)
    for figure, depth in (("rank1", 1), ("rank5", 5), ("rank10", 10)):
        assert metrics[figure] == pytest.approx(np.mean(np.array(ranks) < depth), abs=1e-9)
