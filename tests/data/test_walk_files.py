import json
import zipfile

import numpy as np
import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20, Skeleton
from gaitprint.data.walk_files import load_walk, save_walk

RNG = np.random.default_rng(0)
LEG = Skeleton("leg-3", ("hip", "knee", "ankle"), (("hip", "knee"), ("knee", "ankle")), ())


def _kinect(**changes) -> GaitSequence:
    joints = RNG.normal(size=(5, 20, 3)).astype(np.float32)
    return GaitSequence("001", "nm-01", "090", 30.0, **{"joints": joints, "skeleton": KINECT_V1_20} | changes)


@pytest.mark.parametrize(
    "walk",
    [
        _kinect(),
        _kinect(confidence=RNG.random((5, 20)).astype(np.float32), view_deg=90.0),
        GaitSequence("Zoë", "ö 1", "ü", 12.5, silhouettes=RNG.integers(0, 256, (4, 9, 7)).astype(np.uint8)),
        GaitSequence("a", "b", "c", 25, joints=np.ones((2, 3, 2), np.float32), skeleton=LEG),
        _kinect(frames=RNG.integers(0, 256, (5, 4, 6, 3)).astype(np.uint8)),
    ],
)
def test_a_walk_comes_back_as_it_was(walk: GaitSequence, tmp_path) -> None:
    path = tmp_path / "deep" / "walk.npz"
    save_walk(path, walk)
    back = load_walk(path)
    for name in ("id", "frame_rate_hz", "view_deg", "skeleton", "modalities"):
        assert getattr(back, name) == getattr(walk, name), name
    for name in ("silhouettes", "joints", "confidence", "frames"):
        expected, found = getattr(walk, name), getattr(back, name)
        assert (expected is None) == (found is None), name
        if expected is not None:
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
    assert [file.name for file in path.parent.iterdir()] == ["walk.npz"]


def _rewritten(path, **changes) -> None:
    """Write a walk's file with some arrays changed, or left out where None."""
    save_walk(path, _kinect())
    with np.load(path) as arrays:
        values = dict(arrays) | changes
    np.savez(path, **{name: value for name, value in values.items() if value is not None})


DEFINITION = {"name": "leg", "joints": ["hip"], "bones": [], "left_right": []}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"subject": None}, "it holds no .*subject"),
        ({"joints": None}, "skeleton or confidence given without joints"),
        ({"skeleton": None}, "without a skeleton"),
        ({"skeleton": "no json"}, "not a walk file"),
        ({"skeleton": json.dumps(DEFINITION)}, "20 joints, but skeleton 'leg' has 1"),
        ({"skeleton": json.dumps({"name": "leg"})}, "joints"),
        ({"skeleton": json.dumps([1])}, "not a walk file"),
        ({"joints": np.full((5, 20, 3), np.nan, np.float32)}, "NaN or infinity"),
        ({"joints": np.zeros((5, 20, 3))}, "float64"),
        ({"subject": "a/b"}, "no valid label"),
        ({"frame_rate_hz": np.zeros(2)}, "not a walk file"),
        ({"frame_rate_hz": -1.0}, "must be above 0"),
        ({"subject": np.array([{}], object)}, "not a walk file"),
    ],
)
def test_what_is_no_walk_is_refused_in_one_line(changes, fault, tmp_path) -> None:
    path = tmp_path / "walk.npz"
    _rewritten(path, **changes)
    with pytest.raises(UnreadableFileError, match=fault) as caught:
        load_walk(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_damaged_files_are_refused_in_one_line(tmp_path) -> None:
    whole = tmp_path / "walk.npz"
    walk = _kinect()
    save_walk(whole, walk)
    data = whole.read_bytes()
    damaged = {"empty": b"", "text": b"Head;1;2;3", "cut": data[: len(data) // 2], "tail": data[-200:]}
    for start in range(0, len(data), 97):  # a byte turned over, anywhere
        damaged[f"flip-{start}"] = data[:start] + bytes([data[start] ^ 0xFF]) + data[start + 1 :]
    refusals = []
    for name, content in damaged.items():
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        try:
            np.testing.assert_array_equal(load_walk(path).joints, walk.joints)  # what was hit did not matter
        except UnreadableFileError as error:
            refusals.append(str(error))
    assert len(refusals) > 0.7 * len(damaged)
    assert all(line.startswith(f"{tmp_path}/") and "\n" not in line for line in refusals)
    for path, fault in ((tmp_path / "missing.npz", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UnreadableFileError, match=fault):
            load_walk(path)


def test_a_small_file_cannot_claim_all_memory(tmp_path) -> None:
    path = tmp_path / "walk.npz"
    save_walk(path, _kinect())
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000000,), }"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("silhouettes.npy", array)
    with pytest.raises(UnreadableFileError, match=r"walk\.npz: "):
        load_walk(path)
