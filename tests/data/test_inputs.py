import cv2
import numpy as np
import pytest
import torch

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20, KINECT_V2_25, get_skeleton
from gaitprint.data.inputs import INPUTS, build_input
from gaitprint.data.store import Store


def _walk(frames: int = 7, size: tuple[int, int] = (64, 64), condition: str = "nm-01") -> GaitSequence:
    rng = np.random.default_rng(frames)
    silhouettes = ((rng.random((frames, *size)) > 0.5) * 255).astype(np.uint8)
    return GaitSequence("001", condition, "090", 25.0, silhouettes=silhouettes)


def _skeleton_walk(name: str = "kinect-v1-20", frames: int = 5, axes: int = 3) -> GaitSequence:
    rng = np.random.default_rng(frames)
    joints = len(get_skeleton(name).joints)
    return GaitSequence(
        *("001", f"nm-{frames:02d}", "090", 25.0),
        joints=rng.normal(size=(frames, joints, axes)).astype(np.float32),
        skeleton=name,
        confidence=rng.random((frames, joints)).astype(np.float32),
    )


def _frames_walk(frames: int, size: tuple[int, int] = (20, 15)) -> GaitSequence:
    pixels = np.random.default_rng(frames).integers(0, 256, (frames, *size, 3), dtype=np.uint8)
    return GaitSequence("001", f"nm-{frames:02d}", "090", 25.0, frames=pixels)


@pytest.mark.parametrize("encoding", ["bits", "grey"])
def test_a_batch_is_what_one_walk_after_the_other_gives(tmp_path, encoding) -> None:
    store = Store.create(tmp_path, encoding=encoding)
    store.add([_walk(frames, condition=f"nm-{frames:02d}") for frames in (7, 9, 12)])
    positions, frames = np.array([2, 0, 2]), np.array([[11, 0, 3], [6, 6, 1], [0, 1, 2]])
    model_input = build_input({"representation": "silhouettes", "frames": 3})
    one_by_one = [model_input.read(store, p, f) for p, f in zip(positions.tolist(), frames, strict=True)]
    batch = model_input.read_batch(store, positions, frames)
    assert batch.shape == (3, 3, 64, 44)
    assert torch.equal(batch, model_input.collate(one_by_one))


def test_gei_is_the_scaled_mean_of_the_middle_columns() -> None:
    walk = _walk()
    model_input = build_input({"representation": "gei", "size": [128, 88]})
    compact = model_input.encode(walk)
    expected = np.zeros((64, 44))
    for frame in walk.silhouettes:
        expected += frame[:, 10:54]
    expected = np.floor(expected / 7 + 0.5)
    assert compact.dtype == np.uint8
    assert np.array_equal(compact, expected)
    final = model_input.finish(model_input.collate([compact, compact]))
    assert final.shape == (2, 1, 128, 88)
    assert final.dtype == torch.float32
    scaled = cv2.resize(expected.astype(np.float32), (88, 128), interpolation=cv2.INTER_LINEAR) / 127.5 - 1
    np.testing.assert_allclose(final[1, 0].numpy(), scaled, atol=1e-5)
    assert final.min() >= -1
    assert final.max() <= 1


def test_sizes_that_need_no_scaling_and_smaller_ones() -> None:
    walk = _walk(size=(64, 44))
    compact = build_input({"representation": "gei"}).encode(walk)
    same = build_input({"representation": "gei", "size": (64, 44)})
    np.testing.assert_allclose(same.finish(same.collate([compact]))[0, 0].numpy(), compact / 127.5 - 1, atol=1e-6)
    half = build_input({"representation": "gei", "size": (32, 22)})
    small = half.finish(torch.full((1, 64, 44), 51, dtype=torch.uint8))
    assert small.shape == (1, 1, 32, 22)
    np.testing.assert_allclose(small.numpy(), 51 / 127.5 - 1, atol=1e-5)


def test_silhouettes_are_the_chosen_frames() -> None:
    walk = _walk(frames=9)
    model_input = build_input({"representation": "silhouettes", "size": [64, 44], "frames": 4, "sampling": "uniform"})
    compact = model_input.encode(walk)
    assert np.array_equal(compact, walk.silhouettes[[0, 3, 5, 8]][:, :, 10:54])
    final = model_input.finish(model_input.collate([compact, compact, compact]))
    assert final.shape == (3, 4, 1, 64, 44)
    np.testing.assert_allclose(final[2, :, 0].numpy(), compact / 127.5 - 1, atol=1e-6)
    larger = build_input({"representation": "silhouettes", "size": [128, 88], "frames": 4})
    assert larger.finish(larger.collate([compact])).shape == (1, 4, 1, 128, 88)


def test_joints_carry_their_confidence_and_are_padded_with_unseen_ones() -> None:
    model_input = build_input({"representation": "joints", "skeleton": "kinect-v1-20"})
    walks = [_skeleton_walk(frames=frames) for frames in (5, 8)]
    final = model_input.finish(model_input.collate([model_input.encode(walk) for walk in walks]))
    assert final.shape == (2, 8, 20, 4)
    np.testing.assert_array_equal(final[0, :5, :, :3].numpy(), walks[0].joints)
    np.testing.assert_array_equal(final[0, :5, :, 3].numpy(), walks[0].confidence)
    assert (final[0, 5:] == 0).all()


def test_joints_of_a_richer_skeleton_are_converted() -> None:
    model_input = build_input({"representation": "joints", "skeleton": "kinect-v1-20"})
    walk = _skeleton_walk("kinect-v2-25")
    compact = model_input.encode(walk)
    for index, joint in enumerate(KINECT_V1_20.joints):
        np.testing.assert_array_equal(compact[:, index, :3], walk.joints[:, KINECT_V2_25.index(joint)])


@pytest.mark.parametrize("name", sorted(set(INPUTS) - {"pose-features"}))  # which has a test file of its own
def test_a_stored_walk_gives_what_the_walk_in_memory_gives(name: str, tmp_path) -> None:
    choice = {"representation": name} | ({"skeleton": "kinect-v1-20"} if name == "joints" else {})
    model_input = build_input(choice)
    walks = {
        "joints": [_skeleton_walk(frames=40), _skeleton_walk(frames=41)],
        "frames": [_frames_walk(40), _frames_walk(9)],
    }.get(name, [_walk(40), _walk(9, condition="bg")])
    store = Store.create(tmp_path / "store")
    store.add(walks)
    model_input.check(store.infos)
    for walk in walks:
        position = store.position(walk.id)
        frames = model_input.choose_frames(np.array([walk.num_frames]), None)
        stored = model_input.read(store, position, None if frames is None else frames[0])
        np.testing.assert_array_equal(stored, model_input.encode(walk))


def test_refuses_in_one_line_what_the_model_cannot_take(tmp_path) -> None:
    gei = build_input({"representation": "gei"})
    joints = build_input({"representation": "joints", "skeleton": "kinect-v1-20"})
    with pytest.raises(
        IncompatibleError, match="001/nm-01/090: the model needs joints; this walk has only silhouettes"
    ):
        joints.encode(_walk())
    with pytest.raises(IncompatibleError, match=r"001/nm-05/090: the model needs silhouettes; .* only joints"):
        gei.encode(_skeleton_walk())
    with pytest.raises(IncompatibleError, match=r"240 x 320, need height 240 and width 165\.\.240; align them"):
        gei.encode(_walk(size=(240, 320)))
    with pytest.raises(IncompatibleError, match="coco-17 has no left_hand, right_hand"):
        joints.encode(_skeleton_walk("coco-17"))
    with pytest.raises(IncompatibleError, match="needs joints with 3 coordinates, these have 2"):
        joints.encode(_skeleton_walk(axes=2))
    store = Store.create(tmp_path / "store")
    store.add([_walk(), _walk(size=(32, 32), condition="nm-02"), _skeleton_walk("coco-17")])
    with pytest.raises(IncompatibleError, match=r"silhouettes differ in size: .*\(64, 64\).*\(32, 32\)"):
        gei.check(store.infos[:2])
    with pytest.raises(IncompatibleError, match="needs silhouettes"):
        gei.check(store.infos)
    with pytest.raises(IncompatibleError, match="coco-17 has no"):
        joints.check(store.infos[2:])
    with pytest.raises(UsageError, match=r"input\.skeleton"):
        build_input({"representation": "joints"})
    with pytest.raises(UsageError, match="did you mean 'silhouettes'"):
        build_input({"representation": "silhouette"})


def test_evaluation_takes_several_clips_and_training_one() -> None:
    options = {"representation": "silhouettes", "frames": 3, "stride": 2, "evaluation_clips": 3}
    model_input = build_input(options)
    lengths = np.array([11, 4])
    chosen = model_input.choose_frames(lengths, None)
    assert chosen.tolist() == [[0, 2, 4, 3, 5, 7, 6, 8, 10], [0, 2, 3] * 3]
    assert model_input.choose_frames(lengths, np.random.default_rng(0)).shape == (2, 3)
    with pytest.raises(UsageError, match=r"input\.stride is 0"):
        build_input({"representation": "silhouettes", "stride": 0})
    for option in ("stride", "evaluation_clips"):
        with pytest.raises(UsageError, match=rf"{option} needs input\.sampling=clip"):
            build_input({"representation": "silhouettes", "sampling": "uniform", option: 2})
    for representation in ("silhouettes", "gei"):
        with pytest.raises(UsageError, match=r"input\.size is 64, 0; both must be at least 1"):
            build_input({"representation": representation, "size": [64, 0]})


def test_a_gei_in_training_is_the_mean_of_some_frames_in_a_row(tmp_path) -> None:
    rng = np.random.default_rng(0)
    silhouettes = rng.integers(0, 2, (20, 16, 11), np.uint8) * np.uint8(255)
    store = Store.create(tmp_path / "store")
    store.add([GaitSequence("001", "nm-01", "090", 25.0, silhouettes=silhouettes)])
    model_input = build_input({"representation": "gei", "size": [16, 11], "training_frames": 6})
    assert not model_input.cacheable
    assert build_input({"representation": "gei", "size": [16, 11]}).cacheable
    lengths = model_input.num_frames(store.infos)
    assert model_input.choose_frames(lengths, None) is None  # all of them in evaluation
    images = set()
    for _ in range(40):
        frames = model_input.choose_frames(lengths, rng)
        start = int(frames[0, 0])
        assert frames[0].tolist() == list(range(start, start + 6))
        image = model_input.read(store, 0, frames[0])
        assert np.abs(image - silhouettes[start : start + 6].mean(axis=0)).max() <= 0.5
        images.add(image.tobytes())
    assert len(images) > 8
    with pytest.raises(UsageError, match="training_frames"):
        build_input({"representation": "gei", "training_frames": 0})
