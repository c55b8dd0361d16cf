"""Pictures and their joints against what the store and the geometry say, read one by one."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import COCO_17, MPII_16, Skeleton, convert_joints
from gaitprint.data import pictures as module
from gaitprint.data.frames import square_frames
from gaitprint.data.picture_stream import PictureStream
from gaitprint.data.pictures import Pictures, walks_with_joints_in_frames
from gaitprint.data.sampling import build_sampler
from gaitprint.data.store import Store

HEIGHT, WIDTH, SIZE = 40, 24, 20


def _walk(
    subject: str, frames: int, skeleton: Skeleton = MPII_16, axes: int = 2, pictures: bool = True
) -> GaitSequence:
    rng = np.random.default_rng([frames, axes])
    joints = rng.uniform(0, 24, (frames, len(skeleton.joints), axes)).astype(np.float32)
    confidence = rng.integers(0, 2, joints.shape[:2]).astype(np.float32)
    shown = rng.integers(0, 256, (frames, HEIGHT, WIDTH, 3), dtype=np.uint8) if pictures else None
    labels = (subject, "nm-01", "000", 25.0)
    return GaitSequence(*labels, joints=joints, skeleton=skeleton, confidence=confidence, frames=shown)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path = tmp_path_factory.mktemp("pictures") / "store"
    walks = [_walk("a", 3), _walk("b", 1, COCO_17), _walk("c", 5), _walk("d", 4, axes=3), _walk("e", 2, pictures=False)]
    Store.create(path).add(walks)
    return Store(path)


@pytest.fixture
def positions(store: Store) -> np.ndarray:
    return walks_with_joints_in_frames(store, np.arange(len(store)))


def test_walks_in_metres_and_without_frames_show_no_joints(store: Store, positions: np.ndarray) -> None:
    assert [store.infos[position].subject for position in positions] == ["a", "b", "c"]
    assert walks_with_joints_in_frames(store, np.zeros(0, np.int64)).dtype == np.int64


def test_pictures_are_squared_and_joints_go_with_them(store: Store, positions: np.ndarray) -> None:
    rows, frames = np.array([2, 0, 1, 2]), np.array([4, 1, 0, 0])
    images, joints = Pictures(store, positions, SIZE).read(rows, frames)
    assert images.dtype == np.uint8
    assert joints.dtype == np.float32
    for row, frame, image, found in zip(rows, frames, images, joints, strict=True):
        walk = store.read(store.infos[positions[row]].id)
        assert walk.frames is not None
        assert walk.joints is not None
        assert walk.skeleton is not None
        np.testing.assert_array_equal(image, square_frames(walk.frames[[frame]], SIZE)[0])
        places, confidence = convert_joints(walk.joints, walk.skeleton, MPII_16, walk.confidence)
        # Eight black columns to either side, then half the size.
        expected = (places[frame] + [8, 0]) / 2
        known = confidence[frame] > 0
        np.testing.assert_allclose(found[known, :2], expected[known], atol=1e-4)
        np.testing.assert_array_equal(found[:, 2], confidence[frame])
    assert (joints[2, MPII_16.index("head_top"), 2]) == 0  # COCO has none


def test_joints_outside_the_frame_are_unknown(tmp_path: Path) -> None:
    joints = np.full((1, 16, 2), 10, np.float32)
    joints[0, 0], joints[0, 1], joints[0, 2] = (-0.1, 5), (24.1, 5), (5, 40.1)
    joints[0, 3], joints[0, 4] = (0, 0), (24, 40)
    frames = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    walk = GaitSequence("a", "nm-01", "000", 25.0, joints=joints, skeleton=MPII_16, frames=frames)
    Store.create(tmp_path / "store").add([walk])
    _, found = Pictures(Store(tmp_path / "store"), np.array([0]), SIZE).read(np.array([0]), np.array([0]))
    assert found[0, :6, 2].tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("limit", [0, 3 * SIZE * SIZE * 3, 1 << 30])
def test_what_is_kept_is_what_was_read(
    store: Store, positions: np.ndarray, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHE_LIMIT_BYTES", limit)
    pictures = Pictures(store, positions, SIZE)
    rows, frames = np.array([0, 0, 0, 1, 2, 2, 2, 2, 2]), np.array([0, 1, 2, 0, 0, 1, 2, 3, 4])
    first = pictures.read(rows, frames)
    reads: list[int] = []
    real = Store.read_frames
    monkeypatch.setattr(Store, "read_frames", lambda *call: reads.append(call[1]) or real(*call))
    again = pictures.read(rows, frames)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert len(reads) == {0: 9, 1 << 30: 0}.get(limit, 6)
    assert len(pickle.dumps(pictures)) < 20_000  # another process reads for itself


def test_batches_follow_from_the_step_and_are_shared(store: Store, positions: np.ndarray) -> None:
    pictures = Pictures(store, positions, SIZE)
    sampler = build_sampler({"name": "plain", "batch_size": 6}, np.tile(np.arange(3), 2), seed=1)
    whole = PictureStream(pictures, sampler, seed=1)
    parts = [PictureStream(Pictures(store, positions, SIZE), sampler, 1, process, 2) for process in (0, 1)]
    for step in (5, 0, 1):
        images, joints = whole[step]
        assert images.shape == (6, SIZE, SIZE, 3)
        assert joints.shape == (6, 16, 3)
        halves = [part[step] for part in parts]
        for index, value in enumerate((images, joints)):
            np.testing.assert_array_equal(value, np.concatenate([half[index] for half in halves]))
    ahead = list(whole.batches(3, 6))
    np.testing.assert_array_equal(ahead[2][0], whole[5][0])
    # Each walk as often as any other, and all of its frames sooner or later.
    seen: dict[int, set[bytes]] = {0: set(), 1: set(), 2: set()}
    alone = [pictures.read(np.full(length, row), np.arange(length))[0] for row, length in enumerate(pictures.lengths)]
    for step in range(30):
        owners = [
            [row for row in seen if (alone[row] == image.numpy()).all((1, 2, 3)).any()] for image in whole[step][0]
        ]
        assert sorted(owners) == [[0], [0], [1], [1], [2], [2]]
        for (owner,), image in zip(owners, whole[step][0], strict=True):
            seen[owner].add(image.numpy().tobytes())
    assert [len(found) for found in seen.values()] == [3, 1, 5]
