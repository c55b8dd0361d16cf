"""OpenGait trees: silhouettes, poses, both."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.datasets.opengait import OpenGaitReader


def write(folder: Path, **arrays: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(array))


def test_silhouettes_and_poses(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pose = random.random((6, 17, 3))
    silhouettes = random.integers(0, 256, (6, 64, 44), dtype=np.uint8)
    write(tmp_path / "0001" / "camid1" / "seq0", pose=pose, silhouettes=silhouettes)
    reader = OpenGaitReader()
    (item,) = reader.list_walks(tmp_path).items
    walk = reader.read_walk(item)
    assert walk.rejects == ()
    assert walk.sequence.id == "0001/camid1/seq0"
    np.testing.assert_array_equal(walk.sequence.silhouettes, silhouettes)
    np.testing.assert_array_equal(walk.sequence.joints, pose[..., :2].astype(np.float32))
    np.testing.assert_array_equal(walk.sequence.confidence, pose[..., 2].astype(np.float32))
    assert walk.sequence.skeleton.name == "coco-17"


def test_files_that_do_not_fit_together(tmp_path: Path) -> None:
    folder = tmp_path / "1" / "a" / "b"
    write(folder, one=np.zeros((4, 8, 8), np.uint8), two=np.zeros((4, 8, 8), np.uint8), pose=np.zeros((3, 17, 3)))
    (folder / "notes.txt").write_text("x")
    reader = OpenGaitReader()
    walk = reader.read_walk(reader.list_walks(tmp_path).items[0])
    assert {Path(reject.path).name: reject.reason for reject in walk.rejects} == {
        "notes.txt": "not a .pkl",
        "pose.pkl": "3 frames, unlike another file of this walk",
        "two.pkl": "a second file of silhouettes in one folder",
    }
    (tmp_path / "2" / "a" / "b").mkdir(parents=True)
    with pytest.raises(UnreadableFileError, match="empty folder"):
        reader.read_walk(reader.list_walks(tmp_path).items[1])
