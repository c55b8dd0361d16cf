"""Joints as model input: preprocessing of whole walks, clips of them, and what is kept."""

import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import KINECT_V1_20
from gaitprint.data import joint_inputs
from gaitprint.data.datasets.kinect_gait import FRAME_RATE_HZ, parse_walk
from gaitprint.data.inputs import build_input
from gaitprint.data.loader import BatchStream
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess
from gaitprint.data.sampling import build_sampler
from gaitprint.data.store import Store
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle

CLIPS = {"representation": "joints", "skeleton": "kinect-v1-20", "frames": 20, "sampling": "clip"}


def make_sequence(frames: int, rate: float = 30.0, subject: str = "001") -> GaitSequence:
    points = walk(average_body(1.6 + 0.1 * int(subject)), GaitStyle(), frames, frame_rate_hz=rate).landmarks
    joints = points[:, [LANDMARKS.index(name) for name in KINECT_V1_20.joints]] + np.float32([0.4, 0, 2])
    return GaitSequence(subject, f"walk-{frames}", "free", rate, joints=joints, skeleton=KINECT_V1_20)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    writable = Store.create(tmp_path / "store")
    writable.add([make_sequence(90), make_sequence(15), make_sequence(240, 120.0, "002")])
    return Store(tmp_path / "store")


def test_whole_walks_are_preprocessed_whatever_clip_is_asked_for(store: Store) -> None:
    model_input = build_input({**CLIPS, "preprocessing": {"size": "unit"}, "stride": 2, "evaluation_clips": 2})
    lengths = model_input.num_frames(store.infos)
    assert lengths.tolist() == [15, 90, 60]  # in order of ids; the last at a quarter of its rate
    frames = model_input.choose_frames(lengths, None)
    for position, info in enumerate(store.infos):
        sequence = store.read(info.id)
        config = PreprocessingConfig(size="unit")
        confidence = np.ones(sequence.joints.shape[:2], np.float32)
        joints, confidence = preprocess(sequence.joints, confidence, KINECT_V1_20, info.frame_rate_hz, config)
        whole = np.concatenate([joints, confidence[..., None]], axis=-1)
        np.testing.assert_array_equal(model_input.read(store, position, None), whole)
        clips = model_input.read(store, position, frames[position])
        assert clips.shape == (40, 20, 4)
        for number, start in enumerate((0, max(0, len(whole) - 39))):
            expected = np.zeros((20, 20, 4), np.float32)
            taken = whole[start : start + 39 : 2]
            expected[: len(taken)] = taken
            np.testing.assert_array_equal(clips[20 * number : 20 * number + 20], expected)
        np.testing.assert_array_equal(model_input.encode(sequence), clips)


def test_clips_start_at_random_in_training(store: Store) -> None:
    model_input = build_input(CLIPS)
    rng = np.random.default_rng(0)
    starts = np.array([model_input.choose_frames(np.array([90]), rng)[0, 0] for _ in range(300)])
    assert (starts.min(), starts.max()) == (0, 70)
    whole = model_input.read(store, 1, None)
    np.testing.assert_array_equal(model_input.read(store, 1, np.arange(30, 50)), whole[30:50])


@pytest.mark.parametrize("preprocessing", [None, {}])
def test_what_a_short_walk_lacks_is_padding(store: Store, preprocessing: dict | None) -> None:
    for sampling in ("clip", "uniform"):
        model_input = build_input({**CLIPS, "sampling": sampling, "preprocessing": preprocessing})
        frames = model_input.choose_frames(model_input.num_frames(store.infos), None)
        short = model_input.read(store, 0, frames[0])
        assert (short[:15, :, 3] == 1).all()
        assert (short[15:] == 0).all()
        assert (model_input.read(store, 1, frames[1])[..., 3] == 1).all()


def count_preprocessings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []

    def counting(joints: np.ndarray, *others: object) -> tuple[np.ndarray, np.ndarray]:
        calls.append(len(joints))
        return preprocess(joints, *others)

    monkeypatch.setattr(joint_inputs, "preprocess", counting)
    return calls


def test_a_training_preprocesses_each_walk_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count_preprocessings(monkeypatch)
    model_input = build_input({**CLIPS, "preprocessing": {}})
    labels = np.array([0, 0, 1])
    sampler = build_sampler({"name": "plain", "batch_size": 2}, labels, 0)
    stream = BatchStream(store, np.arange(3), labels, model_input, sampler, 0)
    assert sorted(calls) == [15, 90, 240]
    batches = [stream[step][0] for step in range(20)]
    assert len(calls) == 3
    assert all(batch.shape == (2, 20, 20, 4) for batch in batches)
    # A clip that somebody writes into is a copy.
    for batch in batches:
        batch.zero_()
    model_input.read(store, 1, None).fill(0)
    assert model_input.read(store, 1, None).any()
    assert len(calls) == 3
    copied = pickle.loads(pickle.dumps(model_input))
    np.testing.assert_array_equal(copied.read(store, 1, None), model_input.read(store, 1, None))


def test_no_more_is_kept_than_the_limit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count_preprocessings(monkeypatch)
    monkeypatch.setattr(joint_inputs, "KEPT_LIMIT_BYTES", 15 * 20 * 4 * 4)
    model_input = build_input({**CLIPS, "preprocessing": {}})
    for _ in range(3):
        for position in range(3):
            model_input.read(store, position, None)
    assert sorted(calls) == [15] + [90] * 3 + [240] * 3


def test_options() -> None:
    with pytest.raises(UsageError, match=r"unknown key 'input\.preprocessing\.sizes' \(did you mean 'size'\?\)"):
        build_input({**CLIPS, "preprocessing": {"sizes": "unit"}})
    with pytest.raises(UsageError, match=r"input\.preprocessing\.cutoff_hz is -1"):
        build_input({**CLIPS, "preprocessing": {"cutoff_hz": -1}})
    for name in ("frames", "stride", "evaluation_clips"):
        with pytest.raises(UsageError, match=rf"input\.{name} is 0, must be at least 1"):
            build_input({**CLIPS, name: 0})
    for wrong in ({"sampling": "uniform"}, {"frames": None}):
        with pytest.raises(UsageError, match=r"evaluation_clips needs input\.sampling=clip and a number of input\.fra"):
            build_input({**CLIPS, "evaluation_clips": 2, **wrong})
    with pytest.raises(UsageError, match=r"size=reference-bones needs input\.axes=3"):
        build_input({**CLIPS, "axes": 2, "preprocessing": {"size": "reference-bones"}})


def test_a_walk_that_cannot_be_preprocessed_is_named(tmp_path: Path) -> None:
    stiff = np.zeros((5, 20, 3), np.float32)
    stiff[:, :, 1] = np.linspace(0, 2, 20)
    sequence = GaitSequence("007", "walk-01", "free", 30.0, joints=stiff, skeleton="kinect-v1-20")
    model_input = build_input({**CLIPS, "preprocessing": {}})
    with pytest.raises(IncompatibleError, match=r"^007/walk-01/free: legs that neither swing nor bend .*; set handedn"):
        model_input.encode(sequence)
    model_input = build_input({**CLIPS, "preprocessing": {"handedness": "right"}})
    assert np.isfinite(model_input.encode(sequence)).all()


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> np.ndarray:
    """One walk of a real person past a Kinect and back."""
    archive = shared_data / "kinect-gait" / "walks.tar.xz"
    if not archive.exists():
        pytest.skip(f"needs {archive}")
    with tarfile.open(archive) as stream:
        member = next(entry for entry in stream if entry.name.endswith(".txt"))
        return parse_walk(stream.extractfile(member).read(), member.name)


def test_a_recorded_walk_faces_forward_all_along(recorded: np.ndarray) -> None:
    sequence = GaitSequence("1", "1", "1", FRAME_RATE_HZ, joints=recorded, skeleton=KINECT_V1_20)
    placed = build_input({"representation": "joints", "skeleton": "kinect-v1-20", "preprocessing": {}}).encode(sequence)
    assert placed.shape == (*recorded.shape[:2], 4)
    ankle = {side: placed[:, KINECT_V1_20.index(f"{side}_ankle"), :3] for side in ("left", "right")}
    apart = ankle["left"] - ankle["right"]
    # In every stretch of three seconds (but for the turn, in the middle) they swing along z.
    ratios = [apart[at : at + 90, 2].std() / apart[at : at + 90, 0].std() for at in range(0, len(apart) - 90, 30)]
    assert np.median(ratios) > 3
    assert np.mean(np.array(ratios) > 1.5) > 0.8
    assert np.median(apart[:, 0]) < -0.03  # left is left
    knee = placed[:, [KINECT_V1_20.index(f"{side}_knee") for side in ("left", "right")], 2].sum(axis=1)
    hip = placed[:, [KINECT_V1_20.index(f"{side}_hip") for side in ("left", "right")], 2].sum(axis=1)
    foot = ankle["left"][:, 2] + ankle["right"][:, 2]
    assert np.median(knee - (hip + foot) / 2) > 0.02  # knees bend forward
    # Bones keep their length in metres.
    bones = KINECT_V1_20.bone_indices
    lengths = [
        np.median(np.linalg.norm(j[:, bones[:, 0]] - j[:, bones[:, 1]], axis=-1), axis=0)
        for j in (placed[..., :3], recorded)
    ]
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=0.06)
    assert np.abs(placed[:, 0, [0, 2]]).max() < 1e-6
    assert torch.isfinite(torch.from_numpy(placed)).all()
