import numpy as np
import pytest

from gaitprint.core.errors import GaitprintError, UnreadableFileError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data.datasets.kinect_gait import _JOINTS, parse_walk
from gaitprint.data.store import Store
from gaitprint.data.walk_files import save_walk
from gaitprint.data.walk_source import find_recording, read_walk


def _joints(seed: int, frames: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(frames, 20, 3)).astype(np.float32)


def _kinect(subject: str, number: int, joints: np.ndarray) -> GaitSequence:
    return GaitSequence(subject, f"walk-{number:02d}", "free", 30.0, joints=joints, skeleton=KINECT_V1_20)


@pytest.fixture
def store(tmp_path):
    made = Store.create(tmp_path / "store")
    made.add([_kinect("Person001", number, _joints(number)) for number in (1, 2)])
    return made


@pytest.fixture
def text() -> str:
    """A Kinect file of four frames."""
    rows = [[name, *map(str, _joints(7)[frame, number])] for frame in range(4) for number, name in enumerate(_JOINTS)]
    return "\n".join(";".join(row) for row in rows) + "\n"


def test_a_walk_of_a_store(store) -> None:
    walk = read_walk(f"{store.path}::Person001/walk-02/free")
    np.testing.assert_array_equal(walk.joints, _joints(2))


def test_a_kinect_file_is_labelled_as_the_data_set_has_it(tmp_path, text, monkeypatch) -> None:
    folder = tmp_path / "Person007"
    folder.mkdir()
    for path, expected in (
        (folder / "3.txt", "Person007/walk-03/free"),
        (folder / "copy.txt", "unknown/copy/free"),
        (tmp_path / "3.TXT", "unknown/3/free"),
    ):
        path.write_text(text)
        walk = read_walk(str(path))
        assert (walk.id, walk.frame_rate_hz) == (expected, 30.0)
        np.testing.assert_array_equal(walk.joints, parse_walk(text.encode(), ""))
    monkeypatch.chdir(folder)
    assert read_walk("3.txt").id == "Person007/walk-03/free"


def test_an_npz(tmp_path) -> None:
    save_walk(tmp_path / "walk.npz", _kinect("anna", 1, _joints(0)))
    assert read_walk(str(tmp_path / "walk.npz")).id == "anna/walk-01/free"


def test_anything_else_is_refused_in_one_line_that_says_what_is_accepted(tmp_path, store) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("walk.mp4", "walk.AVI", "walk.csv", "walk"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "cut.txt").write_text("Head;1;2;3\nShoulder")
    (tmp_path / "cut.npz").write_bytes(b"PK")
    for source, error, fault in (
        (tmp_path / "walk.mp4", UsageError, "a video's silhouettes or joints have to be found first"),
        (tmp_path / "walk.AVI", UsageError, "a video"),
        (tmp_path / "walk.csv", UsageError, r"'\.csv' is no kind of walk; give a video, STORE::.*, or a \.npz"),
        (tmp_path / "walk", UsageError, "'' is no kind of walk"),
        (tmp_path / "missing.txt", UnreadableFileError, r"missing\.txt: no such file$"),
        (tmp_path / "missing.mp4", UnreadableFileError, r"missing\.mp4: no such file$"),
        (tmp_path / "missing", UnreadableFileError, "no such file; give a video, STORE::"),
        (tmp_path / "folder", UsageError, "a folder; give a video, STORE::"),
        (store.path, UsageError, "a store; name one of its walks, for example .*::Person001/walk-01/free"),
        (f"{store.path}::Person001/walk-1/free", UsageError, "did you mean 'Person001/walk-01/free'"),
        (f"{tmp_path}/nowhere::a/b/c", UnreadableFileError, "no such folder"),
        (f"{tmp_path}/folder::a/b/c", UnreadableFileError, "not a gaitprint store"),
        (tmp_path / "cut.txt", UnreadableFileError, "line 2 is not Joint"),
        (tmp_path / "cut.npz", UnreadableFileError, "not a walk file"),
    ):
        with pytest.raises(error, match=fault) as caught:
            read_walk(str(source))
        assert isinstance(caught.value, GaitprintError)
        assert "\n" not in str(caught.value)


def test_a_recording_is_found_under_any_name(store) -> None:
    found = [
        find_recording(store, walk)
        for walk in (
            _kinect("Person001", 2, _joints(2)),
            _kinect("unknown", 9, _joints(2)),  # a copy under another name
            _kinect("Person001", 2, _joints(5, frames=9)),  # another version of the walk of that name
            _kinect("Person001", 3, _joints(3)),
            _kinect("unknown", 9, _joints(2, frames=3)),
        )
    ]
    assert found == [[1], [1], [1], [], []]


@pytest.mark.parametrize("encoding", ["bits", "grey"])
def test_silhouettes_are_compared_as_the_store_keeps_them(encoding, tmp_path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 5, 16, 12)).astype(np.uint8)
    grey[2, 2] = grey[1, 2]  # the same in the middle, and not elsewhere
    walks = [GaitSequence(f"{i}", "nm-01", "090", 25.0, silhouettes=values) for i, values in enumerate(grey)]
    store = Store.create(tmp_path / "store", encoding=encoding)
    store.add(walks)
    for position, walk in enumerate(walks):
        copy = GaitSequence("copy", "nm-01", "090", 25.0, silhouettes=walk.silhouettes)
        assert find_recording(store, copy) == [position]
        assert find_recording(store, store.read(walk.id)) == [position]
    other_size = GaitSequence("copy", "nm-01", "090", 25.0, silhouettes=np.zeros((5, 8, 8), np.uint8))
    assert find_recording(store, other_size) == []
