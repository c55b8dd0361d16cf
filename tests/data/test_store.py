"""The store: what goes in comes out, whoever reads it, whatever happened before."""

import json
import multiprocessing
import os
import pickle
import signal
from pathlib import Path

import lmdb
import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError, InvalidSequenceError, UnreadableFileError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20, SKELETONS, Skeleton
from gaitprint.data.encoding import pack_blocks, unpack_blocks
from gaitprint.data.store import Store


def walk(subject: str = "001", length: int = 20, size: tuple[int, int] = (64, 44), **more: object) -> GaitSequence:
    random = np.random.default_rng(int(subject))
    silhouettes = random.integers(0, 256, (length, *size), dtype=np.uint8)
    return GaitSequence(subject, "nm-01", "090", 25.0, silhouettes=silhouettes, view_deg=90.0, **more)


def full_walk(subject: str = "001", frames: int = 37) -> GaitSequence:
    random = np.random.default_rng(int(subject))
    return walk(
        subject,
        frames,
        joints=random.normal(size=(frames, 20, 3)).astype(np.float32),
        confidence=random.random((frames, 20), dtype=np.float32),
        skeleton="kinect-v1-20",
        frames=random.integers(0, 256, (frames, 48, 40, 3), dtype=np.uint8),
    )


@pytest.mark.parametrize("encoding", ["bits", "grey"])
@pytest.mark.parametrize("size", [(64, 64), (64, 44), (13, 7)])
def test_a_walk_comes_back_as_it_went_in(tmp_path: Path, encoding: str, size: tuple[int, int]) -> None:
    original = walk(size=size, length=37)
    store = Store.create(tmp_path / "s", encoding=encoding)
    store.add([original])
    expected = original.silhouettes if encoding == "grey" else np.where(original.silhouettes > 127, 255, 0)
    copy = Store(tmp_path / "s").read("001/nm-01/090")
    np.testing.assert_array_equal(copy.silhouettes, expected)
    assert (copy.frame_rate_hz, copy.view_deg, copy.num_frames) == (25.0, 90.0, 37)
    for chosen in ([3, 3, 0, 36, 17], slice(5, 29), np.arange(37) % 2 == 0, [-1, 16, 15], np.zeros(0, int)):
        clip = store.read_silhouettes(0, chosen)
        np.testing.assert_array_equal(clip, expected[chosen])
        assert clip.dtype == np.uint8
        assert clip.flags.writeable
    with pytest.raises(IndexError):
        store.read_silhouettes(0, [37])
    store.add([walk("002", size=size)])
    clips = store.read_clips([1, 0, 1], np.array([[3, 19], [36, 0], [7, 7]]))
    expected = [store.read_silhouettes(p, f) for p, f in ((1, [3, 19]), (0, [36, 0]), (1, [7, 7]))]
    np.testing.assert_array_equal(clips, expected)
    with pytest.raises(IndexError):
        store.read_clips([1], np.array([[20]]))
    store.add([walk("003", size=(8, 8))])
    with pytest.raises(InvalidSequenceError, match="clips need silhouettes of one size"):
        store.read_clips([0, 2], np.zeros((2, 1), int))


def test_every_modality_and_description_is_kept(tmp_path: Path) -> None:
    original = full_walk()
    Store.create(tmp_path, encoding="grey").add([original])
    store = Store(tmp_path)
    copy = store.read(original.id)
    for name in ("silhouettes", "joints", "confidence", "frames"):
        np.testing.assert_array_equal(getattr(copy, name), getattr(original, name))
    assert copy.skeleton == original.skeleton
    info = store.infos[0]
    assert (info.id, info.num_frames, info.silhouette_size) == (original.id, 37, (64, 44))
    assert (info.modalities, info.skeleton) == (("silhouettes", "joints", "frames"), KINECT_V1_20)
    joints, confidence = store.read_joints(0, [5, 2])
    np.testing.assert_array_equal(joints, original.joints[[5, 2]])
    np.testing.assert_array_equal(confidence, original.confidence[[5, 2]])
    np.testing.assert_array_equal(store.read_frames(0, [30, 1]), original.frames[[30, 1]])


def test_confidence_that_was_not_given_reads_as_one(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    joints = np.zeros((4, 17, 2), np.float32)
    store.add([GaitSequence("a", "b", "c", 30.0, joints=joints, skeleton="coco-17")])
    assert (store.read_joints(0)[1] == 1).all()
    assert store.read("a/b/c").confidence is None
    with pytest.raises(InvalidSequenceError, match="a/b/c has no silhouettes"):
        store.read_silhouettes(0)


def test_a_skeleton_of_ones_own_is_kept(tmp_path: Path) -> None:
    tripod = Skeleton("tripod", ("a", "b", "c"), (("a", "b"), ("a", "c")), (("b", "c"),))
    joints = np.zeros((2, 3, 2), np.float32)
    store = Store.create(tmp_path)
    store.add([GaitSequence("1", "x", "y", 30.0, joints=joints, skeleton=tripod)])
    assert Store(tmp_path).read("1/x/y").skeleton == tripod
    assert pickle.loads(pickle.dumps(Store(tmp_path))).infos[0].skeleton == tripod
    other = Skeleton("tripod", ("c", "b", "a"), (), ())
    with pytest.raises(InvalidSequenceError, match="two different skeletons are called 'tripod'"):
        store.add([GaitSequence("2", "x", "y", 30.0, joints=joints, skeleton=other)])
    usurper = Skeleton("coco-17", ("a", "b", "c"), (), ())
    with pytest.raises(InvalidSequenceError, match="two different skeletons are called 'coco-17'"):
        store.add([GaitSequence("2", "x", "y", 30.0, joints=joints, skeleton=usurper)])
    assert len(Store(tmp_path)) == 1


def test_a_kept_skeleton_wins_over_a_later_built_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Skeleton("later-2", ("a", "b"), (("a", "b"),), ())
    joints = np.zeros((2, 2, 3), np.float32)
    Store.create(tmp_path).add([GaitSequence("1", "x", "y", 30.0, joints=joints, skeleton=mine)])
    monkeypatch.setitem(SKELETONS, "later-2", Skeleton("later-2", ("c", "d"), (("c", "d"),), ()))
    assert Store(tmp_path).infos[0].skeleton == mine
    Store.create(tmp_path).add([GaitSequence("2", "x", "y", 30.0, joints=joints, skeleton=mine)])
    assert Store(tmp_path).read("2/x/y").skeleton == mine


@pytest.mark.parametrize(
    ("kept", "line"),
    [
        ({}, "no definition of skeleton 'tripod'"),
        ({"tripod": {"name": "tripod"}}, r"skeleton\.joints"),
        ({"tripod": {"name": "tripod", "joints": ["a"], "bones": [["a", "b"]], "left_right": []}}, "unknown joint 'b'"),
        ({"tripod": 3}, "damaged store"),
    ],
)
def test_a_lost_skeleton_is_one_clear_line(tmp_path: Path, kept: object, line: str) -> None:
    tripod = Skeleton("tripod", ("a",), (), ())
    store = Store.create(tmp_path)
    store.add([GaitSequence("1", "x", "y", 30.0, joints=np.zeros((2, 1, 3), np.float32), skeleton=tripod)])
    with store._file.write() as transaction:
        transaction.put(b"!skeletons", json.dumps(kept).encode())
    with pytest.raises(UnreadableFileError, match=line) as error:
        Store(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (b"{half", "damaged store"),
        (b"[1]", "damaged store"),
        (b'{"subject": "1"}', "damaged store \\(no 'silhouette_size' of a walk"),
    ],
)
def test_a_damaged_description_is_one_clear_line(tmp_path: Path, entry: bytes, line: str) -> None:
    store = Store.create(tmp_path)
    with store._file.write() as transaction:
        transaction.put(b"i" + bytes(16), entry)
    with pytest.raises(UnreadableFileError, match=line) as error:
        Store(tmp_path)
    assert str(error.value).startswith(f"{tmp_path}: ")
    assert "\n" not in str(error.value)


def test_a_full_disk_is_one_clear_line_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaitprint.data.environment._MAP_SIZES", (1 << 16,))  # no file may grow beyond
    store = Store.create(tmp_path)
    store.add([walk("001")])
    with pytest.raises(UnreadableFileError, match=f"{tmp_path}: cannot be written .*MAP_FULL"):
        store.add([walk(f"{n:03d}") for n in range(2, 50)])
    assert list(store) == list(Store(tmp_path)) == ["001/nm-01/090"]


def test_positions_follow_ids_not_insertion(tmp_path: Path) -> None:
    one, two = Store.create(tmp_path / "1"), Store.create(tmp_path / "2")
    walks = [walk(subject) for subject in ("003", "001", "002")]
    one.add(walks)
    for item in reversed(walks):
        two.add([item])
    assert list(one) == list(two) == sorted(w.id for w in walks)
    assert one.position("002/nm-01/090") == 1
    assert "002/nm-01/090" in one
    assert "004/nm-01/090" not in one
    assert one.content_hash() == two.content_hash()
    two.add([walk("004")])
    assert one.content_hash() != two.content_hash()
    with pytest.raises(UsageError, match=r"no walk '02/nm-01/090' among 3 \(did you mean '002/nm-01/090'\?\)"):
        one.position("02/nm-01/090")


def test_a_duplicate_is_refused_and_nothing_else_written(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add([walk("001")])
    with pytest.raises(InvalidSequenceError, match="001/nm-01/090 is there already"):
        store.add([walk("002"), walk("001")])
    assert list(Store(tmp_path)) == list(store) == ["001/nm-01/090"]


def test_labels_as_long_as_allowed(tmp_path: Path) -> None:
    names = ["ä" * 128, "漢" * 128, "z" * 128]
    store = Store.create(tmp_path)
    store.add([GaitSequence(*names, 25.0, silhouettes=np.zeros((1, 2, 2), np.uint8))])
    assert Store(tmp_path).read("/".join(names)).subject == names[0]


def test_splits_and_manifest(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    assert store.splits == {}
    store.set_splits({"train": ["001"], "test": ["002", "003"]})
    store.set_manifest({"reader": "tree", "source": "/x"})
    store.add([walk()])
    again = Store(tmp_path)
    assert again.splits == {"train": ("001",), "test": ("002", "003")}
    assert again.manifest["reader"] == "tree"
    assert again.manifest["counts"] == {"walks": 1, "subjects": 1, "frames": 20}
    assert again.manifest["content_hash"] == store.content_hash()
    with pytest.raises(UsageError, match="opened for reading"):
        again.add([walk("002")])


def test_a_reader_keeps_its_positions_while_walks_are_added(tmp_path: Path) -> None:
    writer = Store.create(tmp_path)
    writer.add([walk("002")])
    reader = Store(tmp_path)
    writer.add([walk("001")])
    assert list(reader) == ["002/nm-01/090"]
    np.testing.assert_array_equal(reader.read_silhouettes(0), writer.read_silhouettes(1))


def read_first(store: Store, position: int) -> int:
    return int(store.read_silhouettes(position, [0, 5]).sum())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_any_kind_can_read(tmp_path: Path, method: str) -> None:
    store = Store.create(tmp_path)
    store.add([walk(f"{n:03d}") for n in range(6)])
    expected = [read_first(store, position) for position in range(6)]  # the parent has the file open
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.starmap(read_first, [(store, position) for position in range(6)]) == expected
    assert pickle.loads(pickle.dumps(store)).infos == store.infos


def add_until_killed(path: Path, acknowledged: "multiprocessing.connection.Connection") -> None:
    store = Store.create(path)
    for number in range(10_000):
        store.add([walk(f"{number:05d}", length=4)])
        acknowledged.send(number)


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=add_until_killed, args=(tmp_path, sender))
    process.start()
    while receiver.recv() < 20:
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    last = 20
    while receiver.poll():
        last = receiver.recv()
    store = Store(tmp_path)
    assert len(store) in (last + 1, last + 2)  # the last one may have been written but not told
    for position in range(len(store)):
        np.testing.assert_array_equal(
            store.read_silhouettes(position), np.where(walk(f"{position:05d}", 4).silhouettes > 127, 255, 0)
        )
    Store.create(tmp_path).add([walk("99999")])


def test_opening_what_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no such folder"):
        Store(tmp_path / "nothing")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UnreadableFileError, match=r"not a gaitprint store \(it holds no data.mdb\)"):
        Store(tmp_path)
    with pytest.raises(UsageError, match="holds other files and no store"):
        Store.create(tmp_path)
    with pytest.raises(UsageError, match="is a file"):
        Store.create(tmp_path / "notes.txt")
    (tmp_path / "data.mdb").write_bytes(b"not LMDB at all" * 1000)
    with pytest.raises(UnreadableFileError, match="cannot be opened as a store"):
        Store(tmp_path)
    foreign = lmdb.open(str(tmp_path / "foreign"))
    with foreign.begin(write=True) as transaction:
        transaction.put(b"key", b"value")
    foreign.close()
    with pytest.raises(UnreadableFileError, match="an LMDB folder, but no gaitprint store"):
        Store(tmp_path / "foreign")


def test_a_store_cut_short_is_refused(tmp_path: Path) -> None:
    store = Store.create(tmp_path)
    store.add([walk(f"{n:03d}") for n in range(50)])
    del store
    with (tmp_path / "data.mdb").open("r+b") as stream:
        stream.truncate(40_000)
    with pytest.raises(UnreadableFileError, match="cut short"):
        Store(tmp_path)


def test_a_newer_format_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaitprint.data.store_file.FORMAT_VERSION", 2)
    Store.create(tmp_path)
    monkeypatch.undo()
    with pytest.raises(UnreadableFileError, match="store format 2, this gaitprint reads format 1"):
        Store(tmp_path)


def test_create_checks_what_is_there(tmp_path: Path) -> None:
    Store.create(tmp_path / "s", encoding="grey")
    with pytest.raises(IncompatibleError, match="keeps silhouettes as grey, asked to write bits"):
        Store.create(tmp_path / "s")
    with pytest.raises(UsageError, match="is a store already"):
        Store.create(tmp_path / "s", encoding="grey", exist_ok=False)
    with pytest.raises(UsageError, match="unknown encoding 'gray'"):
        Store.create(tmp_path / "t", encoding="gray")


def test_a_clip_touches_only_the_bytes_of_its_frames() -> None:
    """With every block but one overwritten, a clip inside that block still reads."""
    frames = np.random.default_rng(0).integers(0, 256, (64, 64, 64), dtype=np.uint8)
    packed = bytearray(pack_blocks(frames))
    ends = np.frombuffer(bytes(packed), "<u8", 4, offset=20)
    data = 20 + 32
    packed[data : data + int(ends[0])] = bytes(int(ends[0]))
    packed[data + int(ends[1]) :] = bytes(len(packed) - data - int(ends[1]))
    np.testing.assert_array_equal(unpack_blocks(bytes(packed), [31, 16, 20]), frames[[31, 16, 20]])
